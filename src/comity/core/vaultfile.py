"""One stored, encrypted file (C2SP chunked-encryption, Cobblestone-256) and its wrapped key."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import secrets
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from cryptography.cobblestone import Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from comity.core.errors import Untrusted

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

KEY_SIZE = 32
CHUNK_SIZE = 16 * 1024
CONTEXT = b"comity vault file v1"
_TAG_SIZE = 16
_SALT_SIZE = 24
_HEADER_SIZE = _SALT_SIZE + 32
_SEALED_CHUNK = CHUNK_SIZE + _TAG_SIZE
_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"

# Measured: steps that stay in the second cache level, handed over eight at a time.
_STEP = 8 * CHUNK_SIZE
_STEPS_PER_SLOT = 8
_HASH_STEP = 1 << 20
_SLOT = _STEPS_PER_SLOT * (_STEP + 8 * _TAG_SIZE) + _HEADER_SIZE + _SEALED_CHUNK
_SLOTS = 4
_START_EVERY = 16 * 1024 * 1024

_WRAP_VERSION = b"\x01"
_WRAP_NONCE = 12
WRAPPED_SIZE = 1 + _WRAP_NONCE + KEY_SIZE + _TAG_SIZE


@dataclass(frozen=True)
class Sealed:
    """What went in and what was stored: SHA-256 as 64 hex digits, sizes in bytes."""

    plain_sha256: str
    plain_size: int
    stored_sha256: str
    stored_size: int


def stored_size(plain_size: int) -> int:
    """Return how many bytes a file of plain_size bytes takes when stored."""
    return _HEADER_SIZE + plain_size + (plain_size // CHUNK_SIZE + 1) * _TAG_SIZE


def new_key() -> bytes:
    """Return a fresh 32-byte key; each stored file has its own."""
    return secrets.token_bytes(KEY_SIZE)


class Sealer:
    """Seals one file after another with the same 5 MiB of buffers; not for two threads at once."""

    def __init__(self) -> None:
        self._step = memoryview(bytearray(_STEP))
        self._slots: list[memoryview] = []

    def seal(
        self, source: BinaryIO, target: BinaryIO, key: bytes, context: bytes = CONTEXT
    ) -> Sealed:
        """Read source to its end, write the stored form to target, in one pass.

        key: 32 random bytes, for this file only. Memory does not grow with the file. A large file
        is hashed and encrypted in this thread, its stored form hashed and written in a second. If
        anything raises, what target holds is worthless. Making target durable is the caller's.
        """
        plain = _PlainSide(source, self._step, key, context)
        stored = _StoredSide(target)
        with ThreadPoolExecutor(1) as second:
            tasks: deque[Future[None]] = deque()
            for slot in self._free_slots(tasks):
                filled = plain.fill(slot)
                if plain.has_ended:
                    break
                tasks.append(second.submit(stored.take, filled))
            for task in tasks:
                task.result()
        stored.take(filled)
        stored.take(plain.finish())
        return Sealed(plain.sha256.hexdigest(), plain.size, stored.sha256.hexdigest(), stored.size)

    def _free_slots(self, tasks: deque[Future[None]]) -> Iterator[memoryview]:
        """Yield buffers in turn, each when the task that used it has ended without an error."""
        for number in itertools.count():
            if len(tasks) == _SLOTS:
                tasks.popleft().result()
            if len(self._slots) <= number < _SLOTS:
                self._slots.append(memoryview(bytearray(_SLOT)))
            yield self._slots[number % _SLOTS]


def seal_stream(source: BinaryIO, target: BinaryIO, key: bytes, context: bytes = CONTEXT) -> Sealed:
    """Seal one file; see Sealer.seal, which is quicker for many."""
    return Sealer().seal(source, target, key, context)


def room_for(plain_size: int) -> int:
    """Return how many bytes of room `seal_into` wants for a file of so many."""
    return stored_size(plain_size) + _SEALED_CHUNK


def seal_into(plain: bytes, key: bytes, target: memoryview, context: bytes = CONTEXT) -> int:
    """Write the stored form of a small file to target, which has `room_for` it; return its size.

    key: 32 random bytes, for this file only. The form is that of seal_stream.
    """
    _check_key(key)
    encryptor = Cobblestone256Encryptor(key, context)
    at = encryptor.update_into(plain, target)
    end = encryptor.finalize()
    target[at : at + len(end)] = end
    return at + len(end)


def seal_bytes(plain: bytes, key: bytes, context: bytes = CONTEXT) -> bytes:
    """Return the stored form of a small file that is in memory, as `seal_into` writes it."""
    sealed = memoryview(bytearray(room_for(len(plain))))
    return bytes(sealed[: seal_into(plain, key, sealed, context)])


class Writer:
    """Seals what comes in pieces; the same stored form as seal_stream's."""

    def __init__(self, target: BinaryIO, key: bytes, context: bytes = CONTEXT) -> None:
        """key: 32 random bytes, for this file only."""
        _check_key(key)
        self._target = target
        self._encryptor = Cobblestone256Encryptor(key, context)

    def write(self, piece: bytes) -> None:
        """Seal and write the next plain bytes; what has not filled a chunk waits for more."""
        sealed = memoryview(bytearray(stored_size(len(piece)) + _SEALED_CHUNK))
        write_full(self._target, sealed[: self._encryptor.update_into(piece, sealed)])

    def finish(self) -> None:
        """Write the last, short chunk; without it the file does not open."""
        write_full(self._target, memoryview(self._encryptor.finalize()))


