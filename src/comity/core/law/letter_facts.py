"""What a letter of request says, as facts that travel; wording and layout are elsewhere."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from comity.core.errors import Refused
from comity.core.law.loader import LANGUAGES, load, terms, words

NEUTRAL = "zxx"  # BCP 47: no linguistic content, the same in every language
_NOTHING: Mapping[str, str] = MappingProxyType({})


def text_hash(text: str) -> str:
    """Return the SHA-256 (64 hex digits) of a text in Unicode form C."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()


class TextState(StrEnum):
    """Whether one language of a paragraph can stand in a signed text."""

    GOOD = "good"
    ABSENT = "absent"
    STALE = "stale"
    MACHINE_DRAFT = "machine_draft"


@dataclass(frozen=True)
class Translation:
    """A paragraph in another language, tied to the source text it was made from.

    source_hash: text_hash of that source text. translator: name as it may be printed.
    """

    text: str
    source_hash: str
    translator: str = ""
    certified: bool = False
    machine_draft: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A text in its source language with its translations by language."""

    source_language: str
    source: str
    translations: Mapping[str, Translation] = field(default_factory=lambda: MappingProxyType({}))

    def text(self, language: str) -> str:
        """Return the text in a language, "" if it does not exist."""
        if language == self.source_language or self.source_language == NEUTRAL:
            return self.source
        translation = self.translations.get(language)
        return translation.text if translation else ""

    def state(self, language: str) -> TextState:
        """Say whether a language is usable: a translation of an older source is stale."""
        if language == self.source_language or self.source_language == NEUTRAL:
            return TextState.GOOD if self.source.strip() else TextState.ABSENT
        translation = self.translations.get(language)
        if translation is None or not translation.text.strip():
            return TextState.ABSENT
        if translation.source_hash != text_hash(self.source):
            return TextState.STALE
        return TextState.MACHINE_DRAFT if translation.machine_draft else TextState.GOOD


def paragraph(source_language: str, **texts: str) -> Paragraph:
    """Make a paragraph whose translations, by language code, are made from this very source."""
    source = texts[source_language]
    return Paragraph(
        source_language,
        source,
        MappingProxyType(
            {
                language: Translation(text, text_hash(source))
                for language, text in texts.items()
                if language != source_language
            }
        ),
    )


def neutral(text: str) -> Paragraph:
    """Make a paragraph that is the same in every language: a number, an address, a digest."""
    return Paragraph(NEUTRAL, text)


@dataclass(frozen=True)
class Authority:
    """A requesting or requested authority. state: ISO 3166 alpha-2. names, address: by language."""

    id: str
    state: str
    names: Mapping[str, str]
    address: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True)
class Provision:
    """A provision that the letter cites.

    certainty, basis: as in the data when it was chosen. confirmed_by, confirmed_on: the lawyer
    who confirmed it; a recalled provision is not printed without.
    """

    words: Mapping[str, str]
    certainty: str
    basis: str
    confirmed_by: str = ""
    confirmed_on: date | None = None

    @property
    def printable(self) -> bool:
        """Whether the provision may stand in a signed text."""
        sure = self.certainty == "high" and self.basis in {"read", "excerpt"}
        return sure or bool(self.confirmed_by and self.confirmed_on)


@dataclass(frozen=True)
class LegalBasis:
    """The instrument of the letter, with those cited beside it, and the provisions named.

    instruments: ids of instruments.yaml, the first is the main one. data_version: the version of
    the data under which it was chosen.
    """

    instruments: tuple[str, ...]
    names: tuple[Mapping[str, str], ...]
    provisions: tuple[Provision, ...]
    data_version: str
    chosen_by: str = ""


class Stage(StrEnum):
    """The stage of the proceeding in the requesting state."""

    PRETRIAL = "pretrial"
    TRIAL = "trial"
    ENFORCEMENT = "enforcement"


@dataclass(frozen=True)
class Proceeding:
    """The criminal proceeding that the letter serves."""

    number: str
    stage: Stage
    conducted_by: Mapping[str, str]
    opened_on: date | None = None
    name: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True)
class Offence:
    """An offence with its qualification. penalty: as the provision states it, by language."""

    id: str
    provision: Provision
    title: Mapping[str, str]
    penalty: Mapping[str, str]


@dataclass(frozen=True)
class PersonConcerned:
    """A person in the letter.

    role: suspect, victim, witness, holder or addressee. names: the official writing by language;
    transliterations are entered, never made by software. protected: only a pseudonym is given.
    """

    role: str
    names: Mapping[str, str]
    link: Paragraph
    born_on: date | None = None
    nationality: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    address: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    protected: bool = False


@dataclass(frozen=True)
class Measure:
    """One measure: a type of request_types.yaml with its own fields.

    purpose: the link to the case. answers: fields answered with text. choices: with yes or no.
    """

    type: str
    purpose: Paragraph
    answers: Mapping[str, Paragraph] = field(default_factory=lambda: MappingProxyType({}))
    choices: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Contact:
    """Who answers questions about the letter. languages: ISO 639 codes."""

    names: Mapping[str, str]
    position: Mapping[str, str]
    email: str
    telephone: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attachment:
    """A paper that goes with the letter. kind: provisions, order, document or other."""

    kind: str
    title: Mapping[str, str]
    pages: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Signatory:
    """Who signs or approves, as the signature block names them."""

    names: Mapping[str, str]
    position: Mapping[str, str]
    approved_on: date | None = None


class Channel(StrEnum):
    """The lawful way by which the letter goes."""

    CENTRAL_AUTHORITY = "central_authority"
    DIPLOMATIC = "diplomatic"
    CONTACT_24_7 = "contact_24_7"


@dataclass(frozen=True)
class Transmission:
    """How the letter goes. original_promised: the paper original follows by post."""

    channel: Channel
    electronic: bool = False
    original_promised: bool = False


@dataclass(frozen=True)
class Decision:
    """A named lawyer's answer to whether a field that the rules leave open applies."""

    field: str
    applies: bool
    decided_by: str
    decided_on: date
    measure: int | None = None


