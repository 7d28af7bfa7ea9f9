"""Whether a letter of request is complete: fields of request_types.yaml against its facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from comity.core.errors import Incomplete, Refused
from comity.core.law.letter_facts import (
    LetterFacts,
    Measure,
    Paragraph,
    Stage,
    TextState,
    protection_labels,
)
from comity.core.law.loader import LANGUAGES, Fact, Node, Words, fact, load, terms, words
from comity.core.law.readings import fact_at
from comity.core.law.records import from_plain, to_plain

_STATE_LANGUAGE = {"UA": "uk", "JP": "ja"}


class Severity(StrEnum):
    """What a missing field does: block, advise, or wait for a lawyer's answer."""

    MUST = "must"
    ADVISED = "advised"
    LAWYER_DECIDES = "lawyer_decides"


class Lack(StrEnum):
    """In what way the field is missing."""

    ABSENT = "absent"
    STALE = "stale"
    UNTRANSLATED = "untranslated"
    MACHINE_DRAFT = "machine_draft"
    UNCONFIRMED = "unconfirmed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class MissingField:
    """A field that the letter lacks, why it is asked, and where.

    measure: position of the measure from 0, None for the letter. place: position from 0 in a list
    such as the facts, None otherwise. language: the language that lacks, "" for all.
    """

    field: str
    labels: Words
    reason: Fact
    severity: Severity
    lack: Lack
    measure: int | None = None
    place: int | None = None
    language: str = ""

    @property
    def code(self) -> str:
        """Return a dotted code without content, e.g. "measure.0.necessity_statement.absent"."""
        where = "letter" if self.measure is None else f"measure.{self.measure}"
        place = "" if self.place is None else f".{self.place}"
        language = f".{self.language}" if self.language else ""
        return f"{where}.{self.field}{place}.{self.lack}{language}"


def as_body(facts: LetterFacts) -> dict[str, Any]:
    """Return the body of a letter/1 message (docs/protocol/letter.md)."""
    plain: dict[str, Any] = to_plain(facts)
    return plain


def from_body(body: Any) -> LetterFacts:
    """Read the body of a letter/1 message.

    Raises Untrusted("record.malformed") for anything that as_body would not have written.
    """
    return from_plain(LetterFacts, body)


def require_complete(facts: LetterFacts) -> None:
    """Check that nothing required is missing and nothing is left undecided.

    Raises Incomplete("letter.incomplete") with the codes in `facts["missing"]`.
    """
    codes = [lack.code for lack in missing(facts) if lack.severity is not Severity.ADVISED]
    if codes:
        raise Incomplete("letter.incomplete", missing=codes)


def missing(facts: LetterFacts) -> list[MissingField]:
    """Return what the letter lacks, in the order in which a letter is written.

    Sources: Ukraine's CPC 552, UNTOC 18(15), Japan's Act 69/1980 art 2, as request_types.yaml
    cites them for each field.
    """
    found = list(_missing_core(facts))
    for position, measure in enumerate(facts.measures):
        found.extend(_missing_of_measure(facts, measure, position))
    found.extend(_unconfirmed(facts))
    found.extend(_bad_texts(facts))
    return found


def requirement_fields(request_type: str) -> tuple[Node, ...]:
    """Return the rows of a request type's own fields.

    Raises Refused("letter.unknown_type") if the data have no such type.
    """
    rows = _types().get(request_type)
    if rows is None:
        raise Refused("letter.unknown_type", type=request_type)
    return rows


@lru_cache(maxsize=1)
def _types() -> Mapping[str, tuple[Node, ...]]:
    return {entry["id"]: entry["fields"] for entry in load("request_types")["types"]}


@lru_cache(maxsize=1)
def _core_rows() -> Mapping[str, Node]:
    return {row["field"]: row for row in load("request_types")["core_fields"]}


def label_of(field: str) -> Words:
    """Return a field's label in three languages; own fields of a type carry theirs in the words.

    Raises Untrusted if neither the data nor settled.yaml name the field.
    """
    row = _core_rows().get(field)
    labels = row["labels"] if row else load("settled")["field_labels"].get(field)
    return words(labels, "settled")


# --- what the letter gives for each core field --------------------------------------------------


def _has_provisions(facts: LetterFacts) -> bool:
    return any(attachment.kind == "provisions" for attachment in facts.attachments)


