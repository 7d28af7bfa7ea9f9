"""A package for somebody outside: what a person agreed to decides, and her record shows it."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from comity.cases import actions as cases
from comity.core.access import Role
from comity.core.errors import Incomplete, Refused
from comity.evidence import actions as evidence
from comity.evidence.actions import Handover
from comity.evidence.models import Disclosure, Item
from comity.evidence.rules import BasisKind, CustodyEvent, Recipient
from comity.hub import actions
from comity.hub.rules import Answer, Mode, Purpose, Scope
from comity.ledger.models import Entry
from tests.hub.conftest import STORY, agree, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, settings: LazySettings) -> Path:
    settings.COMITY_SPOOL = tmp_path / "spool"
    settings.COMITY_TSA_URLS = []
    return tmp_path / "spool"


@pytest.fixture
def trial(hub, officer):
    """A prosecutor with a case, a consent for the prosecutor's office, and an item shared."""
    hub.prosecutor = officer(Role.PROSECUTOR)
    hub.case = cases.open_case(hub.prosecutor, number="2211/24", title="Shelling")
    hub.grant = agree(hub.coordinator, hub.person)
    hub.item = tell(hub.coordinator, hub.person)
    actions.share_account(hub.coordinator, hub.person, hub.item, hub.case)
    return hub


def export(trial, *items: Item, **to: object) -> Path:
    return evidence.export_package(
        trial.prosecutor,
        list(items) or [trial.item],
        purpose="Trial",
        legal_basis="CPC art. 290",
        case_ref="2211/24",
        to=Handover(**to),
    )


def answer(trial, recipient: str, **change: object) -> object:
    return agree(trial.coordinator, trial.person, recipient=recipient, **change)


def test_what_was_agreed_for_the_trial_goes_to_the_court_and_stands_on_the_record(
    trial, sign_in
) -> None:
    with zipfile.ZipFile(export(trial)) as package:
        assert package.read(f"data/{trial.item.number}/original.bin") == STORY
    left = Disclosure.objects.get()
    assert (left.recipient, left.purpose) == ("court", "investigation")
    assert (left.basis_kind, left.basis_ref) == (BasisKind.CONSENT, trial.grant.subject)
    assert Entry.objects.filter(kind="evidence.item_disclosed").count() == 1
    address = reverse("person", args=[trial.person.pk])
    page = sign_in(trial.coordinator).get(address).content.decode()
    went = page[page.index('id="left"') : page.index('id="safe"')]
    assert "Court" in went
    assert trial.item.number in went
    assert "Investigation and trial" in went


@pytest.mark.parametrize("recipient", [Recipient.DEFENCE, Recipient.ICC])
def test_what_was_agreed_for_the_trial_goes_to_nobody_else(
    trial, spool: Path, recipient: Recipient
) -> None:
    with pytest.raises(Refused) as refused:
        export(trial, recipient=recipient)
    assert refused.value.code == "evidence.no_release"
    assert refused.value.facts == {"item": trial.item.number}
    assert not Disclosure.objects.exists()
    assert not list(spool.glob("packages/*"))
    answer(trial, str(recipient))
    export(trial, recipient=recipient)
    assert Disclosure.objects.get().recipient == recipient


def test_one_item_without_agreement_stops_the_whole_package(trial) -> None:
    photo = tell(trial.coordinator, trial.person, b"photo", scope=Scope.MEDIA, kind="photo")
    evidence.share_item(trial.coordinator, photo, kind="case", record=trial.case.uid)
    with pytest.raises(Refused) as refused:
        export(trial, trial.item, photo)
    assert refused.value.facts == {"item": photo.number}
    assert not Disclosure.objects.exists()


