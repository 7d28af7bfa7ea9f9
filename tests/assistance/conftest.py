"""Two authorities of invented people: Kyiv is the node under test, Tokyo has its own keys."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.assistance import actions
from comity.assistance.models import LetterOfRequest, Measure, Paragraph
from comity.assistance.rules import TextKind
from comity.cases import actions as cases
from comity.cases.models import Case, Charge
from comity.core import container, messages
from comity.core.access import Compartment, Role
from comity.core.law import letter_facts as law
from comity.core.law.bases import BasisFacts
from comity.core.law.letters import as_body
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.exchange import actions as exchange
from comity.exchange import tasks
from comity.exchange.models import DEFAULT_TYPES, IncomingMessage, OutgoingMessage, Partner
from comity.vault.storage import take_in
from tests.core.law.invented import LETTER, OFFENCE
from tests.exchange.other_node import OtherNode

WORDS = {"uk": "Фото уламків", "ja": "破片の写真", "en": "Photo of the fragments"}
LAW_TEXT = {"uk": "Текст статті 438", "ja": "第438条の条文", "en": "Text of article 438"}


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, settings) -> Iterator[None]:
    settings.COMITY_VAULT = tmp_path / "vault"
    settings.COMITY_SPOOL = tmp_path / "spool"
    settings.COMITY_TSA_URLS = []
    return


@pytest.fixture(scope="session")
def tokyo_keys(tmp_path_factory: pytest.TempPathFactory) -> OtherNode:
    return OtherNode.make(tmp_path_factory.mktemp("tokyo"), "tokyo.test.comity.example")


@dataclass
class Kyiv:
    """The officers of the node under test, their case and their partner."""

    prosecutor: Officer
    colleague: Officer
    supervisor: Officer
    lawyer: Officer
    second_lawyer: Officer
    executing: Officer
    coordinator: Officer
    partner: Partner
    node: OtherNode
    case: Case
    charge: Charge

    def letter(self) -> LetterOfRequest:
        """A new draft from the charge."""
        return actions.draft_letter(
            self.prosecutor,
            partner=self.partner,
            requesting="UA-OPG",
            requested="JP-MOJ",
            subject=LETTER.subject.source,
            measure_type="stored_data_access",
            charge=self.charge,
            element="UA-E-438.1",
        )

    def complete(self) -> LetterOfRequest:
        """A draft in which nothing is missing."""
        letter = self.letter()
        fill(self, letter)
        return LetterOfRequest.objects.get(pk=letter.pk)

    def reviewed(self) -> LetterOfRequest:
        letter = self.complete()
        actions.ask_review(self.prosecutor, letter)
        actions.review_letter(self.lawyer, letter)
        return LetterOfRequest.objects.get(pk=letter.pk)

    def approved(self) -> LetterOfRequest:
        letter = self.reviewed()
        actions.approve_letter(self.supervisor, letter)
        return LetterOfRequest.objects.get(pk=letter.pk)

    def sent(self) -> LetterOfRequest:
        letter = self.approved()
        actions.send_letter(self.lawyer, letter)
        return LetterOfRequest.objects.get(pk=letter.pk)

    def consent(self, item: Item, source_ref: str) -> None:
        """A person agrees that the item may go to Tokyo for legal assistance, from today on."""
        evidence.grant_release(
            self.coordinator,
            item,
            source_ref=source_ref,
            recipient=f"partner:{self.node.node_id}",
            purpose=actions.PURPOSE,
            scope="media",
            mode="identified",
            valid_from=timezone.localdate(),
            valid_until=None,
        )

    def item(self, content: bytes = b"a crater", **fields: Any) -> Item:
        """An item of the case's evidence."""
        stated = {
            "title": "Photo of the fragments",
            "kind": "photo",
            "access": [("case", self.case.uid)],
            "origin": Origin.INVESTIGATION,
            "acquisition": evidence.Acquisition("R. Melnyk", datetime(2026, 11, 20, tzinfo=UTC)),
            "compartment": Compartment.DISCLOSABLE,
        }
        actor = fields.pop("actor", self.prosecutor)
        return evidence.ingest(actor, io.BytesIO(content), **(stated | fields))


