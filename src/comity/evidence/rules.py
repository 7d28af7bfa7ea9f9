"""The closed sets of evidence: origins, events of custody, uses, and why an item may leave."""

from __future__ import annotations

from enum import StrEnum


class Origin(StrEnum):
    """Where an item came from; decides what must be asked before it leaves."""

    PERSON = "person"
    INVESTIGATION = "investigation"
    PARTNER = "partner"


class CustodyEvent(StrEnum):
    """What happened to an item (evidence.md B1)."""

    RECEIVED = "received"
    INGESTED = "ingested"
    VERIFIED = "verified"
    ACCESSED = "accessed"
    SHARED = "shared"
    EXPORTED = "exported"
    TRANSFERRED_OUT = "transferred_out"
    RECEIPT = "receipt"
    CONDITION_SET = "condition_set"
    ANOMALY = "anomaly"


class Use(StrEnum):
    """What an item can be used for; a condition forbids some of them."""

    THIS_PROCEEDING = "this_proceeding"
    OTHER_PROCEEDING = "other_proceeding"
    EXPORT_TO_COURT = "export_to_court"
    ONWARD_TRANSFER = "onward_transfer"
    PUBLICATION = "publication"


class BasisKind(StrEnum):
    """Why an item may leave: consent, a named legal order, or the investigation itself."""

    CONSENT = "consent"
    LEGAL = "legal"
    INVESTIGATION = "investigation"
