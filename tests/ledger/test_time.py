"""Trusted time: k of n authorities, what waits, liars, and renewal before certificates end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.core import renewals
from comity.core.access import Role
from comity.core.errors import Refused
from comity.ledger import actions, renewing, stamping, tasks
from comity.ledger.models import Checkpoint, StampFailure, StampOutage, TimeToken, TokenRenewal
from comity.ledger.work import work_for
from comity.node import checks
from comity.node.testtsa import Fault, serving
from tests.ledger.test_ledger import sequence, write
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
SILENT = "http://127.0.0.1:9/"


class Authorities:
    """Time-stamp authorities on the loopback address, each with its own root."""

    def __init__(self, folder: Path, stack: ExitStack, settings) -> None:
        self.folder, self.stack, self.settings = folder, stack, settings
        settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [], []

    def add(self, *, fault: Fault = Fault.NONE, days: int = 3650, trusted: bool = True) -> str:
        place = self.folder / str(len(list(self.folder.iterdir())))
        url, root = self.stack.enter_context(serving(place, fault=fault, days=days))
        if trusted:
            path = place / "trusted.pem"
            path.write_bytes(root)
            self.settings.COMITY_TSA_ROOTS = [*self.settings.COMITY_TSA_ROOTS, path]
        self.settings.COMITY_TSA_URLS = [*self.settings.COMITY_TSA_URLS, url]
        return url


@pytest.fixture
def authorities(tmp_path: Path, settings) -> Iterator[Authorities]:
    (tmp_path / "tsa").mkdir()
    with ExitStack() as stack:
        yield Authorities(tmp_path / "tsa", stack, settings)


def a_checkpoint() -> Checkpoint:
    write(1)
    sequence()
    head = actions.newest_checkpoint()
    assert head is not None
    return head


# k of n


def test_so_many_different_authorities_stamp_a_checkpoint(authorities, settings) -> None:
    urls = [authorities.add() for _ in range(3)]
    settings.COMITY_TSA_NEEDED = 2
    head = a_checkpoint()
    assert tasks.stamp_is_due()
    assert tasks.stamp_newest()
    assert not tasks.stamp_is_due()
    assert sorted(head.tokens.values_list("authority", flat=True)) == sorted(urls[:2])


def test_the_next_one_stands_in_for_one_that_is_silent(authorities, settings) -> None:
    first = authorities.add()
    settings.COMITY_TSA_URLS = [first, SILENT]
    third = authorities.add()
    settings.COMITY_TSA_NEEDED = 2
    head = a_checkpoint()
    tasks.stamp_newest()
    assert set(head.tokens.values_list("authority", flat=True)) == {first, third}
    assert StampFailure.objects.get().authority == SILENT


def test_what_is_missing_is_asked_for_again_and_only_that(authorities, settings) -> None:
    good = authorities.add()
    settings.COMITY_TSA_URLS = [good, SILENT]
    settings.COMITY_TSA_NEEDED = 2
    head = a_checkpoint()
    assert tasks.stamp_newest()
    assert not tasks.stamp_is_due()  # the silent one is left alone for a while
    late = authorities.add()
    assert actions.missing_stamps(head) == (1, [late])
    assert tasks.stamp_newest()
    assert head.tokens.count() == 2


class Waiting:
    """An authority that answers nobody until it is let go; says whether it was asked."""

    def __init__(self) -> None:
        self.asked, self.free = threading.Event(), threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.set()
                outer.free.wait(30)
                self.send_error(503)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


def test_a_slow_authority_does_not_hold_up_the_others(authorities, settings) -> None:
    slow, good = Waiting(), authorities.add()
    settings.COMITY_TSA_TIMEOUT_SECONDS = 30
    answers = stamping.ask_several([slow.url, good], bytes(32), 2)
    first = next(answers)  # comes while the slow one is still silent
    assert slow.asked.wait(10)
    assert isinstance(first, stamping.Answer)
    assert first.authority == good
    slow.free.set()
    assert [answer[1] for answer in answers] == ["http.HTTPStatusError"]
    slow.server.shutdown()


@pytest.mark.parametrize(
    ("fault", "trusted", "reason"),
    [
        (Fault.WRONG_IMPRINT, True, "timestamp.wrong_imprint"),
        (Fault.WRONG_NONCE, True, "timestamp.wrong_nonce"),
        (Fault.EXPIRED, True, "timestamp.certificate_expired"),
        (Fault.DOWN, True, "http.HTTPStatusError"),
        (Fault.NONE, False, "timestamp.authority_unknown"),
    ],
)
def test_a_lying_authority_is_kept_as_evidence_and_another_one_stamps(
    authorities, settings, fault: Fault, trusted: bool, reason: str
) -> None:
    liar, good = authorities.add(fault=fault, trusted=trusted), authorities.add()
    head = a_checkpoint()
    assert tasks.stamp_newest()
    assert head.tokens.get().authority == good
    kept = StampFailure.objects.get()
    assert (kept.authority, kept.reason) == (liar, reason)
    assert bool(bytes(kept.response))


def test_a_stamp_under_another_policy_is_not_accepted(authorities, settings) -> None:
    authorities.add()
    settings.COMITY_TSA_POLICIES = ["1.2.3.4"]
    a_checkpoint()
    assert not tasks.stamp_newest()
    assert StampFailure.objects.get().reason == "timestamp.wrong_policy"
    settings.COMITY_TSA_POLICIES = ["1.2.3.4", "1.3.6.1.4.1.55555.1.1"]
    StampOutage.objects.all().delete()
    assert tasks.stamp_newest()


def test_an_unsorted_set_in_a_token_is_read_and_kept_as_it_came(authorities) -> None:
    authorities.add(fault=Fault.UNSORTED)
    head = a_checkpoint()
    assert tasks.stamp_newest()
    assert head.tokens.count() == 1


# What waits


def test_what_waits_too_long_is_said_where_it_is_seen(authorities, settings, officer) -> None:
    settings.COMITY_TSA_URLS = [SILENT]
    settings.COMITY_TSA_ALARM_MINUTES = 60
    a_checkpoint()
    auditor, prosecutor = officer(Role.AUDITOR), officer(Role.PROSECUTOR)
    assert actions.stamps_late() is None
    assert work_for(auditor) == []
    settings.COMITY_TSA_ALARM_MINUTES = 0
    assert actions.stamps_late() is not None
    assert [row.url for row in work_for(auditor)] == [reverse("ledger")]
    assert work_for(prosecutor) == []
    assert [each.id for each in checks.time_is_stamped(None)] == ["comity.W010"]
    give_second_step(auditor)
    client = Client(headers={"accept-language": "en"})
    client.force_login(auditor)
    assert "Waiting for time-stamps" in client.get(reverse("ledger")).content.decode()


def test_enough_tokens_end_the_alarm_and_one_too_few_do_not(authorities, settings) -> None:
    settings.COMITY_TSA_ALARM_MINUTES = 0
    authorities.add()
    a_checkpoint()
    tasks.stamp_newest()
    assert actions.stamps_late() is None
    authorities.add()
    settings.COMITY_TSA_NEEDED = 2
    assert actions.stamps_late() is not None
    tasks.stamp_newest()
    assert actions.stamps_late() is None
    a_checkpoint()
    assert actions.stamps_late() is not None


def test_more_tokens_than_authorities_is_a_mistake_of_the_settings(authorities, settings) -> None:
    authorities.add()
    settings.COMITY_TSA_NEEDED = 2
    assert [each.id for each in checks.time_can_be_proved(None)] == ["comity.E008"]
    settings.COMITY_TSA_NEEDED = 1
    assert checks.time_can_be_proved(None) == []


# Renewal


def test_tokens_are_renewed_before_their_certificates_end(authorities, settings) -> None:
    authorities.add(days=80)
    head = a_checkpoint()
    tasks.stamp_newest()
    settings.COMITY_TSA_RENEW_DAYS = 30
    assert not renewing.renewal_is_due()
    assert renewing.renewal_is_due(timezone.now() + timedelta(days=51))
    settings.COMITY_TSA_RENEW_DAYS = 90
    assert renewing.renewal_is_due()
    authorities.add(days=3650)
    assert tasks.renew_stamps.call()
    renewal = head.renewals.get()
    record = renewals.read(bytes(renewal.record))
    assert record.note == renewals.digest(bytes(head.note))
    assert record.tokens == (renewals.digest(bytes(head.tokens.get().response)),)
    assert not renewing.renewal_is_due()
    found = renewing.standing()
    assert found is not None
    assert found.until > timezone.now() + timedelta(days=3000)
    assert actions.examine().faults == []


def test_a_second_renewal_covers_the_first(authorities) -> None:
    authorities.add(days=20)
    head = a_checkpoint()
    tasks.stamp_newest()
    authorities.add(days=60)
    first = renewing.renew()
    authorities.add(days=3650)
    second = renewing.renew()
    assert renewals.read(bytes(second.record)).renewals == (renewals.digest(bytes(first.response)),)
    assert [each.number for each in head.renewals.all()] == [1, 2]
    assert actions.examine().faults == []


def test_a_stamp_that_lasts_no_longer_renews_nothing(authorities, capsys) -> None:
    with pytest.raises(CommandError):
        call_command("ledger_renew")
    authorities.add(days=30)
    a_checkpoint()
    tasks.stamp_newest()
    with pytest.raises(Refused) as refused:
        renewing.renew()
    assert refused.value.code == "ledger.no_renewal"
    assert not TokenRenewal.objects.exists()
    authorities.add()
    call_command("ledger_renew")
    assert "Renewed" in capsys.readouterr().out


@pytest.mark.breaks_ledger
@pytest.mark.parametrize("change", ["record", "token", "order", "time", "chain"])
def test_a_renewal_that_was_changed_is_found(authorities, change: str) -> None:
    authorities.add(days=30)
    a_checkpoint()
    tasks.stamp_newest()
    authorities.add()
    renewal = renewing.renew()
    if change == "record":
        renewal.record = bytes(renewal.record).replace(b'"tokens":["', b'"tokens":["0')
    elif change == "token":
        renewal.response = TimeToken.objects.get().response
    elif change == "order":
        renewal.record = bytes(renewal.record).replace(
            b'"renewals":[]', b'"renewals":["%s"]' % (b"0" * 64)
        )
    elif change == "time":
        renewal.gen_time -= timedelta(days=400)
    else:
        renewal.chain = authorities.settings.COMITY_TSA_ROOTS[1].read_bytes()
    renewal.save()
    assert "ledger.renewal_changed" in {fault.code for fault in actions.examine().faults}


@pytest.mark.parametrize(
    ("renewed", "until"),
    [
        ([], 10),
        ([(5, 20)], 20),
        ([(5, 20), (15, 40)], 40),
        ([(11, 20)], 10),  # the first came too late
        ([(5, 20), (21, 40)], 20),  # so did the second
        ([(11, 20), (5, 30)], 10),
    ],
)
def test_what_is_renewed_in_time_is_kept_and_what_is_late_is_not(renewed, until) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def day(number: int) -> datetime:
        return start + timedelta(days=number)

    found = renewals.kept_until(day(10), [(day(at), day(end)) for at, end in renewed])
    assert found == day(until)


def test_an_authority_that_answers_again_ends_its_own_outage_only(authorities, settings) -> None:
    good = authorities.add()
    settings.COMITY_TSA_URLS = [SILENT, good]
    a_checkpoint()
    tasks.stamp_newest()
    assert actions.authorities_to_ask(()) == [good]
    assert not actions.stamp_failed_since(timezone.now() - timedelta(seconds=30))


def test_a_signer_asks_from_an_event_loop(authorities, monkeypatch) -> None:
    """pyHanko signs in one; Django lets nobody at the database from there."""
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
    authorities.add()

    async def signs() -> bytes:
        return stamping.stamper(b"\1" * 32)

    assert asyncio.run(signs())
