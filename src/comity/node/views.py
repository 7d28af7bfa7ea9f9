"""Pages that belong to no single app: Today, health, and what a refusal looks like."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from comity.accounts import models as accounts
from comity.assistance import models as assistance
from comity.cases import models as cases
from comity.core.access import Actor
from comity.core.worklist import SOON, WorkRow
from comity.evidence import models as evidence
from comity.exchange import models as exchange
from comity.ledger import work as ledger
from comity.ui import formats

# Each app that makes work says what waits for an officer.
WORK_SOURCES: tuple[Callable[[Actor], list[WorkRow]], ...] = (
    assistance.work_for,
    cases.work_for,
    evidence.work_for,
    exchange.work_for,
    accounts.work_for,
    ledger.work_for,
)
# Those among them whose rows have a clock count the urgent ones without reading them.
URGENT_COUNTS: tuple[Callable[[Actor], int], ...] = (assistance.count_urgent,)
logger = logging.getLogger("comity.pages")


def work_for(actor: Actor) -> list[WorkRow]:
    """Everything that waits for this officer, the most urgent clock first."""
    rows: list[WorkRow] = []
    for source in WORK_SOURCES:
        rows.extend(source(actor))
    far = timezone.now() + timedelta(days=36500)
    return sorted(rows, key=lambda row: row.due_at or far)


@login_required
def today(request: HttpRequest) -> HttpResponse:
    """The officer's work, grouped by legal urgency."""
    now = timezone.now()
    rows = work_for(accounts.officer_of(request))
    urgent = [row for row in rows if row.due_at is not None and row.due_at <= now + SOON]
    waiting = [row for row in rows if row.due_at is None or row.due_at > now + SOON]
    count = sum(row.count for row in waiting)
    return render(
        request,
        "node/today.html",
        {
            "heading": _("Today, %(day)s") % {"day": _day_in_words(now)},
            "summary": _summary(len(urgent), count),
            "urgent": [_shown(row, now, first=place == 0) for place, row in enumerate(urgent)],
            "waiting": [
                _shown(row, now, first=place == 0 and not urgent)
                for place, row in enumerate(waiting)
            ],
            "waiting_count": count,
        },
    )


def _day_in_words(now: datetime) -> str:
    language = (get_language() or "en").split("-")[0]
    return formats.long_date(timezone.localtime(now).date(), language)


def _summary(urgent: int, waiting: int) -> str:
    if not urgent and not waiting:
        return _("Nothing waits for you.")
    parts = []
    if urgent:
        parts.append(
            ngettext(
                "%(count)d legal clock runs out within 24 hours.",
                "%(count)d legal clocks run out within 24 hours.",
                urgent,
            )
            % {"count": urgent}
        )
    if waiting:
        parts.append(
            ngettext("%(count)d thing waits for you.", "%(count)d things wait for you.", waiting)
            % {"count": waiting}
        )
    return " ".join(parts)


def _shown(row: WorkRow, now: datetime, *, first: bool) -> dict[str, Any]:
    clock, tone = _clock(row.due_at, now)
    return {
        "title": row.title,
        "url": row.url,
        "icon": row.icon,
        "sub": row.detail,
        "clock": clock,
        "tone": tone,
        "basis": row.clock_source,
        "verb": row.verb,
        "do_url": row.url,
        "primary": first,
    }


def _clock(due_at: datetime | None, now: datetime) -> tuple[str, str]:
    if due_at is None:
        return "", "plain"
    left = due_at - now
    if left <= timedelta(0):
        return _("Time is over"), "urgent"
    if left <= SOON:
        hours = max(1, int(left.total_seconds() // 3600))
        words = ngettext("%(count)d h left", "%(count)d h left", hours) % {"count": hours}
        return words, "urgent"
    return (
        ngettext("%(count)d day left", "%(count)d days left", left.days) % {"count": left.days},
        "caution",
    )


def nav_counts(request: HttpRequest) -> dict[str, int]:
    """The number beside Today: clocks that run out within 24 hours."""
    counted = getattr(request, "counted_work", None)
    if counted is None:
        actor = accounts.officer_of(request)
        counted = sum(count(actor) for count in URGENT_COUNTS)
        request.counted_work = counted  # type: ignore[attr-defined]  # kept for this page only
    return {"today": counted}


def health(request: HttpRequest) -> JsonResponse:
    """Say whether the web process reaches its database; for a supervisor or a load balancer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


def not_understood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A request that no form of ours makes: too many fields, a wrong host, a broken body.

    It may have been stopped before anybody knows who asks, and under a name that is not ours.
    """
    if isinstance(exception, DisallowedHost):  # the frame would build addresses under that name
        return HttpResponse(loader.render_to_string("400_host.html"), status=400)
    return render(request, "400.html", status=400)


def not_understood_by_partners(
    request: HttpRequest, exception: Exception | None = None
) -> HttpResponse:
    """The same on the exchange listener, which shows no pages."""
    return HttpResponse(status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Nothing here for this officer."""
    return render(request, "403.html", {"refusal": exception}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No such page."""
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """A fault of ours: needs neither database nor session; shows a number for the log."""
    number = secrets.token_hex(4)
    logger.error("A page failed; the officer was shown the number %s.", number)
    page = loader.render_to_string("500.html", {"error_number": number})
    return HttpResponse(page, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without the mark that this site gave it."""
    return render(request, "403_csrf.html", status=403)
