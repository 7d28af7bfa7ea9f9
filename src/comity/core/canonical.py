"""One byte form for one value: RFC 8785 (JSON Canonicalization Scheme), without floats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, cast

from comity.core.errors import Untrusted

DEPTH_LIMIT = 64
_INTEGER_LIMIT = 2**53
_INTEGER_DIGITS = 17  # sixteen and a sign; longer ones are not even converted


def encode(value: object) -> bytes:
    """Return the only byte form of a value (RFC 8785, section 3.2), in UTF-8.

    value: None, bool, int with |n| < 2**53, str, list, tuple or dict with str keys, to 64 levels.
    A tuple is written as a list. No floats: amounts of money and measures travel as text.
    Raises TypeError for any other type, ValueError for an integer out of range, text with a lone
    surrogate, or a value nested too deeply.
    """
    written = _write(value) if _is_plain(value, 0) else _write_as_it_is(_ordered(value, 0))
    return written.encode("utf-8")


def decode(data: bytes) -> Any:  # Any: the shape is the caller's to check
    """Return the value whose canonical form is exactly these bytes.

    Raises Untrusted for anything else: no JSON, duplicate names, floats, other spacing or order.
    """
    try:
        value = _read(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise Untrusted("canonical.not_utf8") from None
    except _OutOfRange:
        raise Untrusted("canonical.value_out_of_range") from None
    except (ValueError, RecursionError):
        raise Untrusted("canonical.not_json") from None
    try:
        again = _write(value).encode("utf-8") if _is_surely_plain(data) else encode(value)
    except ValueError:
        raise Untrusted("canonical.value_out_of_range") from None
    if again != data:
        raise Untrusted("canonical.not_canonical")
    return value


def digest_hex(value: object) -> str:
    """Return the SHA-256 of the canonical form, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(encode(value)).hexdigest()


class Template:
    """The canonical form of an object of which some members change from one to the next.

    Many entries alike are encoded several times faster so; the bytes are those of `encode`.
    """

    def __init__(self, fixed: Mapping[str, object], changing: Sequence[str]) -> None:
        """Take the members that stay, and the names of those that change: text or integers."""
        members = {name: _written(value).replace("%", "%%") for name, value in fixed.items()}
        members |= dict.fromkeys(changing, "%s")
        ordered = _sorted(dict(members))
        pairs = (f"{_quoted(name).replace('%', '%%')}:{member}" for name, member in ordered)
        self._form = "{" + ",".join(pairs) + "}"
        self._order = tuple(changing.index(name) for name, _ in ordered if name in set(changing))

    def fill(self, *values: str | int) -> bytes:
        """Return the form with these values, in the order in which the names were given.

        Raises TypeError and ValueError as `encode`.
        """
        written = [_quoted(value) if type(value) is str else _written(value) for value in values]
        return (self._form % tuple(written[at] for at in self._order)).encode("utf-8")

    def fill_all(self, *columns: Sequence[str | int]) -> list[bytes]:
        """Return the form once for each row of these columns, one for each name: as `fill`."""
        written = [_written_column(column) for column in columns]
        rows = zip(*(written[at] for at in self._order), strict=True)
        return [text.encode("utf-8") for text in map(self._form.__mod__, rows)]


def _written_column(values: Sequence[str | int]) -> Iterable[str]:
    if set(map(type, values)) == {str}:
        return map(_quoted, cast("Sequence[str]", values))
    return map(_written, values)


_quoted = json.encoder.encode_basestring


def _written(value: object) -> str:
    if type(value) is int and abs(value) < _INTEGER_LIMIT:
        return str(value)
    return encode(value).decode("utf-8")


def _is_surely_plain(data: bytes) -> bool:
    """Say of JSON that was read, without a walk through its value, that `_is_plain` is true of it.

    No name needs another order than Python's, and nothing nests too deeply.
    """
    return data.isascii() and data.count(b"{") + data.count(b"[") < DEPTH_LIMIT


def _is_plain(value: object, depth: int) -> bool:
    """Say whether the encoder's own order of names is the canonical one, as it nearly always is.

    True only for what has a canonical form; False leaves it to `_ordered` to say what is wrong.
    """
    if isinstance(value, str) or value is None or value is True or value is False:
        return True
    if isinstance(value, int):
        return abs(value) < _INTEGER_LIMIT
    if depth >= DEPTH_LIMIT or not isinstance(value, dict | list | tuple):
        return False
    members: Iterable[object] = value
    if isinstance(value, dict):
        if not _has_plain_names(value):
            return False
        members = value.values()
    for member in members:
        if type(member) is not str and not _is_plain(member, depth + 1):
            return False
    return True


def _has_plain_names(value: dict[Any, object]) -> bool:
    try:
        return "".join(value).isascii()
    except TypeError:
        return False


def _ordered(value: object, depth: int) -> object:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) >= _INTEGER_LIMIT:
            raise ValueError("integer out of range")
        return value
    if depth >= DEPTH_LIMIT:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {
            name: member if type(member) is str else _ordered(member, depth + 1)
            for name, member in _sorted(value)
        }
    if isinstance(value, list | tuple):
        return [_ordered(member, depth + 1) for member in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")


def _sorted(value: dict[Any, object]) -> list[tuple[str, object]]:
    try:
        plain = "".join(value).isascii()
    except TypeError:
        raise TypeError("names must be text") from None
    # names differ, so members are never compared
    return sorted(value.items()) if plain else sorted(value.items(), key=_sort_key)


def _sort_key(member: tuple[str, object]) -> bytes:
    """Order names by UTF-16 code units, as section 3.2.3 demands; Python orders by code points."""
    return member[0].encode("utf-16-be")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found


class _OutOfRange(ValueError):
    pass


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS:
        raise ValueError("too many digits")
    value = int(text)
    if abs(value) >= _INTEGER_LIMIT:
        raise _OutOfRange(text)
    return value


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"only integers, not {text[:20]}")


# Depth is bounded before, so nothing goes in a circle.
_write = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode
_write_as_it_is = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_read = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_int=_integer,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
).decode
