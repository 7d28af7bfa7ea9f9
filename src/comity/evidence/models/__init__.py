"""Items of evidence, who may see them, their custody, their conditions, and what left to whom."""

from comity.evidence.models.attestations import Attestation
from comity.evidence.models.custody import (
    COMMITTED_FIELDS,
    Alike,
    CustodyRecord,
    custody_of,
    role_of,
)
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.expansions import Expansion
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
from comity.evidence.models.likeness import Fingerprint, Likeness, alike, same_origin
from comity.evidence.models.lineage import Node, lineage_of
from comity.evidence.models.viewing import Examination, ExposureLimit, Rendition, TextJob
from comity.evidence.models.work import work_for

__all__ = [
    "COMMITTED_FIELDS",
    "TEAM_KINDS",
    "Alike",
    "Attestation",
    "CustodyRecord",
    "Derivation",
    "Disclosure",
    "ErasureOrder",
    "Examination",
    "Expansion",
    "ExposureLimit",
    "Fingerprint",
    "Item",
    "ItemAccess",
    "ItemQuerySet",
    "LegalHold",
    "Likeness",
    "Node",
    "ReleaseGrant",
    "Rendition",
    "TextJob",
    "UseCondition",
    "UseConfirmation",
    "alike",
    "custody_of",
    "holds_on",
    "lineage_of",
    "may_carry_out",
    "orders_waiting_for",
    "role_of",
    "same_origin",
    "work_for",
]
