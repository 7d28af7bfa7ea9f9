"""A letter's rows as the facts that its documents and its message are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from comity.assistance.models.letters import LetterOfRequest
from comity.assistance.models.parts import LetterItem, LetterPaper, LetterPerson, Measure
from comity.assistance.models.texts import Paragraph
from comity.assistance.rules import TextKind
from comity.core.law import letter_facts as law
from comity.core.law.letters import from_body
from comity.core.law.records import from_plain

LANGUAGES = ("uk", "ja", "en")
_STATEMENTS: Mapping[TextKind, str] = {
    TextKind.SUBJECT: "subject",
    TextKind.NECESSITY: "necessity",
    TextKind.RECIPROCITY: "reciprocity",
    TextKind.CONFIDENTIALITY: "confidentiality",
    TextKind.URGENCY: "urgency",
    TextKind.SPECIAL_PROCEDURE: "special_procedure",
    TextKind.PERSONS_TO_ATTEND: "persons_to_attend",
    TextKind.PRIOR_CONTACTS: "prior_contacts",
}
_NO_BASIS = law.LegalBasis((), (), (), "")


def facts_of(letter: LetterOfRequest, *, approval: law.Signatory | None = None) -> law.LetterFacts:
    """Return what the letter says now; an incoming one as it came.

    approval: the approval as it is about to be given, where the letter has none yet.
    Raises Untrusted("record.malformed") if a stored part has lost its form.
    """
    if not letter.is_outgoing:
        return from_body(letter.body)
    texts = Prefetch("texts", Paragraph.objects.prefetch_related("translations"))
    prefetch_related_objects([letter], texts, "measures", "persons", "papers", "exhibits__item")
    return replace(_outline(letter), **_written(letter), approval=approval or _approval(letter))


def _outline(letter: LetterOfRequest) -> law.LetterFacts:
    return law.LetterFacts(
        requesting=law.authority(letter.requesting, letter.requesting_address),
        requested=law.authority(letter.requested, letter.requested_address),
        basis=from_plain(law.LegalBasis, letter.basis) if letter.basis else _NO_BASIS,
        proceeding=proceeding_of(letter),
        facts=(),
        offences=tuple(from_plain(law.Offence, one) for one in letter.offences),
        persons=(),
        measures=(),
        transmission=law.Transmission(
            law.Channel(letter.channel), letter.electronic, letter.original_promised
        ),
        deadline=letter.deadline,
        contact=from_plain(law.Contact, letter.contact) if letter.contact else None,
        protection=tuple(letter.protection),
        signatory=from_plain(law.Signatory, letter.signatory) if letter.signatory else None,
        decisions=tuple(from_plain(law.Decision, one) for one in letter.decisions),
    )


def proceeding_of(letter: LetterOfRequest) -> law.Proceeding:
    """The proceeding that the letter serves, empty until somebody describes it."""
    if letter.proceeding:
        return from_plain(law.Proceeding, letter.proceeding)
    return law.Proceeding("", law.Stage.PRETRIAL, {})


def _approval(letter: LetterOfRequest) -> law.Signatory | None:
    if letter.approved_at is None or not letter.approval:
        return None
    return from_plain(law.Signatory, letter.approval)


def _written(letter: LetterOfRequest) -> dict[str, Any]:
    """The parts that hold texts, from the prefetched rows."""
    texts = list(letter.texts.all())
    stated = {
        name: one.as_law()
        for one in texts
        for kind, name in _STATEMENTS.items()
        if one.kind == kind
    }
    return {
        **stated,
        "facts": tuple(one.as_law() for one in texts if one.kind == TextKind.FACT),
        "persons": tuple(_person(one, texts) for one in letter.persons.all()),
        "measures": tuple(_measure(one, texts) for one in letter.measures.all()),
        "attachments": tuple(_attachments(letter)),
    }


def _person(person: LetterPerson, texts: Iterable[Paragraph]) -> law.PersonConcerned:
    link = next((one.as_law() for one in texts if one.person_id == person.pk), law.neutral(""))
    return law.PersonConcerned(
        role=person.role,
        names=person.names,
        link=link,
        born_on=person.born_on,
        nationality=person.nationality,
        address=person.address,
        protected=person.protected,
    )


def _measure(measure: Measure, texts: Iterable[Paragraph]) -> law.Measure:
    own = [one for one in texts if one.measure_id == measure.pk]
    purpose = next((one.as_law() for one in own if one.kind == TextKind.PURPOSE), law.neutral(""))
    answers = {one.field: one.as_law() for one in own if one.kind == TextKind.ANSWER}
    return law.Measure(measure.type, purpose, answers, measure.choices)


def _attachments(letter: LetterOfRequest) -> Iterable[law.Attachment]:
    for paper in letter.papers.all():
        yield paper_fact(paper)
    for exhibit in letter.exhibits.all():
        yield exhibit_fact(exhibit)


def paper_fact(paper: LetterPaper) -> law.Attachment:
    """A paper as the letter lists it."""
    return law.Attachment(paper.kind, paper.title, paper.pages, paper.sha256)


def exhibit_fact(exhibit: LetterItem) -> law.Attachment:
    """An exhibit as the letter lists it."""
    return law.Attachment("document", exhibit.title, exhibit.pages, exhibit.item.sha256)


def words_missing(facts: law.LetterFacts) -> list[tuple[str, str]]:
    """Name the parts whose names do not exist in every language of the letter: (part, language).

    Documents refuse to show another language's words; this says so before they are made.
    """
    named: list[tuple[str, Mapping[str, str]]] = [("proceeding", facts.proceeding.conducted_by)]
    for offence in facts.offences:
        named += [
            ("offence_qualification", offence.title),
            ("offence_qualification", offence.penalty),
        ]
        named.append(("offence_qualification", offence.provision.words))
    for person in facts.persons:
        named.append(("persons_concerned", person.names))
        named += [("persons_concerned", one) for one in (person.nationality, person.address) if one]
    for signatory in (facts.signatory, facts.approval):
        if signatory is not None:
            named += [("signature_and_seal", one) for one in (signatory.names, signatory.position)]
    if facts.contact is not None:
        named += [("contact_point", one) for one in (facts.contact.names, facts.contact.position)]
    named += [("text_of_provisions", attachment.title) for attachment in facts.attachments]
    lacking = {
        (part, language)
        for part, words in named
        for language in facts.languages
        if not words.get(language)
    }
    return sorted(lacking)