class _PlainSide:
    """Reads, counts, hashes and encrypts the plain bytes."""

    def __init__(self, source: BinaryIO, step: memoryview, key: bytes, context: bytes) -> None:
        _check_key(key)
        self._source = source
        self._step = step
        self._encryptor = Cobblestone256Encryptor(key, context)
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.has_ended = False

    def fill(self, slot: memoryview) -> memoryview:
        """Return the part of the slot that now holds the next stored bytes."""
        at = 0
        for _ in range(_STEPS_PER_SLOT):
            count = _read_full(self._source, self._step)
            piece = self._step[:count]
            self.sha256.update(piece)
            self.size += count
            at += self._encryptor.update_into(piece, slot[at:])
            if count < _STEP:
                self.has_ended = True
                break
        return slot[:at]

    def finish(self) -> memoryview:
        """Return the last, short chunk."""
        return memoryview(self._encryptor.finalize())


class _StoredSide:
    """Counts, hashes and writes the stored bytes."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._started = 0
        self.sha256 = hashlib.sha256()
        self.size = 0

    def take(self, data: memoryview) -> None:
        """Hash and write these bytes."""
        self.sha256.update(data)
        self.size += len(data)
        write_full(self._target, data)
        if self.size - self._started >= _START_EVERY:
            _start_writing(self._target, self._started, self.size - self._started)
            self._started = self.size


def open_stream(
    source: BinaryIO,
    target: BinaryIO,
    key: bytes,
    expected_plain_sha256: str,
    context: bytes = CONTEXT,
) -> int:
    """Write the plain bytes of a stored file to target and return their number.

    source: at the first stored byte; need not be seekable. expected_plain_sha256: 64 hex digits.
    Every chunk is authenticated before it is written, yet only the return says that all is there:
    if anything raises, discard what target holds.
    Raises Untrusted: vaultfile.wrong_key, vaultfile.altered (facts: chunk), vaultfile.truncated,
    vaultfile.end_not_authentic (cut, lengthened or changed in its last chunk), or
    vaultfile.digest_mismatch.
    """
    chunks = _Chunks(source, key, context)
    sealed = memoryview(bytearray(8 * _SEALED_CHUNK))
    plain, digest, size, number = memoryview(bytearray(_STEP)), hashlib.sha256(), 0, 0
    is_last = False
    while not is_last:
        count = _read_full(source, sealed)
        is_last = count < len(sealed)
        done = chunks.decrypt_into(number, sealed[:count], plain, is_last=is_last)
        digest.update(plain[:done])
        write_full(target, plain[:done])
        size, number = size + done, number + 8
    if digest.hexdigest() != expected_plain_sha256:
        raise Untrusted("vaultfile.digest_mismatch")
    return size


def open_bytes(sealed: bytes, key: bytes, context: bytes = CONTEXT) -> bytes:
    """Return the plain bytes of a small stored file that is in memory.

    Raises Untrusted as open_stream does; the digest of the plain bytes is the caller's to compare.
    """
    chunks = _Chunks(io.BytesIO(sealed), key, context)
    body = memoryview(sealed)[_HEADER_SIZE:]
    last, rest = divmod(len(body), _SEALED_CHUNK)
    plain = memoryview(bytearray(last * CHUNK_SIZE + max(0, rest - _TAG_SIZE)))
    chunks.decrypt_into(0, body, plain, is_last=True)
    return bytes(plain)


class Reader(io.RawIOBase):
    """A stored file as a seekable file of its plain bytes; each chunk is authenticated when read.

    Opening authenticates the length, by the last chunk. Closing closes the source. The digest of
    the whole is not checked; open_stream does that. Not for two threads at once.
    """

    def __init__(self, source: BinaryIO, key: bytes, context: bytes = CONTEXT) -> None:
        """Take a seekable source that holds one stored file.

        Raises Untrusted as open_stream does, for the header and the last chunk.
        """
        super().__init__()
        self._is_open = False
        self._source = source
        stored = source.seek(0, io.SEEK_END)
        source.seek(0)
        self._chunks = _Chunks(source, key, context)
        last, rest = divmod(stored - _HEADER_SIZE, _SEALED_CHUNK)
        self.size = last * CHUNK_SIZE + rest - _TAG_SIZE
        self._last, self._last_size = last, rest
        self._position = 0
        self._held: tuple[int, memoryview] = (last, self._load(last))
        self._is_open = True

    def _load(self, number: int) -> memoryview:
        is_last = number == self._last
        sealed = memoryview(bytearray(self._last_size if is_last else _SEALED_CHUNK))
        self._source.seek(_HEADER_SIZE + number * _SEALED_CHUNK)
        if _read_full(self._source, sealed) < len(sealed):
            raise Untrusted("vaultfile.truncated")
        plain = memoryview(bytearray(CHUNK_SIZE))
        return plain[: self._chunks.decrypt_into(number, sealed, plain, is_last=is_last)]

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position in the plain bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move in the plain bytes, as io.IOBase.seek; there is nothing to read beyond the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("negative position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer with up to one chunk's plain bytes and return their number, 0 at the end.

        Raises Untrusted("vaultfile.altered", chunk=…) for a chunk that is not authentic.
        """
        wanted = memoryview(buffer).cast("B")
        if self._position >= self.size or not wanted:
            return 0
        number, offset = divmod(self._position, CHUNK_SIZE)
        if self._held[0] != number:
            self._held = (number, self._load(number))
        piece = self._held[1][offset : offset + len(wanted)]
        wanted[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield the plain bytes from offset on, length of them or up to the end, in pieces.

        Each piece is authentic when it is yielded. Raises Untrusted as readinto does.
        """
        self.seek(offset)
        left = min(length, max(self.size - offset, 0))
        while left > 0:
            piece = self.read(min(left, CHUNK_SIZE))
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the source as well, unless opening it had failed."""
        if self._is_open and not self.closed:
            self._source.close()
        super().close()


class _Chunks:
    """The keys of one stored file, from its header."""

    def __init__(self, source: BinaryIO, key: bytes, context: bytes) -> None:
        """Read the header from source. Raises Untrusted if the key or context is another one."""
        _check_key(key)
        header = memoryview(bytearray(_HEADER_SIZE))
        if _read_full(source, header) < _HEADER_SIZE:
            raise Untrusted("vaultfile.truncated")
        salt, commitment = bytes(header[:_SALT_SIZE]), bytes(header[_SALT_SIZE:])
        derived = HKDFExpand(SHA512(), KEY_SIZE + 12 + 32, _INFO + salt + context).derive(key)
        if not secrets.compare_digest(derived[44:], commitment):
            raise Untrusted("vaultfile.wrong_key")
        self._cipher = AESGCM(derived[:32])
        self._nonce = int.from_bytes(derived[32:44], "big")

    def decrypt_into(
        self, number: int, sealed: memoryview, plain: memoryview, *, is_last: bool
    ) -> int:
        """Decrypt consecutive chunks from this number on and return the count of plain bytes.

        is_last: the file ends here, which only a chunk shorter than 16 KiB may do.
        """
        done = 0
        count, rest = divmod(len(sealed), _SEALED_CHUNK)
        if is_last and rest < _TAG_SIZE:
            raise Untrusted("vaultfile.truncated")
        for offset in range(0, count * _SEALED_CHUNK, _SEALED_CHUNK):
            chunk = sealed[offset : offset + _SEALED_CHUNK]
            self._decrypt(number, chunk, plain[done : done + CHUNK_SIZE], "vaultfile.altered")
            number, done = number + 1, done + CHUNK_SIZE
        if rest:
            size = rest - _TAG_SIZE
            code = "vaultfile.end_not_authentic"
            self._decrypt(number, sealed[len(sealed) - rest :], plain[done : done + size], code)
            done += size
        return done

    def _decrypt(self, number: int, sealed: memoryview, plain: memoryview, code: str) -> None:
        try:
            nonce = (self._nonce ^ number).to_bytes(12, "big")
            self._cipher.decrypt_into(nonce, sealed, None, plain)
        except InvalidTag:
            raise Untrusted(code, chunk=number) from None


def stored_digest(source: BinaryIO) -> tuple[str, int]:
    """Return SHA-256 (64 hex digits) and size of what source still holds; needs no key.

    One piece is hashed while the next is read.
    """
    digest, size = hashlib.sha256(), 0
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(source.read, _HASH_STEP)
        while piece := coming.result():
            coming = reader.submit(source.read, _HASH_STEP)
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def check_stored(source: BinaryIO, expected_sha256: str) -> int:
    """Check a stored file without its key, and return its size in bytes.

    Raises Untrusted("vaultfile.stored_digest_mismatch") if it is not the file of that name.
    """
    digest, size = stored_digest(source)
    if digest != expected_sha256:
        raise Untrusted("vaultfile.stored_digest_mismatch", stored_sha256=expected_sha256)
    return size


def wrap_key(kek: bytes, dek: bytes, context: bytes) -> bytes:
    """Return a file's key (32 bytes) encrypted under a key-encryption key (32 bytes): 61 bytes.

    AES-256-GCM-SIV (RFC 8452), since one kek wraps many keys, perhaps on a machine restored from
    an image: a repeated nonce reveals no more than that the same key was wrapped twice.
    context: what the key is for; unwrapping needs the same bytes.
    """
    _check_key(kek)
    _check_key(dek)
    nonce = secrets.token_bytes(_WRAP_NONCE)
    return _WRAP_VERSION + nonce + AESGCMSIV(kek).encrypt(nonce, dek, _WRAP_VERSION + context)


def unwrap_key(kek: bytes, wrapped: bytes, context: bytes) -> bytes:
    """Return the key inside.

    Raises Untrusted("vaultfile.key_not_unwrapped") if kek, context or a byte is another one.
    """
    _check_key(kek)
    if len(wrapped) != WRAPPED_SIZE or wrapped[:1] != _WRAP_VERSION:
        raise Untrusted("vaultfile.key_not_unwrapped")
    nonce, sealed = wrapped[1 : 1 + _WRAP_NONCE], wrapped[1 + _WRAP_NONCE :]
    try:
        return AESGCMSIV(kek).decrypt(nonce, sealed, _WRAP_VERSION + context)
    except InvalidTag:
        raise Untrusted("vaultfile.key_not_unwrapped") from None


def _check_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise ValueError("a key has 32 bytes")


def _read_full(source: BinaryIO, buffer: memoryview) -> int:
    """Fill the buffer unless the source ends before; return how many bytes it holds."""
    readinto = getattr(source, "readinto", None)
    done = 0
    while done < len(buffer):
        if readinto is not None:
            count = readinto(buffer[done:])
        else:
            piece = source.read(len(buffer) - done)
            count = len(piece)
            buffer[done : done + count] = piece
        if not count:
            break
        done += count
    return done


def write_full(target: BinaryIO, data: memoryview) -> None:
    """Write all; an unbuffered file may take less at a time."""
    while data:
        written = target.write(data)
        if not written:
            raise OSError("the target takes no bytes")
        data = data[written:]


def _start_writing(target: BinaryIO, offset: int, size: int) -> None:
    """Ask the system to write these bytes to disk now, so that a later fsync finds little left.

    It also keeps a large file from driving everything else out of memory. Only advice: a target
    without a descriptor, or a system without the call, does without.
    """
    with suppress(OSError, AttributeError):
        os.posix_fadvise(target.fileno(), offset, size, os.POSIX_FADV_DONTNEED)