@pytest.fixture
def kyiv(officer: Callable[..., Officer], tokyo_keys: OtherNode) -> Kyiv:
    administrator = officer(Role.ADMINISTRATOR)
    lawyer = officer(Role.CENTRAL_AUTHORITY, name="Olha Lysenko")
    node = OtherNode(tokyo_keys.node_id, tokyo_keys.keys)
    partner = exchange.propose_partner(administrator, node.descriptor(), DEFAULT_TYPES)
    exchange.confirm_partner(lawyer, partner, node.fingerprint, "By video call, on paper.")
    prosecutor, colleague = officer(Role.PROSECUTOR), officer(Role.PROSECUTOR)
    supervisor = officer(Role.SUPERVISOR, name="Ivan Savchuk")
    case = cases.open_case(
        prosecutor, number="2211/24", title="School", members=[colleague, supervisor]
    )
    incident = cases.record_incident(
        prosecutor,
        case,
        title="Shelling of a school",
        account=LETTER.facts[0].source,
        occurred_from=datetime(2022, 3, 17, 6, 40, tzinfo=UTC),
        place="Verbivka",
    )
    return Kyiv(
        prosecutor=prosecutor,
        colleague=colleague,
        supervisor=supervisor,
        lawyer=lawyer,
        second_lawyer=officer(Role.CENTRAL_AUTHORITY),
        executing=officer(Role.EXECUTING_OFFICER),
        coordinator=officer(Role.HUB_COORDINATOR),
        partner=Partner.objects.get(pk=partner.pk),
        node=node,
        case=case,
        charge=cases.propose_charge(prosecutor, incident, offence="UA-CC-438-2"),
    )


def fill(kyiv: Kyiv, letter: LetterOfRequest) -> None:
    """Write into a draft whatever the invented letter of tests/core/law says."""
    author = kyiv.prosecutor
    actions.state_basis_facts(author, letter, BasisFacts(electronic_evidence=True, urgent=True))
    actions.choose_basis(kyiv.lawyer, letter, "BUDAPEST")
    subject = letter.texts.get(kind=TextKind.SUBJECT)
    translate(author, subject, LETTER.subject)
    first = letter.texts.get(kind=TextKind.FACT)
    translate(author, first, LETTER.facts[0])
    for fact in LETTER.facts[1:]:
        translate(author, write(author, letter, TextKind.FACT, fact), fact)
    for kind, said in (
        (TextKind.NECESSITY, LETTER.necessity),
        (TextKind.CONFIDENTIALITY, LETTER.confidentiality),
        (TextKind.URGENCY, LETTER.urgency),
    ):
        translate(author, write(author, letter, kind, said), said)
    answer(author, letter.measures.get(), LETTER.measures[0])
    describe(kyiv, letter)


def describe(kyiv: Kyiv, letter: LetterOfRequest) -> None:
    author = kyiv.prosecutor
    actions.describe_proceeding(author, letter, LETTER.proceeding)
    actions.describe_transmission(
        author, letter, LETTER.transmission, deadline=LETTER.deadline, protection=["pseudonym"]
    )
    actions.name_officials(
        author,
        letter,
        contact=LETTER.contact,
        signatory=LETTER.signatory,
        approval=replace(LETTER.approval, approved_on=None),
    )
    actions.add_offence(author, letter, OFFENCE, place=0)
    for person in LETTER.persons:
        row = actions.name_person(author, letter, person)
        translate(author, row.texts.get(), person.link)
    taken = take_in(io.BytesIO("Стаття 438".encode()))
    actions.add_paper(
        author, letter, taken, kind="provisions", title=LAW_TEXT, media_type="text/plain"
    )
    letter = LetterOfRequest.objects.get(pk=letter.pk)
    for place in range(len(letter.basis["provisions"])):
        actions.confirm_provision(kyiv.lawyer, letter, part="basis", place=place)
    for lack in actions.lacks_of(LetterOfRequest.objects.get(pk=letter.pk)):
        if lack.severity == "lawyer_decides":
            actions.decide_field(
                kyiv.lawyer, letter, field=lack.field, measure=lack.measure, applies=False
            )


