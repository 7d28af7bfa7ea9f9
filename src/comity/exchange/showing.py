"""How partners and messages are put into words for the pages; reads, and changes nothing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.core import certificates
from comity.exchange.models import (
    IncomingMessage,
    OutgoingBlob,
    OutgoingMessage,
    Partner,
    Receipt,
)
from comity.exchange.rules import Direction, IncomingStatus, OutgoingStatus
from comity.ui import labels
from comity.ui.labels import label

DAYS_SHOWN = 5


@dataclass(frozen=True)
class MessageRow:
    """One line of a table of messages. at, due: aware. have: codes of receipts."""

    title: str
    url: str
    way: str
    size: int
    at: datetime
    have: frozenset[str]
    tone: str
    icon: str
    state: str
    next: str
    due: datetime | None
    partner: Partner


def message_rows(messages: Iterable[OutgoingMessage | IncomingMessage]) -> list[MessageRow]:
    """Return lines for messages of either kind, in the order given; two queries for all of them."""
    found = list(messages)
    events = _events([message.uid for message in found])
    blobs = _progress([each.pk for each in found if isinstance(each, OutgoingMessage)])
    return [
        _outgoing_row(each, events, blobs.get(each.pk))
        if isinstance(each, OutgoingMessage)
        else _incoming_row(each, events)
        for each in found
    ]


_Key = tuple[int, uuid.UUID, bool]


def _events(ids: Sequence[uuid.UUID]) -> dict[_Key, set[str]]:
    """Return the events by partner, message and whether it is the partner's message."""
    events: dict[_Key, set[str]] = defaultdict(set)
    rows = Receipt.objects.filter(message_id__in=ids)
    for partner, message_id, direction, event in rows.values_list(
        "partner_id", "message_id", "direction", "event"
    ):
        events[partner, message_id, direction == Direction.GIVEN].add(event)
    return events


