"""Items of evidence, who may see them, their custody, their conditions, and what left to whom."""

from comity.evidence.models.attestations import Attestation
from comity.evidence.models.committed import (
    PROTECTED,
    committed_rows,
    row_digest,
    row_name,
    rows_beside,
    teams_digest,
    words_digest,
)
from comity.evidence.models.custody import (
    COMMITTED_FIELDS,
    Alike,
    CustodyRecord,
    custody_of,
    role_of,
)
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.expansions import Expansion
from comity.evidence.models.items import TEAM_KINDS, Item, ItemAccess, ItemQuerySet, new_salt
from comity.evidence.models.keeping import (
    ErasureOrder,
    LegalHold,
    holds_on,
    lifted_a_hold,
    line_of,
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
    "PROTECTED",
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
    "committed_rows",
    "custody_of",
    "holds_on",
    "lifted_a_hold",
    "line_of",
    "lineage_of",
    "may_carry_out",
    "new_salt",
    "orders_waiting_for",
    "role_of",
    "row_digest",
    "row_name",
    "rows_beside",
    "same_origin",
    "teams_digest",
    "words_digest",
    "work_for",
]