def write(
    actor: Officer, letter: LetterOfRequest, kind: TextKind, said: law.Paragraph
) -> Paragraph:
    return actions.write_paragraph(actor, letter, kind=kind, text=said.source)


def translate(actor: Officer, paragraph: Paragraph, said: law.Paragraph) -> None:
    for language in ("ja", "en"):
        actions.translate_paragraph(
            actor,
            paragraph,
            language=language,
            text=said.text(language),
            translator="S. Abe",
            certified=True,
        )


def answer(actor: Officer, measure: Measure, said: law.Measure) -> None:
    answers = {
        field: actions.Answer(text.source, text.source_language == law.NEUTRAL)
        for field, text in said.answers.items()
    }
    actions.answer_measure(actor, measure, purpose=said.purpose.source, answers=answers, choices={})
    translate(actor, measure.texts.get(kind=TextKind.PURPOSE), said.purpose)
    for field, text in said.answers.items():
        if text.source_language != law.NEUTRAL:
            translate(actor, measure.texts.get(kind=TextKind.ANSWER, field=field), text)


def tokyo_says(
    kyiv: Kyiv,
    kind: str,
    body: dict[str, Any],
    *,
    conversation: uuid.UUID,
    files: dict[str, bytes] | None = None,
    human: dict[str, bytes] | None = None,
) -> IncomingMessage:
    """Seal a message of Tokyo with its files, bring it to our listener, have the worker open it."""
    node = kyiv.node
    held = IncomingMessage.objects.filter(partner=kyiv.partner, conversation=conversation)
    message = node.message(
        type=kind, conversation=conversation, seq=held.exclude(seq=None).count(), body=body
    )
    with override_settings(
        ROOT_URLCONF="comity.node.urls_exchange",
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware"],
    ):
        attached = []
        for name, content in (files or {}).items():
            sealed = node.seal(content, message.id, "blob")
            assert node.put_blob(sealed).status_code in (200, 201, 204)
            attached.append(
                messages.Attachment(
                    name_code=name,
                    size=len(content),
                    media_type="application/pdf",
                    sha256=hashlib.sha256(content).hexdigest(),
                    sealed_sha256=hashlib.sha256(sealed).hexdigest(),
                    handling="evidence",
                )
            )
        message = replace(message, attachments=tuple(attached))
        plain = sealed_container(node, message, human or {"uk.pdf": b"%PDF-1.7 uk"})
        answer = node.put(message, node.seal(plain, message.id))
        assert answer.status_code in (200, 201, 202), answer.content
        tasks.work()
    return IncomingMessage.objects.get(uid=message.id)


def sealed_container(node: OtherNode, message: messages.Message, human: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    seal = container.Seal(node.keys.seal_key_pem, node.keys.seal_certificate_pem)
    entries = [
        container.Entry("message.json", messages.to_bytes(message), "application/json"),
        *(
            container.Entry(f"human/{name}", data, "application/pdf")
            for name, data in human.items()
        ),
    ]
    container.write_container(target, entries, seal, datetime.now(UTC))
    return target.getvalue()


def tokyos_letter() -> dict[str, Any]:
    """The body of a letter in which Tokyo asks Kyiv."""
    asked = replace(
        LETTER,
        requesting=LETTER.requested,
        requested=LETTER.requesting,
        attachments=(replace(LETTER.attachments[0], sha256=hashlib.sha256(b"law").hexdigest()),),
    )
    return as_body(asked)


@pytest.fixture
def asked(kyiv: Kyiv) -> LetterOfRequest:
    """A letter of Tokyo that has just arrived."""
    conversation = uuid.uuid4()
    incoming = tokyo_says(
        kyiv,
        "letter/1",
        tokyos_letter(),
        conversation=conversation,
        files={"paper-1": b"law"},
    )
    assert incoming.status == "handled", incoming.reason
    return LetterOfRequest.objects.get(uid=conversation)


def queued(letter: LetterOfRequest, kind: str) -> list[OutgoingMessage]:
    rows = OutgoingMessage.objects.filter(conversation=letter.uid, type=kind)
    return list(rows)


def join(kyiv: Kyiv, letter: LetterOfRequest, officer: Officer) -> None:
    accounts.found_team(kyiv.lawyer, kind="letter", record=letter.uid, members=[officer])
