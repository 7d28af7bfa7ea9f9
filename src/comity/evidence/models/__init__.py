"""Items of evidence, who may see them, their custody, their conditions, and what left to whom."""

from comity.evidence.models.custody import COMMITTED_FIELDS, CustodyRecord, custody_of, role_of
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.items import TEAM_KINDS, Item, ItemAccess, ItemQuerySet
from comity.evidence.models.keeping import (
    ErasureOrder,
    LegalHold,
    holds_on,
    may_carry_out,
    orders_waiting_for,
)
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
    "CustodyRecord",
    "Derivation",
    "Disclosure",
    "ErasureOrder",
    "Item",
    "ItemAccess",
    "ItemQuerySet",
    "LegalHold",
    "ReleaseGrant",
    "UseCondition",
    "UseConfirmation",
    "custody_of",
    "holds_on",
    "may_carry_out",
    "orders_waiting_for",
    "role_of",
    "work_for",
]
