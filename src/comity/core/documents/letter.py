"""The letter of request as a printed document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from comity.core.documents.pages import Paragraph, Rows, Section, Sheet, Signature, Table
from comity.core.documents.typesetting import typeset
from comity.core.documents.wording import in_groups, say, say_date, word, wording
from comity.core.errors import Refused
from comity.core.law import letter_facts as law
from comity.core.law.letters import label_of, requirement_fields
from comity.core.law.loader import LANGUAGES, load, words

Rowed = tuple[str, str]


def render_letter(
    facts: law.LetterFacts,
    *,
    language: str,
    reference: str,
    created: datetime,
    message: bytes | None = None,
) -> bytes:
    """Return the letter as PDF in one language, or in all its languages side by side.

    language: uk, ja, en or all. created: aware; its own date is printed. message: the bytes of
    message.json, attached and named by digest in the footer. The same input gives the same bytes.
    Raises Refused if a provision is unconfirmed, a text is missing or stale in that language, or
    a character is in no font; a provision that is only recalled never reaches the paper.
    """
    languages = facts.languages if language == "all" else (language,)
    if not set(languages) <= set(LANGUAGES):
        raise Refused("documents.unknown_language", language=language)
    _require_confirmed(facts)
    sheets = tuple(
        _Letter(facts, one, reference, created, message).sheet()
        for one in LANGUAGES
        if one in languages
    )
    author = word(facts.requesting.names, sheets[0].language)
    return typeset(sheets, created=created, author=author, message=message)


def _require_confirmed(facts: law.LetterFacts) -> None:
    cited = [*facts.basis.provisions, *(offence.provision for offence in facts.offences)]
    if not all(provision.printable for provision in cited):
        raise Refused("documents.unconfirmed_provision")


def footer_of(reference: str, message: bytes | None, language: str) -> str:
    """Return the line that ties a page to its letter and, by digest, to its message."""
    if message is None:
        return reference
    digest = in_groups(hashlib.sha256(message).hexdigest())
    return f"{reference}   {say(language, 'common.made_from', digest=digest)}"


def letterhead_of(authority: law.Authority, language: str) -> tuple[str, ...]:
    """Return state, name and address of an authority as the head of a letter."""
    return (
        say(language, f"common.state_{authority.state}"),
        word(authority.names, language),
        *([word(authority.address, language)] if authority.address else []),
    )


def addressee_of(authority: law.Authority, language: str) -> tuple[str, ...]:
    """Return the lines that address an authority."""
    name = word(authority.names, language)
    first = f"{name} 御中" if language == "ja" else name
    address = [word(authority.address, language)] if authority.address else []
    return (first, *address)


def signature_of(
    signatory: law.Signatory, language: str, *, label: str = "", seal: str = ""
) -> Signature:
    """Return a signature block. label: what stands above it, such as "Approved"."""
    dated = say_date(signatory.approved_on, language) if signatory.approved_on else ""
    position = word(signatory.position, language)
    return Signature(label, position, word(signatory.names, language), seal, dated)


def text_of(paragraph: law.Paragraph, language: str) -> str:
    """Return a paragraph's text for paper.

    Raises Refused("documents.text_not_ready") if it is missing or stale in that language.
    """
    state = paragraph.state(language)
    if state in {law.TextState.ABSENT, law.TextState.STALE}:
        raise Refused("documents.text_not_ready", language=language, state=str(state))
    return paragraph.text(language)


class _Letter:
    """One language of one letter."""

    def __init__(
        self,
        facts: law.LetterFacts,
        language: str,
        reference: str,
        created: datetime,
        message: bytes | None,
    ) -> None:
        self.facts = facts
        self.language = language
        self.reference = reference
        self.created = created
        self.message = message

    def sheet(self) -> Sheet:
        facts, language = self.facts, self.language
        return Sheet(
            language=language,
            title=self.say("letter.title"),
            letterhead=letterhead_of(facts.requesting, language),
            addressee=addressee_of(facts.requested, language),
            marks=(
                (self.say("common.reference"), self.reference),
                (self.say("common.date"), say_date(self.created.date(), language)),
            ),
            opening=self.say("letter.opening"),
            sections=tuple(self.sections()),
            closing=self.say("letter.closing"),
            signatures=tuple(self.signatures()),
            footer=footer_of(self.reference, self.message, language),
            page=wording(language)["common"]["page"],
        )

    def say(self, key: str, **values: str) -> str:
        return say(self.language, key, **values)

    def word(self, words: Mapping[str, str]) -> str:
        return word(words, self.language)

    def sections(self) -> Iterator[Section]:
        facts = self.facts
        if facts.subject:
            yield self.section("subject", facts.subject)
        yield self.basis()
        yield self.proceeding()
        if facts.facts:
            yield self.section("facts", *facts.facts)
        if facts.offences:
            yield self.offences()
        if facts.persons:
            yield self.persons()
        yield self.measures()
        yield from self.statements()
        yield self.transmission()
        if facts.contact:
            yield self.contact()
        if facts.attachments:
            yield self.attachments()

    def section(self, key: str, *paragraphs: law.Paragraph) -> Section:
        items = tuple(Paragraph(text_of(one, self.language)) for one in paragraphs)
        return Section(self.say(f"letter.{key}"), items)

    def basis(self) -> Section:
        join = self.say("letter.basis_join")
        names = join.join(self.word(names) for names in self.facts.basis.names)
        comma = "、" if self.language == "ja" else "; "
        cited = comma.join(self.word(one.words) for one in self.facts.basis.provisions)
        return Section(
            self.say("letter.basis"),
            (
                Paragraph(self.say("letter.basis_text", instruments=names)),
                Paragraph(self.say("letter.basis_provisions", provisions=cited)),
            ),
        )

    def proceeding(self) -> Section:
        proceeding = self.facts.proceeding
        rows = [
            ("proceeding_number", proceeding.number),
            ("proceeding_stage", self.say(f"letter.stage_{proceeding.stage}")),
            ("proceeding_conducted", self.word(proceeding.conducted_by)),
        ]
        if proceeding.opened_on:
            opened = say_date(proceeding.opened_on, self.language)
            rows.insert(1, ("proceeding_opened", opened))
        labelled = tuple((self.say(f"letter.{key}"), value) for key, value in rows)
        return Section(self.say("letter.proceeding"), (Rows(labelled),))

    def offences(self) -> Section:
        lines = (
            self.say(
                "letter.offence_line",
                provision=self.word(offence.provision.words),
                title=self.word(offence.title),
                penalty=self.word(offence.penalty),
            )
            for offence in self.facts.offences
        )
        begun = (line[:1].upper() + line[1:] for line in lines)
        return Section(self.say("letter.offences"), tuple(Paragraph(line) for line in begun))

    def persons(self) -> Section:
        items = tuple(
            Rows(tuple(self.person(person)), self.say(f"letter.role_{person.role}"))
            for person in self.facts.persons
        )
        return Section(self.say("letter.persons"), items)

    def person(self, person: law.PersonConcerned) -> Iterator[Rowed]:
        yield self.say("common.name"), self.word(person.names)
        if person.protected:
            yield "", self.say("letter.pseudonym")
        if person.born_on:
            yield self.say("common.born_on"), say_date(person.born_on, self.language)
        if person.nationality:
            yield self.say("common.nationality"), self.word(person.nationality)
        if person.address:
            yield self.say("common.address"), self.word(person.address)
        yield self.say("letter.link"), text_of(person.link, self.language)

    def measures(self) -> Section:
        items = []
        for number, measure in enumerate(self.facts.measures, start=1):
            name = self.word(type_names(measure.type))
            heading = f"{self.say('common.measure', number=str(number))}. {name}"
            if self.language == "ja":
                heading = f"{self.say('common.measure', number=str(number))} {name}"
            items.append(Rows(tuple(self.measure(measure)), heading))
        return Section(self.say("letter.measures"), tuple(items))

    def measure(self, measure: law.Measure) -> Iterator[Rowed]:
        yield self.say("letter.purpose"), text_of(measure.purpose, self.language)
        known = [row["field"] for row in requirement_fields(measure.type)]
        for field in known:
            if field in measure.answers:
                yield (
                    self.word(label_of(field)),
                    text_of(measure.answers[field], self.language),
                )
            elif field in measure.choices:
                yield self.word(label_of(field)), self.yes(chosen=measure.choices[field])
        if measure.choices.get("physical_items"):
            yield "", self.say("letter.physical_items")

    def yes(self, *, chosen: bool) -> str:
        return self.say("common.yes" if chosen else "common.no")

    def statements(self) -> Iterator[Section]:
        facts = self.facts
        if facts.necessity:
            yield self.section("necessity", facts.necessity)
        if facts.reciprocity:
            yield self.section("reciprocity", facts.reciprocity)
        if facts.confidentiality:
            yield self.section("confidentiality", facts.confidentiality)
        if facts.protection:
            comma = "、" if self.language == "ja" else ", "
            labels = comma.join(self.lowered(one) for one in facts.protection)
            text = self.say("letter.protection_text", measures=labels)
            yield Section(self.say("letter.protection"), (Paragraph(text),))
        if facts.urgency or facts.deadline:
            yield self.urgency()
        for key, value in (
            ("procedure", facts.special_procedure),
            ("attending", facts.persons_to_attend),
            ("prior", facts.prior_contacts),
        ):
            if value:
                yield self.section(key, value)

    def lowered(self, measure_id: str) -> str:
        label = self.word(law.protection_labels(measure_id))
        return label if self.language == "ja" else label[:1].lower() + label[1:]

    def urgency(self) -> Section:
        texts = []
        if self.facts.urgency:
            texts.append(text_of(self.facts.urgency, self.language))
        if self.facts.deadline:
            by = say_date(self.facts.deadline, self.language)
            texts.append(self.say("letter.deadline", date=by))
        return Section(self.say("letter.urgency"), tuple(Paragraph(text) for text in texts))

    def transmission(self) -> Section:
        transmission = self.facts.transmission
        texts = [self.say(f"letter.channel_{transmission.channel}")]
        if transmission.electronic:
            texts.append(self.say("letter.electronic"))
        if transmission.original_promised:
            texts.append(self.say("letter.original"))
        gap = "" if self.language == "ja" else " "
        return Section(self.say("letter.transmission"), (Paragraph(gap.join(texts)),))

    def contact(self) -> Section:
        contact = self.facts.contact
        if contact is None:
            raise Refused("documents.contact_missing")
        heading = self.say("letter.contact")
        return Section(heading, (Rows(tuple(contact_rows(contact, self.language))),))

    def attachments(self) -> Section:
        head = (
            self.say("common.number"),
            self.say("common.title"),
            self.say("common.sha256"),
        )
        body = []
        for number, attachment in enumerate(self.facts.attachments, start=1):
            title = self.word(attachment.title)
            if attachment.pages:
                comma = "、" if self.language == "ja" else ", "
                title += comma + self.say("common.pages", count=str(attachment.pages))
            body.append((str(number), title, in_groups(attachment.sha256)))
        table = Table(head, tuple(body), (1, 8, 9), small=True)
        return Section(self.say("letter.attachments"), (table,))

    def signatures(self) -> Iterator[Signature]:
        if self.facts.signatory:
            seal = self.say("common.seal")
            yield signature_of(self.facts.signatory, self.language, seal=seal)
        if self.facts.approval:
            label = self.say("common.approved")
            yield signature_of(self.facts.approval, self.language, label=label)


def contact_rows(contact: law.Contact, language: str) -> Iterator[Rowed]:
    """Return the rows that name a contact."""
    name = f"{word(contact.names, language)}, {word(contact.position, language)}"
    if language == "ja":
        name = f"{word(contact.position, language)} {word(contact.names, language)}"
    yield say(language, "common.name"), name
    yield say(language, "common.email"), contact.email
    if contact.telephone:
        yield say(language, "common.telephone"), contact.telephone
    if contact.languages:
        comma = "、" if language == "ja" else ", "
        spoken = comma.join(say(language, f"common.language_{one}") for one in contact.languages)
        yield say(language, "common.languages"), spoken


def type_names(request_type: str) -> Mapping[str, str]:
    """Return a request type's name in three languages.

    Raises Refused("letter.unknown_type") if the data have no such type.
    """
    for entry in load("request_types")["types"]:
        if entry["id"] == request_type:
            return words(entry["names"], "request_types")
    raise Refused("letter.unknown_type", type=request_type)
