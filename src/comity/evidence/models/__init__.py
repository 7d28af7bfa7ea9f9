"""Items of evidence, who may see them, their custody, their conditions, and what left to whom."""

from comity.evidence.models.custody import (
    COMMITTED_FIELDS,
    Alike,
    CustodyRecord,
    custody_of,
    role_of,
)
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.items import TEAM_KINDS, Item, ItemAccess, ItemQuerySet
from comity.evidence.models.leaving import (
    Disclosure,
    ReleaseGrant,
    UseCondition,
    UseConfirmation,
)
from comity.evidence.models.work import work_for

__all__ = [
    "COMMITTED_FIELDS",
    "TEAM_KINDS",
    "Alike",
    "CustodyRecord",
    "Derivation",
    "Disclosure",
    "Item",
    "ItemAccess",
    "ItemQuerySet",
    "ReleaseGrant",
    "UseCondition",
    "UseConfirmation",
    "custody_of",
    "role_of",
    "work_for",
]
