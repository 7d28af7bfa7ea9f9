"""Bodies of partners' calls while they arrive: not too many at once, and not too slowly.

A thread of the listener serves one call. A partner has only some of them, and a body that does not
come at a minimum speed is given up, so that nobody can hold the listener by sending slowly.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from django.conf import settings

from comity.core.errors import Untrusted

PIECE_BYTES = 1 << 20
# A reader that waits for a connection that has died is forgotten after so long.
LINGER_SECONDS = 600.0
_PIECES_AHEAD = 2


class Readable(Protocol):
    """What a call's body is read from; `read` waits until the bytes are there."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer at the end."""
        ...


class Place:
    """One call's place. It is free when the call and whoever still reads its body have ended."""

    def __init__(self) -> None:
        self._readers = 0
        self._ended_at: float | None = None

    def body(self, source: Readable, length: int) -> Body:
        """Return a body of so many bytes, to be read within the time that it may take."""
        with _lock:
            self._readers += 1
        return Body(source, length, self._reader_ended)

    def _reader_ended(self) -> None:
        with _lock:
            self._readers -= 1

    def end(self) -> None:
        """The call is answered."""
        self._ended_at = time.monotonic()

    @property
    def is_taken(self) -> bool:
        """Whether the call goes on, or its connection is still being read from."""
        if self._ended_at is None:
            return True
        return self._readers > 0 and time.monotonic() - self._ended_at < LINGER_SECONDS


_places: dict[int, list[Place]] = {}
_lock = threading.Lock()


@contextmanager
def place(partner_pk: int) -> Iterator[Place]:
    """Take one of a partner's places in this process for the length of a call.

    Raises Untrusted("partner.busy") if the partner has none left.
    """
    with _lock:
        taken = [each for each in _places.get(partner_pk, []) if each.is_taken]
        if len(taken) >= settings.COMITY_EXCHANGE_PARTNER_CALLS:
            _places[partner_pk] = taken
            raise Untrusted("partner.busy")
        mine = Place()
        _places[partner_pk] = [*taken, mine]
    try:
        yield mine
    finally:
        mine.end()


class Body:
    """A body that a thread reads ahead, so that waiting for it can end.

    The thread ends with the body, or when the listener closes the connection after the answer.
    """

    def __init__(self, source: Readable, length: int, ended: Callable[[], None]) -> None:
        seconds = length / max(1, settings.COMITY_EXCHANGE_BODY_BYTES_PER_SECOND)
        self._until = time.monotonic() + settings.COMITY_EXCHANGE_BODY_SECONDS + seconds
        self._pieces: queue.Queue[bytes | Exception] = queue.Queue(_PIECES_AHEAD)
        self._rest = b""
        self._stop = threading.Event()
        threading.Thread(target=self._run, args=(source, length, ended), daemon=True).start()

    def _run(self, source: Readable, length: int, ended: Callable[[], None]) -> None:
        try:
            self._fill(source, length)
        except Exception as failure:  # noqa: BLE001 - raised again where the body is read
            self._put(failure)
        finally:
            ended()

    def _fill(self, source: Readable, left: int) -> None:
        while left:
            piece = source.read(min(left, PIECE_BYTES))
            if not self._put(piece) or not piece:
                return
            left -= len(piece)
        self._put(b"")

    def _put(self, piece: bytes | Exception) -> bool:
        while not self._stop.is_set():
            try:
                self._pieces.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes, b"" at the end.

        Raises Untrusted("call.slow") when the time is over, and what reading the source raised.
        """
        if not self._rest:
            self._rest = self._next()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def _next(self) -> bytes:
        try:
            piece = self._pieces.get(timeout=max(0.0, self._until - time.monotonic()))
        except queue.Empty:
            self.close()
            raise Untrusted("call.slow") from None
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        """Give up what is still to come."""
        self._stop.set()
