"""Frozen dataclasses to plain values and back, strictly, by their annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from comity.core.errors import Untrusted

Record = TypeVar("Record")


def to_plain(value: Any) -> Any:
    """Return dataclasses as dicts, tuples as lists, dates as ISO text; None is left out.

    The result fits `canonical.encode`.
    """
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
        return {name: item for name, item in plain.items() if item is not None}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def from_plain(kind: type[Record], value: Any) -> Record:
    """Read a plain value as a frozen dataclass.

    Raises Untrusted("record.malformed") for an unknown or missing name or another type; nothing
    is converted or guessed. `facts["at"]` names the place by field names only.
    """
    if not isinstance(value, Mapping):
        raise Untrusted("record.malformed", at=kind.__name__)
    hints = _hints(kind)  # type: ignore[arg-type]  # a class is hashable
    unknown = set(value) - set(hints)
    if unknown:
        raise Untrusted("record.malformed", at=f"{kind.__name__}.?")
    found: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
        at = f"{kind.__name__}.{field.name}"
        if field.name in value:
            found[field.name] = _read(hints[field.name], value[field.name], at)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Untrusted("record.malformed", at=at)
    try:
        return kind(**found)
    except ValueError as error:
        raise Untrusted("record.malformed", at=kind.__name__) from error


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return MappingProxyType(get_type_hints(kind))


def _read(hint: Any, value: Any, at: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        (inner,) = (part for part in get_args(hint) if part is not NoneType)
        return _read(inner, value, at)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise Untrusted("record.malformed", at=at)
        return tuple(_read(get_args(hint)[0], item, at) for item in value)
    if origin in (dict, Mapping):
        return _read_mapping(get_args(hint)[1], value, at)
    if is_dataclass(hint):
        return from_plain(hint, value)  # type: ignore[arg-type]  # a class, by its annotation
    return _read_scalar(hint, value, at)


def _read_mapping(hint: Any, value: Any, at: str) -> Any:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise Untrusted("record.malformed", at=at)
    return MappingProxyType({key: _read(hint, item, at) for key, item in value.items()})


def _read_scalar(hint: Any, value: Any, at: str) -> Any:
    try:
        if hint is date and isinstance(value, str):
            return date.fromisoformat(value)
        if isinstance(hint, type) and issubclass(hint, StrEnum) and isinstance(value, str):
            return hint(value)
    except ValueError as error:
        raise Untrusted("record.malformed", at=at) from error
    if type(value) is not hint:  # bool is no int here
        raise Untrusted("record.malformed", at=at)
    return value
