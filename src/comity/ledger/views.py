"""Pages of the ledger: what was done, by whom, and a proof that anyone can check."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from comity.core.access import Act, Actor, require
from comity.core.errors import Refused
from comity.ledger import actions, epochs
from comity.ledger.models import Checkpoint, Entry, Epoch, TimeToken
from comity.ui.labels import label

PER_PAGE = 50


@login_required
@require_GET
def entries(request: HttpRequest) -> HttpResponse:
    """Every entry, newest first; for auditors and supervisors."""
    require(request.user, Act.SEE_LEDGER)  # type: ignore[arg-type]  # signed in
    wanted = request.GET.get("q", "").replace("\x00", "").strip()
    rows = Entry.objects.order_by("-id")
    actions.record_look(request.user, request.user.subject, part="list.ledger")  # type: ignore[arg-type,union-attr]
    if wanted:
        rows = rows.filter(Q(kind__startswith=wanted) | Q(subject=wanted) | Q(actor=wanted))
    return render(request, "ledger/entries.html", _list(request, rows) | {"wanted": wanted})


@login_required
@require_GET
def own_entries(request: HttpRequest) -> HttpResponse:
    """What the ledger says about the officer who looks."""
    rows = Entry.objects.filter(actor=request.user.actor_id).order_by("-id")  # type: ignore[union-attr]
    return render(request, "ledger/entries.html", _list(request, rows) | {"own": True})


@login_required
@require_POST
def epoch(request: HttpRequest) -> HttpResponse:
    """Propose that the ledger goes on from here, or confirm it as the second officer."""
    actor: Actor = request.user  # type: ignore[assignment]  # signed in
    require(actor, Act.OPEN_EPOCH)
    proposed = request.POST.get("epoch", "")
    waiting = Epoch.objects.filter(pk=proposed).first() if proposed.isdecimal() else None
    try:
        if waiting is not None:
            epochs.confirm_epoch(actor, waiting)
            messages.success(request, _("A new epoch is open. The ledger goes on."))
        else:
            epochs.propose_epoch(actor, reason=request.POST.get("reason", ""))
            messages.success(request, _("It is proposed. Another officer confirms it."))
    except Refused as refusal:
        messages.error(request, label(refusal))
    return redirect("ledger")


def _stopped(request: HttpRequest) -> dict[str, Any]:
    """What the page says while nothing is signed."""
    found = actions.head_trouble()
    waiting = epochs.waiting_epoch(found) if found else None
    may = request.user.may(Act.OPEN_EPOCH)  # type: ignore[union-attr]
    own = waiting is not None and waiting.proposed_by == request.user.actor_id  # type: ignore[union-attr]
    return {
        "trouble": found,
        "trouble_said": found
        and label(Refused(found.code, locked=found.locked_size, size=found.size)),
        "waiting_epoch": waiting,
        "may_confirm": may and waiting is not None and not own,
        "may_propose": may and waiting is None,
        "proposer": _names_of({waiting.proposed_by}) if waiting else {},
    }


def _list(request: HttpRequest, rows: Any) -> dict[str, Any]:
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    head = actions.newest_checkpoint()
    stamped = actions.stamped_checkpoint()
    return {
        "page_obj": page,
        "names": _names(page.object_list),
        "head": head,
        "root_hex": bytes(head.root).hex() if head else "",
        "stamped": stamped,
        "tokens": stamped.tokens.order_by("pk") if stamped else [],
        "renewed": stamped.renewals.last() if stamped else None,
        "late": actions.stamps_late(),
        "pending": actions.pending_count(),
        "witnessed": actions.newest_cosignatures(),
        **_stopped(request),
    }


def _names(rows: Iterable[Entry]) -> dict[str, str]:
    """Who acted, in words, for those whom the app of officers knows."""
    return _names_of({row.actor for row in rows})


def _names_of(actors: set[str]) -> dict[str, str]:
    named: dict[str, str] = import_string(settings.COMITY_ACTOR_NAMES)(actors)
    return named


def _entry(request: HttpRequest, number: int) -> Entry:
    entry = Entry.objects.filter(index=number).select_related("committed").first()
    if entry is None:
        raise Http404
    if entry.actor != request.user.actor_id:  # type: ignore[union-attr]
        require(request.user, Act.SEE_LEDGER)  # type: ignore[arg-type]
        actions.record_look(request.user, entry.subject, part="ledger")  # type: ignore[arg-type]
    return entry


@login_required
@require_GET
def entry(request: HttpRequest, number: int) -> HttpResponse:
    """One entry: what it says, what it commits to, and its proof."""
    found = _entry(request, number)
    committed = getattr(found, "committed", None)
    return render(
        request,
        "ledger/entry.html",
        {
            "entry": found,
            "details": sorted(committed.as_mapping().items()) if committed else [],
            "is_erased": committed is None,
            "names": _names([found]),
            "leaf_hex": bytes(found.leaf_hash or b"").hex(),
            "body": bytes(found.body).decode("utf-8"),
        },
    )


def _download(data: bytes, name: str, media_type: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@login_required
@require_GET
def proof(request: HttpRequest, number: int) -> HttpResponse:
    """The entry's `.tlog-proof`: checks offline against the ledger's published key."""
    found = _entry(request, number)
    try:
        data = actions.prove(found)
    except Refused:
        return redirect("ledger_entry", number=number)
    return _download(data, f"entry-{number}.tlog-proof", "text/plain; charset=utf-8")


@login_required
@require_GET
def body(request: HttpRequest, number: int) -> HttpResponse:
    """The entry's bytes: the input of the leaf hash."""
    return _download(
        bytes(_entry(request, number).body), f"entry-{number}.json", "application/json"
    )


@login_required
@require_GET
def growth(request: HttpRequest) -> HttpResponse:
    """The proof that the ledger only grew since a size of which the reader kept the checkpoint."""
    stated = request.GET.get("since", "").strip()
    try:
        if not (stated.isascii() and stated.isdigit() and len(stated) < 16):
            raise Refused("ledger.no_such_size")
        data = actions.prove_growth(int(stated))
    except Refused as refusal:
        messages.error(request, label(refusal))
        return redirect("ledger" if request.user.may(Act.SEE_LEDGER) else "own_entries")  # type: ignore[union-attr]
    return _download(data, f"growth-{int(stated)}.txt", "text/plain; charset=utf-8")


@login_required
@require_GET
def checkpoint_note(request: HttpRequest, size: int) -> HttpResponse:
    """A signed tree head as a file; anyone who may sign in may keep it and compare later."""
    head = Checkpoint.objects.filter(size=size).first()
    if head is None:
        raise Http404
    return _download(
        actions.cosigned_note(head), f"checkpoint-{size}.txt", "text/plain; charset=utf-8"
    )


@login_required
@require_GET
def time_token(request: HttpRequest, size: int) -> HttpResponse:
    """The time-stamp response over a checkpoint; `openssl ts -verify` checks it."""
    token = TimeToken.objects.filter(checkpoint__size=size).first()
    if token is None:
        raise Http404
    return _download(bytes(token.response), f"checkpoint-{size}.tsr", "application/timestamp-reply")