_GIVEN: Mapping[str, Callable[[LetterFacts], bool]] = {
    "requesting_authority": lambda f: bool(f.requesting.id),
    "requested_authority": lambda f: bool(f.requested.id),
    "contact_point": lambda f: f.contact is not None and bool(f.contact.email),
    "legal_basis": lambda f: bool(f.basis.instruments and f.basis.provisions),
    "reciprocity_guarantee": lambda f: f.reciprocity is not None,
    "proceeding": lambda f: bool(f.proceeding.number and f.proceeding.conducted_by),
    "facts_summary": lambda f: bool(f.facts),
    "offence_qualification": lambda f: bool(f.offences),
    "text_of_provisions": _has_provisions,
    "persons_concerned": lambda f: bool(f.persons),
    "measures_requested": lambda f: bool(f.measures),
    "special_procedure": lambda f: f.special_procedure is not None,
    "persons_to_attend": lambda f: f.persons_to_attend is not None,
    "urgency": lambda f: f.urgency is not None,
    "deadline": lambda f: f.deadline is not None,
    "confidentiality": lambda f: f.confidentiality is not None,
    "victim_witness_protection": lambda f: bool(f.protection),
    "prior_contacts": lambda f: f.prior_contacts is not None,
    "translation": lambda f: set(_required_languages(f)) <= set(f.languages),
    "signature_and_seal": lambda f: f.signatory is not None,
    "prosecutor_approval": lambda f: bool(f.approval and f.approval.approved_on),
    "original_tracking": lambda f: f.transmission.original_promised,
    "necessity": lambda f: f.necessity is not None,
}

# --- the conditions of request_types.yaml that software can decide -------------------------------


def _procedure(facts: LetterFacts) -> str:
    main = facts.basis.instruments[0] if facts.basis.instruments else "RECIPROCITY"
    return str(load("settled")["instruments"].get(main, {}).get("procedure", "domestic"))


@dataclass(frozen=True)
class Situation:
    """What a condition is asked of: the letter, and one of its measures or None."""

    letter: LetterFacts
    measure: Measure | None

    @property
    def to(self) -> str:
        """Return the requested state."""
        return self.letter.requested.state

    def choice(self, name: str) -> bool | None:
        """Return the measure's yes or no, None if it is not answered."""
        return self.measure.choices.get(name) if self.measure else None


Condition = Callable[[Situation], bool | None]


def _no_treaty(situation: Situation) -> bool | None:
    return _procedure(situation.letter) in {"duty", "domestic"}


def _electronic_with_ukraine(situation: Situation) -> bool | None:
    letter = situation.letter
    return letter.transmission.electronic and "UA" in (letter.requesting.state, situation.to)


def _enforcement(situation: Situation) -> bool:
    return situation.letter.proceeding.stage is Stage.ENFORCEMENT


def _from_ukraine(situation: Situation) -> bool | None:
    return situation.letter.requesting.state == "UA"


# A `when` that is not here is shown as a question to a lawyer (Severity.LAWYER_DECIDES).
# A judge's examination is told from a voluntary interview, which needs no statement of necessity.
WHEN: Mapping[str, Condition] = {
    "no treaty basis": _no_treaty,
    "no treaty": _no_treaty,
    "sent electronically and Ukraine is on either side": _electronic_with_ukraine,
    "to Japan, physical evidence": lambda s: s.to == "JP" and s.choice("physical_items"),
    "to Japan, witness examination": lambda s: (
        s.to == "JP" and s.choice("examination_by_judge_wanted")
    ),
    "to Japan": lambda s: s.to == "JP",
    "to Ukraine": lambda s: s.to == "UA",
    "request from Ukraine": _from_ukraine,
    "from Ukraine": _from_ukraine,
    "for prosecution": lambda s: not _enforcement(s),
    "for sentence": _enforcement,
}

# Conditions that the field's name states rather than its `when`.
_IMPLIED_WHEN: Mapping[str, Condition] = {
    "prosecutor_approval": lambda s: (
        bool(_from_ukraine(s)) and s.letter.proceeding.stage is Stage.PRETRIAL
    ),
}


def _severity(row: Node, facts: LetterFacts, measure: Measure | None) -> Severity | None:
    """Return what the lack of this row's field does in this letter, None if it is not asked."""
    need, when = row["need"], row.get("when")
    if need == "must_except_service":
        served = set(facts.request_types) == {"service_of_documents"}
        return None if served else Severity.MUST
    if when is not None:
        return _conditional(row, when, facts, measure)
    if row["field"] in _IMPLIED_WHEN:
        holds = _IMPLIED_WHEN[row["field"]](Situation(facts, measure))
        return Severity.MUST if holds else None
    if need == "must":
        return Severity.MUST
    return Severity.ADVISED if need in {"recommended", "if_possible"} else None


def _conditional(
    row: Node, when: str, facts: LetterFacts, measure: Measure | None
) -> Severity | None:
    predicate = WHEN.get(when)
    answer = predicate(Situation(facts, measure)) if predicate else None
    if answer is None:
        return Severity.LAWYER_DECIDES
    if not answer:
        return None
    softened = row["field"] == "necessity_statement" and _procedure(facts) == "own"
    return Severity.ADVISED if softened else Severity.MUST


