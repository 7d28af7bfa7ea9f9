"""The two families of expected failure: what an officer can put right, and what cannot be believed."""

from __future__ import annotations

from typing import Any


class _Stated(Exception):
    """An error that carries a code and facts, never a sentence, a name, a secret or content."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        return self.code


class Refused(_Stated):
    """The officer can put it right; nothing has changed."""


class NotAllowed(Refused):
    """The officer's roles, compartments or team memberships do not include this act."""


class NotVisible(NotAllowed):
    """There is no such thing for this officer: it is not there, or not theirs; they cannot tell which."""


class WrongState(Refused):
    """The thing is in another state than the act needs."""


class Incomplete(Refused):
    """Something required is missing; `facts["missing"]` names the fields."""


class Untrusted(_Stated):
    """Bytes from outside or from disk cannot be believed."""


class ProofError(Untrusted):
    """A tree hash, proof, checkpoint or signature does not hold."""
