"""How the node writes its log: where something went wrong, never the values it went wrong with."""

from __future__ import annotations

import copy
import logging
import traceback
from types import TracebackType

# What strangers cause by their requests alone: one line says it.
WITHOUT_PLACE = ("django.security.",)
ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class Line(logging.Formatter):
    """Writes of an exception its type and the lines that it passed, not its message.

    The message of a database's error quotes the row, and so may name a person.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        own = copy.copy(record)
        own.exc_text = None  # another handler may have written the message into it
        if record.name.startswith(WITHOUT_PLACE):
            own.exc_info = None
        return super().format(own)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the base's name
        """The chain of exceptions, the first cause first."""
        found: BaseException | None = ei[1]
        parts: list[str] = []
        seen: set[int] = set()
        while found is not None and id(found) not in seen:
            seen.add(id(found))
            parts.append(_placed(found))
            found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
        return "\n".join(reversed(parts))


def _placed(exception: BaseException) -> str:
    kind = type(exception)
    frames = traceback.extract_tb(exception.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([f"{kind.__module__}.{kind.__qualname__}", *lines])
