"""What a verification finds, and the verdict that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from comity.core.errors import Untrusted


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    code: which thing. ok: True, it holds; False, it does not; None, it could not be judged, which
    keeps the verdict low but is no fault. subject: the entry, item, message or key it is about.
    facts: codes, numbers and digests.
    """

    code: str
    ok: bool | None
    subject: str = ""
    facts: dict[str, Any] = field(default_factory=dict)  # Any: JSON values


class Verdict(StrEnum):
    """How far a package can be believed, worst first (see docs/use/verify.md)."""

    FAILED = "FAILED"
    UNVERIFIABLE = "UNVERIFIABLE"
    INTEGRITY_ONLY = "INTEGRITY_ONLY"
    SEALED = "SEALED"
    SEALED_TIMED = "SEALED_TIMED"
    SEALED_TIMED_WITNESSED = "SEALED_TIMED_WITNESSED"

    @property
    def holds(self) -> bool:
        """Whether everything that could be checked holds, and something could be."""
        return self not in {Verdict.FAILED, Verdict.UNVERIFIABLE}


@dataclass(frozen=True)
class Report:
    """The verdict and all that it rests on. kind: "package", "message", "container", …"""

    kind: str
    verdict: Verdict
    findings: tuple[Finding, ...]


def failure(code: str, error: Untrusted, subject: str = "") -> Finding:
    """Say that a thing does not hold, for the reason that the error gives."""
    return Finding(code, False, subject, {"reason": error.code, **plain(error.facts)})


def moment(at: datetime) -> str:
    """Give an aware moment as findings show it: to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Give the facts of an error as short JSON values, whatever a hostile file put into them."""
    return {
        name: value if value is None or isinstance(value, bool | int) else str(value)[:200]
        for name, value in facts.items()
    }


def grade(findings: Iterable[Finding]) -> Verdict:
    """Give the verdict: one thing that does not hold is enough to fail all.

    SEALED needs "seal.signer", TIMED a "seal.time" or "log.time", WITNESSED a "log.witness".
    """
    held = {finding.code for finding in findings if finding.ok}
    if any(finding.ok is False for finding in findings):
        return Verdict.FAILED
    if "seal.signature" not in held:
        return Verdict.UNVERIFIABLE
    if "seal.signer" not in held:
        return Verdict.INTEGRITY_ONLY
    if not held & {"seal.time", "log.time"}:
        return Verdict.SEALED
    return Verdict.SEALED_TIMED_WITNESSED if "log.witness" in held else Verdict.SEALED_TIMED