def _progress(pks: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return sent and whole bytes of the attachments of each message that has any."""
    sums = (
        OutgoingBlob.objects.filter(message__in=pks)
        .values("message")
        .annotate(sent=Sum("sent_bytes"), whole=Sum("sealed_size"))
    )
    return {each["message"]: (each["sent"], each["whole"]) for each in sums}


def _outgoing_row(
    message: OutgoingMessage, events: dict[_Key, set[str]], blobs: tuple[int, int] | None
) -> MessageRow:
    status = OutgoingStatus(message.status)
    tone, icon = labels.tone(status)
    state = label(status)
    if status is OutgoingStatus.QUEUED and blobs and 0 < blobs[0] < blobs[1]:
        state = _("Sending, %(percent)d %%") % {"percent": 100 * blobs[0] // blobs[1]}
    awaited = message.awaited
    words = (_("%(receipt)s due") % {"receipt": awaited[0]}) if awaited else ""
    due = message.next_attempt_at if message.last_error else (awaited[1] if awaited else None)
    if message.last_error:
        words = label(message.last_error)
    elif status is OutgoingStatus.QUEUED and message.partner.failures:
        words, due = label(message.partner.last_error), message.partner.next_attempt_at
    return MessageRow(
        title=f"{label(message.type, 'MessageType')} {message.number}",
        url=reverse("outgoing_message", args=[message.pk]),
        way=_("out"),
        size=message.sealed_size + (blobs[1] if blobs else 0),
        at=message.created_at,
        have=frozenset(events.get((message.partner_id, message.uid, False), ())),
        tone=tone,
        icon=icon,
        state=state,
        next=words,
        due=due,
        partner=message.partner,
    )


def _incoming_row(message: IncomingMessage, events: dict[_Key, set[str]]) -> MessageRow:
    status = IncomingStatus(message.status)
    tone, icon = labels.tone(status)
    # Their seal shows that their node accepted it for sending.
    have = events.get((message.partner_id, message.uid, True), set()) | {"E1"}
    kind = label(message.type, "MessageType") if message.type else _("Sealed message")
    return MessageRow(
        title=f"{kind} {message.number}",
        url=reverse("incoming_message", args=[message.pk]),
        way=_("in"),
        size=message.sealed_size,
        at=message.received_at,
        have=frozenset(have),
        tone=tone,
        icon=icon,
        state=label(status),
        next=label(message.reason) if message.reason else "",
        due=message.next_attempt_at if message.reason and status == "received" else None,
        partner=message.partner,
    )


def newest_messages(partner: Partner, at_most: int = 25) -> list[MessageRow]:
    """Return lines for the newest messages both ways, newest first."""
    out = partner.outgoing.select_related("partner").order_by("-id")[:at_most]
    came = partner.incoming.select_related("partner").order_by("-id")[:at_most]
    rows = sorted(message_rows([*out, *came]), key=lambda row: row.at, reverse=True)
    return rows[:at_most]


def trouble(partner: Partner) -> dict[str, Any] | None:
    """Return why a partner cannot be reached now, in words; None when it can."""
    if partner.history_doubted_at:
        return {
            "tone": "urgent",
            "title": _("%(name)s contradicts its own receipts") % {"name": partner.name},
            "text": _(
                "Its node has stated two histories of its ledger. Talk to them before you rely on "
                "new receipts; nothing that you hold is affected."
            ),
            "at": None,
        }
    if not partner.failures:
        return None
    return {
        "tone": "caution",
        "title": _("%(name)s does not answer as it should") % {"name": partner.name},
        "text": label(partner.last_error),
        "at": partner.next_attempt_at,
    }


def tags_of(partner: Partner) -> list[tuple[str, str, str]]:
    """Return the status words of a partner's identity bar."""
    tone, icon = labels.tone(partner.status, "PartnerStatus")
    tags = [(tone, label(partner.status, "PartnerStatus"), icon)]
    if partner.verified_at and partner.status == "active":
        tags.append(("good", _("Key verified by two officers"), "badge-check"))
    if partner.proposed_descriptor:
        tags.append(("caution", _("New keys wait for the second officer"), "fingerprint-pattern"))
    if partner.ahead_seconds is not None and abs(partner.ahead_seconds) > 5:
        text = _("Clocks differ by %(seconds)d s") % {"seconds": abs(partner.ahead_seconds)}
        tags.append(("caution", text, "clock-alert"))
    return tags[:4]


def waiting_facts(partner: Partner) -> tuple[int, int]:
    """Return how many messages wait to go out to a partner, and their bytes with attachments."""
    queued = partner.outgoing.filter(status=OutgoingStatus.QUEUED)
    own = queued.aggregate(count=Count("id"), size=Sum("sealed_size"))
    blobs = OutgoingBlob.objects.filter(message__in=queued, delivered_at=None)
    rest = blobs.aggregate(size=Sum("sealed_size") - Sum("sent_bytes"))["size"]
    return own["count"], (own["size"] or 0) + (rest or 0)


def keys_until(partner: Partner) -> datetime:
    """Return when the partner's seal certificate ends."""
    pem = partner.described().seal_certificate.encode("ascii")
    return certificates.load_certificate(pem).not_valid_after_utc


def last_days(partner: Partner) -> list[tuple[date, int]]:
    """Return the number of messages both ways on each of the last days, newest first."""
    since = timezone.localdate() - timedelta(days=DAYS_SHOWN - 1)
    counts: dict[date, int] = defaultdict(int)
    for rows, field in ((partner.outgoing, "created_at"), (partner.incoming, "received_at")):
        by_day = (
            rows.filter(**{f"{field}__date__gte": since})
            .annotate(day=TruncDate(field))
            .values_list("day")
            .annotate(count=Count("id"))
        )
        for day, count in by_day:
            counts[day] += count
    days = [since + timedelta(days=number) for number in range(DAYS_SHOWN)]
    return [(day, counts[day]) for day in reversed(days)]


def diagnosis_lines(partner: Partner) -> list[dict[str, Any]]:
    """Return the steps of the last test of the connection as lines of a checklist."""
    return [_step_line(step) for step in partner.diagnosis]


def _step_line(step: dict[str, Any]) -> dict[str, Any]:
    facts = step["facts"]
    line = {
        "state": {True: "ok", False: "stop", None: "wait"}[step["ok"]],
        "text": label(step["code"], "Step"),
        "side": "",
        "note": "",
    }
    if "milliseconds" in facts:
        line["side"] = _("%(count)d ms") % {"count": facts["milliseconds"]}
    if facts.get("days_left") is not None:
        days = facts["days_left"]
        line["side"] = ngettext("valid for %(count)d day", "valid for %(count)d days", days) % {
            "count": days
        }
    if "limit" in facts:
        line["side"] = _("differ by %(seconds)d s; limit %(limit)d s") % {
            "seconds": facts["seconds"],
            "limit": facts["limit"],
        }
    if step["ok"] is not True:
        line["note"] = label(facts.get("reason") or "call.skew")
    return line


def types_of(partner: Partner) -> str:
    """Return the kinds of messages agreed with a partner, in words."""
    return ", ".join(label(kind, "MessageType") for kind in partner.allowed_types)


def own_facts() -> list[tuple[str, str]]:
    """Return what a partner's officers need to know of this node."""
    return [
        (_("Node"), settings.COMITY_NODE_ID),
        (_("Address for partners"), settings.COMITY_EXCHANGE_URL),
    ]
