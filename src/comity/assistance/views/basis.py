"""The legal basis on the page of a letter: every instrument judged, and what the letter cites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from comity.assistance import actions
from comity.assistance.forms.writing import language
from comity.assistance.models import LetterOfRequest
from comity.assistance.views.shared import sourced
from comity.core.errors import Refused
from comity.core.law import letter_facts as law
from comity.core.law.bases import BasisFinding, Finding
from comity.core.law.records import from_plain
from comity.ui.labels import label

Line = dict[str, Any]


def basis_rows(letter: LetterOfRequest) -> tuple[list[Line], str]:
    """Every instrument judged for the letter, with why; and why not, where the data know none."""
    try:
        findings = actions.bases_for(letter)
    except Refused as refusal:
        return [], label(refusal)
    chosen = letter.basis.get("instruments", [])
    return [_basis_row(one, chosen) for one in findings], ""


def _basis_row(one: BasisFinding, chosen: Sequence[str]) -> Line:
    reader = language()
    taken = one.instrument_id in chosen
    return {
        "id": one.instrument_id,
        "name": one.names[reader],
        "provisions": [cited.words[reader] for cited in one.provisions],
        "finding": "taken" if taken else str(one.finding),
        "why": [sourced(fact, reader) for fact in one.why],
        "doubts": [sourced(fact, reader) for fact in one.doubts],
        "channel": sourced(one.channel, reader) if one.channel else None,
        "open": one.finding is not Finding.NOT_A_BASIS and not taken,
        "demands": [
            {
                "text": label(demand.code, "Demand"),
                "need": demand.need,
                "sources": [sourced(fact, reader) for fact in demand.reasons],
            }
            for demand in one.demands
        ],
    }


def cited_provisions(letter: LetterOfRequest) -> list[Line]:
    """The provisions that the letter cites, and which of them a lawyer must still confirm."""
    reader = language()
    rows = []
    if letter.basis:
        basis = from_plain(law.LegalBasis, letter.basis)
        for place, provision in enumerate(basis.provisions):
            rows.append(_cited("basis", place, provision, provision.words, reader))
    for place, plain in enumerate(letter.offences):
        offence = from_plain(law.Offence, plain)
        rows.append(_cited("offence", place, offence.provision, offence.title, reader))
    return rows


def _cited(
    part: str, place: int, provision: law.Provision, title: Mapping[str, str], reader: str
) -> Line:
    words = provision.words
    return {
        "part": part,
        "place": place,
        "words": words.get(reader) or words.get("en") or next(iter(words.values()), "–"),
        "title": title.get(reader) or title.get("en") or next(iter(title.values()), ""),
        "sure": "lawyer" if provision.confirmed_by else provision.basis,
        "by": provision.confirmed_by,
        "open": not provision.printable,
    }
