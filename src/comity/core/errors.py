"""The expected failures: what an officer can put right, may not do, and what cannot be believed."""

from __future__ import annotations

from typing import Any


class Stated(Exception):
    """An error that carries a code and facts, never a sentence, a name, a secret or content."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        return self.code


class Refused(Stated):
    """The officer can put it right; nothing has changed."""


class NotAllowed(Stated):
    """The officer's roles, compartments or team memberships do not include this act.

    Not a Refused on purpose: what catches a Refused to show a sentence must not swallow an attempt
    that the middleware has to record.
    """


class NotVisible(NotAllowed):
    """Nothing here for this officer: absent or not theirs, and they cannot tell which."""


class WrongState(Refused):
    """The thing is in another state than the act needs."""


class Incomplete(Refused):
    """Something required is missing; `facts["missing"]` names the fields."""


class Untrusted(Stated):
    """Bytes from outside or from disk cannot be believed."""


class ProofError(Untrusted):
    """A tree hash, proof, checkpoint or signature does not hold."""
