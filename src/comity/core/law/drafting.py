"""Parts of a letter that the data offer to the drafter, who may change or refuse them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from types import MappingProxyType

from comity.core.errors import Refused
from comity.core.law.bases import BasisFinding, Finding
from comity.core.law.letter_facts import LegalBasis, Paragraph, Provision, Translation, text_hash
from comity.core.law.loader import data_version, load
from comity.core.law.readings import fact_at


def legal_basis(
    findings: Sequence[BasisFinding],
    *,
    chosen_by: str,
    confirmed_by: str = "",
    confirmed_on: date | None = None,
) -> LegalBasis:
    """Make the basis of a letter from the findings that a lawyer took, the main one first.

    confirmed_by, confirmed_on: the lawyer who read the provisions that the data only recall, and
    when; without them such provisions keep the letter closed. Raises Refused("letter.not_a_basis")
    for a finding that is none, and for an empty choice.
    """
    if not findings or any(one.finding is Finding.NOT_A_BASIS for one in findings):
        raise Refused("letter.not_a_basis")
    provisions = tuple(
        Provision(
            words=cited.words,
            certainty=cited.fact.certainty,
            basis=cited.fact.basis,
            confirmed_by="" if cited.fact.signable else confirmed_by,
            confirmed_on=None if cited.fact.signable else confirmed_on,
        )
        for finding in findings
        for cited in finding.provisions
    )
    return LegalBasis(
        instruments=tuple(one.instrument_id for one in findings),
        names=tuple(one.names for one in findings),
        provisions=provisions,
        data_version=data_version(),
        chosen_by=chosen_by,
    )


def reciprocity_draft(requesting: str) -> Paragraph:
    """Return the draft guarantee of reciprocity of a requesting state, in three languages.

    requesting: ISO 3166 alpha-2. Raises Refused("letter.no_draft") if the data have none, or none
    that may stand in a signed text.
    """
    if requesting not in load("settled")["letter"]["reciprocity_draft"]:
        raise Refused("letter.no_draft", state=requesting)
    found = fact_at(f"settled:letter.reciprocity_draft.{requesting}")
    if not found.signable:
        raise Refused("letter.no_draft", state=requesting)
    source = found.text("uk")
    translations = {
        language: Translation(found.text(language), text_hash(source)) for language in ("ja", "en")
    }
    return Paragraph("uk", source, MappingProxyType(translations))