@dataclass(frozen=True)
class LetterFacts:
    """A letter of request: everything that its documents in three languages are made from.

    languages: the languages in which it is issued. protection: ids of protective_measures.yaml.
    """

    requesting: Authority
    requested: Authority
    basis: LegalBasis
    proceeding: Proceeding
    facts: tuple[Paragraph, ...]
    offences: tuple[Offence, ...]
    persons: tuple[PersonConcerned, ...]
    measures: tuple[Measure, ...]
    transmission: Transmission
    languages: tuple[str, ...] = LANGUAGES
    subject: Paragraph | None = None
    necessity: Paragraph | None = None
    reciprocity: Paragraph | None = None
    confidentiality: Paragraph | None = None
    urgency: Paragraph | None = None
    deadline: date | None = None
    special_procedure: Paragraph | None = None
    persons_to_attend: Paragraph | None = None
    prior_contacts: Paragraph | None = None
    contact: Contact | None = None
    protection: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    signatory: Signatory | None = None
    approval: Signatory | None = None
    decisions: tuple[Decision, ...] = ()

    @property
    def request_types(self) -> tuple[str, ...]:
        """Return the types of its measures, each once, in order."""
        return tuple(dict.fromkeys(measure.type for measure in self.measures))


def authority(authority_id: str, address: Mapping[str, str] = _NOTHING) -> Authority:
    """Return an authority as authorities.yaml names it.

    Raises Refused("letter.unknown_authority") if it is not there.
    """
    for entry in load("authorities")["authorities"]:
        if entry["id"] == authority_id:
            names = words(entry["name"], "authorities")
            return Authority(authority_id, str(entry["country"]), names, address)
    raise Refused("letter.unknown_authority", authority=authority_id)


def protection_labels(measure_id: str) -> Mapping[str, str]:
    """Return the name of a protective measure in three languages.

    Raises Refused("letter.unknown_protection") if the data have none of this id.
    """
    for term in terms("protective_measures", "measures"):
        if term.id == measure_id:
            return term.labels
    raise Refused("letter.unknown_protection", measure=measure_id)
