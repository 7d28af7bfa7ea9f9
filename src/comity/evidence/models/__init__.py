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
    "Examination",
    "Expansion",
    "ExposureLimit",
    "Fingerprint",
    "Item",
    "ItemAccess",
    "ItemQuerySet",
    "Likeness",
    "Node",
    "ReleaseGrant",
    "Rendition",
    "TextJob",
    "UseCondition",
    "UseConfirmation",
    "alike",
    "custody_of",
    "lineage_of",
    "role_of",
    "same_origin",
    "work_for",
]
