"""Looking is an act: every page that shows a protected record writes that it was looked at."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from comity.accounts import actions as accounts
from comity.accounts.models import BreakGlass, Officer
from comity.assistance.rules import TextKind
from comity.core.access import Role
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from tests.assistance.conftest import Kyiv, kyiv, tokyo_keys, vault  # noqa: F401 - fixtures
from tests.hub.conftest import agree, register, tell
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db

# Pages that show no protected record, each with the reason. A new page is in one of the two lists.
EXEMPT = {
    "today": "what waits, by number; names no person and shows no record",
    "search": "a search is a POST; its empty form shows nothing",
    "emergency": "a form; what it opens is recorded as broken glass",
    "invitation": "the door of somebody who has not signed in",
    "health": "tells only that the node lives",
    "blank": "an empty screen",
    "officers": "names of colleagues and their roles; no record of a case",
    "add_officer": "an empty form",
    "person_new": "an empty form; the search that comes before it is recorded",
    "case_new": "an empty form",
    "letter_new": "an empty form",
    "item_add": "an empty form, and the officer's own uploads that are not finished",
    "item_package": "an empty form that starts an export, which is recorded",
    "own_entries": "what the officer did",
    "ledger_checkpoint": "a signed hash",
    "ledger_growth": "hashes",
    "ledger_time_token": "a stamp over a hash",
    "exchange": "partners' nodes: public facts of authorities",
    "propose_partner": "an empty form",
    "partner": "a partner's node: public facts of an authority",
    "partner_descriptor": "a partner's public descriptor",
    "own_descriptor": "this node's public descriptor",
    "own_descriptor_file": "this node's public descriptor",
    "own_seal_certificate": "the public certificate of this node's seal",
    "outgoing": "message ids, sizes and receipts; the content is sealed",
    "outgoing_message": "message ids, sizes and receipts; the content is sealed",
    "incoming": "message ids, sizes and receipts; the content is sealed",
    "incoming_message": "message ids, sizes and receipts; the content is sealed",
    "receipt": "a signed statement over digests",
    "item_file": "bytes come only after an opening with a purpose, which is recorded; so is saving",
    "item_show": "bytes come only after an opening with a purpose, which is recorded",
    "item_thumbnail": "a grey, blurred picture in lists and pages, each of which is recorded",
    "item_page": "a picture comes only after an opening with a purpose, which is recorded",
    "item_poster": "a picture comes only after an opening with a purpose, which is recorded",
    "item_waveform": "a picture comes only after an opening with a purpose, which is recorded",
    "exposure": "how many items the officer opened, by number; names none",
    "exposure_of": "how many items a colleague opened, by number; names none",
    "letter_approve": "asks for the second step first; tests/assistance follow it to the end",
    "rejections": "why a message was refused, by code",
}
# Pages of records that need a state which this stage does not reach. Each goes through the function
# named here, which other pages below are seen to record by; the tests of their app visit them.
FORM_OF_ANOTHER_STAGE = "assistance.views.shared.filled; tests/assistance/test_closed_forms"
FORM_OF_THE_REQUESTED_SIDE = "assistance.views.shared.filled; tests/assistance/test_closed_forms"
OTHER_STATE = {
    "letter_decide": "assistance.views.shared.filled",
    "letter_report": FORM_OF_THE_REQUESTED_SIDE,
    "letter_return": FORM_OF_ANOTHER_STAGE,
    "letter_post": FORM_OF_ANOTHER_STAGE,
    "letter_partner_asked": FORM_OF_ANOTHER_STAGE,
    "letter_register": FORM_OF_THE_REQUESTED_SIDE,
    "letter_accept": FORM_OF_THE_REQUESTED_SIDE,
    "letter_original": FORM_OF_THE_REQUESTED_SIDE,
    "letter_hand_over": FORM_OF_THE_REQUESTED_SIDE,
    "letter_upload": FORM_OF_THE_REQUESTED_SIDE,
    "letter_conditions": FORM_OF_THE_REQUESTED_SIDE,
    "letter_release": FORM_OF_THE_REQUESTED_SIDE,
    "letter_refuse": FORM_OF_THE_REQUESTED_SIDE,
    "letter_document": "assistance.views.files.document, once a letter is printed",
    "item_text": "evidence.views.looking, for an item that has text to read",
    "item_use": "evidence.views.conditions, for an item with a partner's condition",
    "item_redact": "evidence.views.making; tests/evidence/test_redaction, for an opened item",
    "item_excerpt": "evidence.views.making; tests/evidence/test_redaction, for film or PDF",
    "item_drawn": "evidence.views.making; a part of an opening with a purpose, which is recorded",
    "item_contents": "evidence.views.archives; tests/evidence/test_archives, for an archive",
    "item_hold_lift": "evidence.views.keeping, for an item under a hold",
    "item_erasure": "evidence.views.keeping, for an item whose erasure is ordered",
    "item_last_day": "evidence.views.conditions, for an item with a partner's condition",
}
ELSEWHERE = ("account/", "i18n/", "static/")  # one's own account, the language


def pages(patterns: list[object], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if path.startswith(ELSEWHERE) or path.startswith("^account"):
            continue
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, path)
        elif pattern.name:
            yield pattern.name, pattern


def takes_posts_only(client: Client, name: str, pattern: URLPattern) -> bool:
    """Such a page shows nothing to a GET, whatever stands in its address."""
    kinds = [type(each).__name__.removesuffix("Converter") for each in converters(pattern)]
    args = [{"Int": 1, "UUID": uuid.UUID(int=1)}.get(kind, "x") for kind in kinds]
    return client.get(reverse(name, args=args)).status_code == 405


def converters(pattern: URLPattern) -> list[object]:
    return list(pattern.pattern.converters.values())


class Stage:
    """Officers and one record of each kind; what stands in the placeholders of the addresses."""

    def __init__(self, kyiv: Kyiv, officer) -> None:  # noqa: F811
        self.kyiv, self.letter = kyiv, kyiv.complete()
        self.item = kyiv.item()
        self.person = register(kyiv.coordinator)
        self.grant = agree(kyiv.coordinator, self.person)
        self.given = tell(kyiv.coordinator, self.person)
        self.administrator, self.auditor = officer(Role.ADMINISTRATOR), officer(Role.AUDITOR)
        self.glass = accounts.break_glass(
            officer(Role.PROSECUTOR), kind="case", record=uuid.uuid4(), reason="x" * 30
        )
        card = accounts.Card(email="new@example.test", name="New")
        self.proposal = accounts.propose_officer(self.administrator, card, [Role.ANALYST])[0]
        while ledger.sequence_pending():
            pass

    def addresses(self) -> dict[str, tuple[Officer, list[object]]]:
        """Who is entitled to each page, and its placeholders."""
        k, letter, item = self.kyiv, self.letter, self.item
        numbered = self.item.custody.first().entry
        numbered.refresh_from_db()
        case, incident, charge = k.case, k.charge.incident, k.charge
        text = letter.texts.filter(kind=TextKind.FACT).first()
        found: dict[str, tuple[Officer, list[object]]] = {
            "officer": (self.administrator, [k.prosecutor.pk]),
            "officer_proposal": (self.administrator, [self.proposal.pk]),
            "team": (k.prosecutor, ["case", case.uid]),
            "break_glass_review": (k.supervisor, [BreakGlass.objects.get().pk]),
            "people": (k.coordinator, []),
            "person": (k.coordinator, [self.person.pk]),
            "person_consent": (k.coordinator, [self.person.pk]),
            "consent_withdraw": (k.coordinator, [self.person.pk, self.grant.pk]),
            "consent_sheet": (k.coordinator, [self.person.pk, "uk"]),
            "account_new": (k.coordinator, [self.person.pk]),
            "item_share": (k.coordinator, [self.person.pk, self.given.pk]),
            "cases": (k.prosecutor, []),
            "case": (k.prosecutor, [case.pk]),
            "incident_new": (k.prosecutor, [case.pk]),
            "incident": (k.prosecutor, [incident.pk]),
            "incident_items": (k.prosecutor, [incident.pk]),
            "incident_person": (k.prosecutor, [incident.pk]),
            "charge_new": (k.prosecutor, [incident.pk]),
            "charge_decide": (k.colleague, [charge.pk]),
            "element": (k.prosecutor, [charge.pk, "UA-E-438.1"]),
            "items": (k.prosecutor, []),
            "letters": (k.prosecutor, []),
            "letter_translate": (k.prosecutor, [letter.pk, text.pk, "ja"]),
            "letter_text": (k.prosecutor, [letter.pk, text.pk]),
            "letter_text_new": (k.prosecutor, [letter.pk, TextKind.FACT.value]),
            "letter_measure": (k.prosecutor, [letter.pk, letter.measures.first().pk]),
            "letter_person": (k.prosecutor, [letter.pk, letter.persons.first().pk]),
            "letter_offence": (k.prosecutor, [letter.pk, 0]),
            "letter_cite": (k.lawyer, [letter.pk]),
            "letter_paper": (k.prosecutor, [letter.pk, letter.papers.first().pk]),
        }
        found["ledger"] = (self.auditor, [])
        for name in ("ledger_entry", "ledger_proof", "ledger_body"):
            found[name] = (self.auditor, [numbered.index])
        for name in (
            "item", "item_open", "item_file", "item_show", "item_custody", "item_event",
            "item_transcript", "item_hold", "item_move", "item_erase",
        ):  # fmt: skip
            found[name] = (k.prosecutor, [item.pk])
        for name in ("item_entry", "item_proof", "item_entry_body", "item_entry_details"):
            found[name] = (k.prosecutor, [item.pk, numbered.index])
        for name, pattern in pages(get_resolver().url_patterns):
            alone = list(pattern.pattern.converters) == ["pk"]
            if name.startswith("letter") and alone and name not in found:
                found[name] = (k.prosecutor, [letter.pk])
        return found


def test_every_page_is_placed_and_those_of_records_leave_a_mark(kyiv, officer) -> None:  # noqa: F811
    stage = Stage(kyiv, officer)
    addresses = stage.addresses()
    browsers: dict[int, Client] = {}
    silent, unplaced, closed = [], [], []
    for name, pattern in pages(get_resolver().url_patterns):
        if name in EXEMPT or name in OTHER_STATE:
            continue
        actor, args = addresses.get(name, (stage.kyiv.prosecutor, None))
        if actor.pk not in browsers:
            browsers[actor.pk] = Client()
            browsers[actor.pk].force_login(give_second_step(actor))
        if takes_posts_only(browsers[actor.pk], name, pattern):
            continue
        if args is None:
            unplaced.append(name)
            continue
        looks = Entry.objects.filter(kind="access.looked", actor=actor.actor_id)
        before = looks.count()
        answer = browsers[actor.pk].get(reverse(name, args=args))
        if answer.status_code != 200:
            closed.append((name, answer.status_code))
        elif looks.count() == before:
            silent.append(name)
    assert not closed, f"an entitled officer is not let in: {closed}"
    assert not unplaced, "neither visited nor exempt: " + " ".join(unplaced)
    assert not silent, "a look without a mark: " + " ".join(silent)
