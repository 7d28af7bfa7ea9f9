"""Reads a decoded JSON object member by member and believes nothing about it."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from comity.core.errors import Untrusted

NODE_ID = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
KEY_ID = re.compile(r"[0-9a-f]{32}")
HEX_256 = re.compile(r"[0-9a-f]{64}")
CODE = re.compile(r"[a-z0-9][a-z0-9._/-]{0,119}")
REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,120}")
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")

_Read = TypeVar("_Read")


def moment_text(moment: datetime) -> str:
    """Return the one text form of an aware moment, as in the ledger: YYYY-MM-DDThh:mm:ss.ffffffZ.

    Raises ValueError if it is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment must be aware")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Fields:
    """The members of one JSON object, each taken once; `done` refuses what nobody asked for.

    Every refusal is Untrusted(code + ".field", field=name).
    """

    def __init__(self, value: object, code: str) -> None:
        self._code = code
        if not isinstance(value, dict) or not _has_names(value):
            raise Untrusted(f"{code}.field", field="")
        self._left: dict[str, Any] = dict(value)

    def odd(self, name: str) -> Untrusted:
        """Return the error for this member."""
        return Untrusted(f"{self._code}.field", field=name)

    def names(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the names of all members not yet taken, each matched from end to end."""
        for name in self._left:
            if pattern.fullmatch(name) is None:
                raise self.odd("")
        return list(self._left)

    def take(self, name: str) -> Any:  # Any: a JSON value that the caller checks
        """Return the member as it is."""
        if name not in self._left:
            raise self.odd(name)
        return self._left.pop(name)

    def text(self, name: str, pattern: re.Pattern[str]) -> str:
        """Return a text that the pattern matches from end to end."""
        value = self.take(name)
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise self.odd(name)
        return value

    def words(self, name: str, *, at_most: int) -> str:
        """Return a text for people, one to `at_most` characters, without control characters."""
        value = self.take(name)
        if not isinstance(value, str) or not 0 < len(value) <= at_most or not _printable(value):
            raise self.odd(name)
        return value

    def number(self, name: str, *, least: int, most: int) -> int:
        """Return an integer within these bounds, both included."""
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.odd(name)
        return value

    def members(self, name: str, *, at_most: int) -> list[Any]:
        """Return a list of at most this many values."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) > at_most:
            raise self.odd(name)
        return value

    def table(self, name: str, *, at_most: int) -> dict[str, Any]:
        """Return an object of at most this many members."""
        value = self.take(name)
        if not isinstance(value, dict) or len(value) > at_most:
            raise self.odd(name)
        return value

    def texts(self, name: str, pattern: re.Pattern[str], *, at_most: int) -> tuple[str, ...]:
        """Return a list of texts, each matched by the pattern from end to end."""
        values = self.members(name, at_most=at_most)
        if not all(isinstance(value, str) and pattern.fullmatch(value) for value in values):
            raise self.odd(name)
        return tuple(values)

    def data(self, name: str, *, at_most: int) -> bytes:
        """Return the bytes of a canonical base64 text (RFC 4648, section 4)."""
        value = self.take(name)
        try:
            data = base64.b64decode(value.encode("ascii"), validate=True)
        except (AttributeError, UnicodeEncodeError, binascii.Error):
            raise self.odd(name) from None
        if len(data) > at_most or base64.b64encode(data).decode("ascii") != value:
            raise self.odd(name)
        return data

    def moment(self, name: str) -> datetime:
        """Return a moment in the form of `moment_text`."""
        return self._exact(name, datetime.fromisoformat, moment_text)

    def day(self, name: str) -> date:
        """Return a date, YYYY-MM-DD."""
        return self._exact(name, date.fromisoformat, date.isoformat)

    def identifier(self, name: str) -> uuid.UUID:
        """Return a UUID in its lower-case form with hyphens."""
        return self._exact(name, uuid.UUID, str)

    def maybe(self, name: str, read: Callable[[str], _Read]) -> _Read | None:
        """Return None for null, and else what `read` makes of the member."""
        if name in self._left and self._left[name] is None:
            return self.take(name)  # type: ignore[no-any-return]  # it is None
        return read(name)

    def done(self) -> None:
        """Refuse members that nobody asked for."""
        if self._left:
            raise self.odd("")

    def _exact(
        self, name: str, read: Callable[[str], _Read], write: Callable[[_Read], str]
    ) -> _Read:
        value = self.take(name)
        try:
            found = read(value)
            same = write(found) == value
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise self.odd(name) from None
        if not same:
            raise self.odd(name)
        return found


def _has_names(value: dict[Any, object]) -> bool:
    try:
        "".join(value)  # quicker than to ask each; only text can be joined
    except TypeError:
        return False
    return True


def _printable(text: str) -> bool:
    if text.isprintable():  # most are; the loop is for what has signs of other kinds
        return True
    return not any(ord(character) < 32 or ord(character) == 127 for character in text)