def _missing_core(facts: LetterFacts) -> Iterator[MissingField]:
    for field, row in _core_rows().items():
        given = _GIVEN.get(field)
        if given is not None and given(facts):
            continue
        severity = _severity(row, facts, None) if given else Severity.LAWYER_DECIDES
        yield from _lacking(row, field, severity, facts, None)


def _missing_of_measure(
    facts: LetterFacts, measure: Measure, position: int
) -> Iterator[MissingField]:
    answered = load("settled")["letter"]["answered_by_core"].get(measure.type, {})
    for row in requirement_fields(measure.type):
        field = row["field"]
        if field in measure.answers or field in measure.choices:
            continue
        if field in answered and all(_GIVEN[core](facts) for core in answered[field]):
            continue
        yield from _lacking(row, field, _severity(row, facts, measure), facts, position)


def _lacking(
    row: Node, field: str, severity: Severity | None, facts: LetterFacts, position: int | None
) -> Iterator[MissingField]:
    if severity is None:
        return
    if severity is Severity.LAWYER_DECIDES:
        decision = next(
            (d for d in facts.decisions if (d.field, d.measure) == (field, position)), None
        )
        if decision is not None and not decision.applies:
            return
        severity = Severity.MUST if decision else severity
    lack = Lack.UNDECIDED if severity is Severity.LAWYER_DECIDES else Lack.ABSENT
    softened = field == "necessity_statement" and severity is Severity.ADVISED
    reason = (
        fact_at("settled:letter.necessity_softened")
        if softened
        else fact(row, "request_types", value=row.get("when") or row["need"])
    )
    yield MissingField(field, label_of(field), reason, severity, lack, position)


def _unconfirmed(facts: LetterFacts) -> Iterator[MissingField]:
    """Name every provision that is recalled and that no lawyer has confirmed."""
    reason = fact_at("settled:letter.unconfirmed")
    cited = [("legal_basis", provision) for provision in facts.basis.provisions]
    cited += [("offence_qualification", offence.provision) for offence in facts.offences]
    for place, (field, provision) in enumerate(cited):
        if not provision.printable:
            yield MissingField(
                field, label_of(field), reason, Severity.MUST, Lack.UNCONFIRMED, None, place
            )
    sure = {term.id for term in terms("protective_measures", "measures") if _sure(term.fact)}
    for place, measure_id in enumerate(facts.protection):
        protection_labels(measure_id)
        if measure_id not in sure:
            field = "victim_witness_protection"
            yield MissingField(
                field, label_of(field), reason, Severity.MUST, Lack.UNCONFIRMED, None, place
            )


def _sure(found: Fact | None) -> bool:
    return found is not None and found.signable


def _required_languages(facts: LetterFacts) -> tuple[str, ...]:
    states = (facts.requesting.state, facts.requested.state)
    return tuple(_STATE_LANGUAGE[state] for state in states if state in _STATE_LANGUAGE)


def _paragraphs(facts: LetterFacts) -> Iterator[tuple[str, int | None, int | None, Paragraph]]:
    """Yield every paragraph of the letter with its field, measure and place."""
    for place, text in enumerate(facts.facts):
        yield "facts_summary", None, place, text
    for place, person in enumerate(facts.persons):
        yield "persons_concerned", None, place, person.link
    for position, measure in enumerate(facts.measures):
        yield "measures_requested", position, None, measure.purpose
        for field, answer in measure.answers.items():
            yield field, position, None, answer
    single = {
        "subject": facts.subject,
        "necessity_statement": facts.necessity,
        "reciprocity_guarantee": facts.reciprocity,
        "confidentiality": facts.confidentiality,
        "urgency": facts.urgency,
        "special_procedure": facts.special_procedure,
        "persons_to_attend": facts.persons_to_attend,
        "prior_contacts": facts.prior_contacts,
    }
    for field, value in single.items():
        if value is not None:
            yield field, None, None, value


_LACKS = {
    TextState.ABSENT: Lack.UNTRANSLATED,
    TextState.STALE: Lack.STALE,
    TextState.MACHINE_DRAFT: Lack.MACHINE_DRAFT,
}


def _bad_texts(facts: LetterFacts) -> Iterator[MissingField]:
    """Name each paragraph whose text in a language of the letter is missing or stale.

    A machine draft in a language that neither state uses is for reading only: advised.
    """
    stale = fact_at("settled:letter.stale_translation")
    required = _required_languages(facts)
    for field, position, place, text in _paragraphs(facts):
        for language in (one for one in LANGUAGES if one in facts.languages):
            state = text.state(language)
            if state is TextState.GOOD:
                continue
            lenient = state is TextState.MACHINE_DRAFT and language not in required
            severity = Severity.ADVISED if lenient else Severity.MUST
            yield MissingField(
                field, label_of(field), stale, severity, _LACKS[state], position, place, language
            )
