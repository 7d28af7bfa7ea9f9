"""Streams out of an archive: unpacked piece by piece, restarted where somebody seeks back."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Protocol

from comity.core.errors import Untrusted

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES = 64 * 1024
GZIP = 16 + zlib.MAX_WBITS
RAW = -zlib.MAX_WBITS


class Pieces(Protocol):
    """What gives bytes one after the other and none at the end."""

    def take(self, at_most: int) -> bytes:
        """Return up to so many bytes; none at the end."""
        ...


class Stored:
    """A run of bytes of the source, as it lies there."""

    def __init__(self, source: BinaryIO, start: int, size: int) -> None:
        self._source, self._at, self._left = source, start, size

    def take(self, at_most: int) -> bytes:
        """Return up to so many bytes. Raises Untrusted("archives.broken") at an early end."""
        wanted = min(at_most, self._left)
        if not wanted:
            return b""
        self._source.seek(self._at)
        piece = self._source.read(wanted)
        if not piece:
            raise Untrusted("archives.broken")
        self._at += len(piece)
        self._left -= len(piece)
        return piece


class Inflated:
    """A deflated run of bytes; several gzip members one after the other are one stream.

    form: RAW or GZIP. ratio, ratio_from: as in `Limits`; None where a claimed size is compared.
    """

    def __init__(
        self,
        packed: Stored,
        form: int,
        ratio: int | None = None,
        ratio_from: int = 0,
    ) -> None:
        self._packed, self._form = packed, form
        self._ratio, self._ratio_from = ratio, ratio_from
        self._engine = zlib.decompressobj(form)
        self._waiting = b""
        self._read = self._given = 0
        self._ended = False

    def take(self, at_most: int) -> bytes:
        """Return up to so many bytes. Raises Untrusted("archives.broken" | "archives.bomb")."""
        while not self._ended:
            piece = self._unpack(at_most)
            if piece:
                self._given += len(piece)
                self._require_sane()
                return piece
        return b""

    def _unpack(self, at_most: int) -> bytes:
        if not self._waiting:
            self._waiting = self._packed.take(PIECE_BYTES)
            self._read += len(self._waiting)
            if not self._waiting:
                self._finish()
                return b""
        try:
            piece = self._engine.decompress(self._waiting, at_most)
        except zlib.error as error:
            raise Untrusted("archives.broken") from error
        self._waiting = self._engine.unconsumed_tail
        if self._engine.eof:
            self._next(self._engine.unused_data)
        return piece

    def _next(self, rest: bytes) -> None:
        """Go on after the end of a deflated stream: with another gzip member, or not at all."""
        more = rest or (self._packed.take(PIECE_BYTES) if self._form == GZIP else b"")
        self._read += 0 if rest else len(more)
        if self._form == GZIP and more.strip(b"\x00"):
            self._engine, self._waiting = zlib.decompressobj(GZIP), more
        else:
            self._ended = True

    def _finish(self) -> None:
        if self._engine.eof:
            self._ended = True
            return
        raise Untrusted("archives.broken")

    def _require_sane(self) -> None:
        if self._ratio is None or self._given <= self._ratio_from:
            return
        if self._given > self._ratio * max(1, self._read):
            raise Untrusted("archives.bomb", size_bytes=self._given)


class Forward(io.RawIOBase):
    """Pieces as a seekable file: a seek back begins again, a seek ahead reads past.

    begun: begins the pieces anew. size: bytes, for a seek to the end.
    """

    def __init__(self, begun: Callable[[], Pieces], size: int) -> None:
        super().__init__()
        self._begun, self._size = begun, size
        self._pieces = begun()
        self._reached = self._at = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as io.IOBase.seek; nothing is read before the next read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer as far as a piece goes. Raises Untrusted("archives.…")."""
        view = memoryview(buffer).cast("B")
        if self._at < self._reached:
            self.begin_again()
        while self._reached < self._at:
            if not self._step(min(PIECE_BYTES, self._at - self._reached)):
                return 0
        piece = self._step(len(view))
        self._at += len(piece)
        view[: len(piece)] = piece
        return len(piece)

    def begin_again(self) -> None:
        """Start over at the first byte."""
        self._pieces, self._reached = self._begun(), 0

    def _step(self, at_most: int) -> bytes:
        piece = self._pieces.take(at_most) if at_most else b""
        self._reached += len(piece)
        return piece


class MemberReader(Forward):
    """A member's bytes; at the end its size and CRC are what the archive stated.

    Raises Untrusted("archives.size" | "archives.crc") when read to the end.
    """

    def __init__(self, begun: Callable[[], Pieces], size: int, crc32: int | None) -> None:
        super().__init__(begun, size)
        self._stated, self._found = crc32, 0

    def begin_again(self) -> None:
        """Start over at the first byte."""
        super().begin_again()
        self._found = 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer; what a member claims is compared before its last byte is given."""
        count = super().readinto(buffer)
        if not count and len(memoryview(buffer)) and self._at <= self._size:
            self._require_whole()
        return count

    def _step(self, at_most: int) -> bytes:
        piece = super()._step(at_most)
        self._found = zlib.crc32(piece, self._found)
        if self._reached > self._size:
            raise Untrusted("archives.size")
        if piece and self._reached == self._size:
            self._require_end()
        return piece

    def _require_end(self) -> None:
        if self._pieces.take(1):
            raise Untrusted("archives.size")
        self._require_whole()

    def _require_whole(self) -> None:
        if self._reached != self._size:
            raise Untrusted("archives.size")
        if self._stated is not None and self._found != self._stated:
            raise Untrusted("archives.crc")