def test_her_own_answer_about_the_court_prevails(trial) -> None:
    answer(trial, "court", answer=Answer.REFUSED, scopes=[])
    with pytest.raises(Refused):
        export(trial)
    agree(trial.coordinator, trial.person)
    with pytest.raises(Refused):
        export(trial)
    own = answer(trial, "court")
    export(trial)
    assert Disclosure.objects.get().basis_ref == own.subject
    actions.withdraw_consent(trial.coordinator, own)
    with pytest.raises(Refused):
        export(trial)


def test_a_withdrawn_or_ended_agreement_lets_nothing_leave(trial) -> None:
    actions.withdraw_consent(trial.coordinator, trial.grant)
    with pytest.raises(Refused):
        export(trial)
    yesterday = timezone.localdate() - timedelta(days=1)
    agree(trial.coordinator, trial.person, valid_from=yesterday, valid_until=yesterday)
    with pytest.raises(Refused):
        export(trial)


def test_an_agreement_for_another_purpose_lets_nothing_leave(trial) -> None:
    actions.withdraw_consent(trial.coordinator, trial.grant)
    answer(trial, "court", purpose=Purpose.STATISTICS)
    with pytest.raises(Refused):
        export(trial)


def test_where_the_name_is_withheld_somebody_says_how(trial, sign_in) -> None:
    answer(trial, "court", mode=Mode.NAME_WITHHELD)
    with pytest.raises(Refused) as refused:
        export(trial)
    assert refused.value.code == "evidence.appearance_unsaid"
    assert refused.value.facts["item"] == trial.item.number
    export(trial, appearance="Names blackened, ruling 14 of 3 November")
    assert Disclosure.objects.get().appearance.startswith("Names blackened")
    address = reverse("person", args=[trial.person.pk])
    assert "Names blackened" in sign_in(trial.coordinator).get(address).content.decode()


def test_a_named_order_is_a_basis_of_its_own_and_leaves_the_name_hidden(trial, sign_in) -> None:
    answer(trial, "partner:jp", mode=Mode.PSEUDONYMOUS)
    with pytest.raises(Refused) as refused:
        export(trial, recipient=Recipient.DEFENCE, order="Ruling 412/26")
    assert refused.value.code == "evidence.appearance_unsaid"
    export(trial, recipient=Recipient.DEFENCE, order="Ruling 412/26", appearance="Annex sealed")
    left = Disclosure.objects.get()
    assert (left.basis_kind, left.basis_ref) == (BasisKind.LEGAL, "order:Ruling 412/26")
    address = reverse("person", args=[trial.person.pk])
    assert "Ruling 412/26" in sign_in(trial.coordinator).get(address).content.decode()


def test_somebody_else_is_named_and_nobody_else_is(trial) -> None:
    for to in ({"recipient": Recipient.OTHER}, {"recipient": Recipient.COURT, "name": "x"}):
        with pytest.raises(Incomplete):
            export(trial, **to)
    export(trial, recipient=Recipient.OTHER, name="Ministry of X", order="Art. 9")
    assert Disclosure.objects.get().recipient == "other:Ministry of X"


def test_consent_withdrawn_while_the_package_is_written_stops_it(
    trial, spool: Path, settings: LazySettings
) -> None:
    """The last look at consent is in the transaction that records what left."""
    with Meanwhile(lambda: actions.withdraw_consent(trial.coordinator, trial.grant)) as address:
        settings.COMITY_TSA_URLS = [address]
        with pytest.raises(Refused) as refused:
            export(trial)
    assert refused.value.code == "evidence.no_release"
    assert not Disclosure.objects.exists()
    assert not trial.item.custody.filter(event=CustodyEvent.EXPORTED).exists()
    assert not list(spool.glob("packages/*"))


class Meanwhile:
    """A time-stamp authority that is out of order; while it says so, something else happens."""

    def __init__(self, act: Callable[[], object]) -> None:
        class Handler(BaseHTTPRequestHandler):
            done = False

            def do_POST(self) -> None:
                if not type(self).done:
                    type(self).done = True
                    act()
                    connection.close()
                self.send_error(503)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
