"""Pages of the exchange: partners, what goes and comes, receipts, what was refused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from comity.accounts.models import fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.core.sealing import descriptor as descriptors
from comity.exchange import actions, showing, transport
from comity.exchange.forms import ConfirmForm, ProposeForm
from comity.exchange.models import (
    IncomingMessage,
    OutgoingMessage,
    Partner,
    Receipt,
    Rejection,
)
from comity.exchange.rules import Direction, OutgoingStatus
from comity.ui.labels import label

PER_PAGE = 25


def _tabs(current: str) -> list[dict[str, Any]]:
    pages = [
        ("exchange", _("Partners")),
        ("outgoing", _("Sent")),
        ("incoming", _("Received")),
        ("rejections", _("Refused")),
        ("own_descriptor", _("This node")),
    ]
    return [
        {"url": _url(name), "label": words, "current": name == current, "count": None}
        for name, words in pages
    ]


def _url(name: str, *arguments: object) -> str:
    return str(redirect(name, *arguments).url)


@login_required
@require_GET
def exchange(request: HttpRequest) -> HttpResponse:
    """The partners and how the exchange with each of them stands."""
    officer = officer_of(request)
    require(officer, Act.SEE_EXCHANGE)
    partners = Partner.objects.visible_to(officer).annotate(
        waiting=Count("outgoing", filter=Q(outgoing__status=OutgoingStatus.QUEUED))
    )
    rows = [(partner, showing.trouble(partner), showing.types_of(partner)) for partner in partners]
    return render(
        request,
        "exchange/partners.html",
        {"rows": rows, "tabs": _tabs("exchange"), "may_pair": officer.may(Act.PAIR_PARTNER)},
    )


@login_required
def propose(request: HttpRequest) -> HttpResponse:
    """The first officer's half of a pairing."""
    officer = officer_of(request)
    require(officer, Act.PAIR_PARTNER)
    form = ProposeForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            partner = actions.propose_partner(
                officer, fields["descriptor"], fields["allowed_types"]
            )
        except (Refused, Untrusted) as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(
                request, _("Now another officer compares the fingerprint with the other side.")
            )
            return redirect("partner", pk=partner.pk)
    return render(request, "exchange/propose.html", {"form": form, "tabs": _tabs("exchange")})


def _partner(request: HttpRequest, pk: int) -> Partner:
    officer = officer_of(request)
    require(officer, Act.SEE_EXCHANGE)
    rows = Partner.objects.visible_to(officer).select_related("proposed_by", "confirmed_by")
    return fetch(rows, pk=pk)


@login_required
def partner(request: HttpRequest, pk: int) -> HttpResponse:
    """One partner: state, messages, keys, diagnosis; the second officer confirms here."""
    officer = officer_of(request)
    found = _partner(request, pk)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            actions.confirm_partner(officer, found, typed["fingerprint"], typed["verified_how"])
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("Messages can pass now, once they confirm this node too."))
            return redirect("partner", pk=pk)
    return render(request, "exchange/partner.html", _partner_context(request, found, form))


def _partner_context(request: HttpRequest, found: Partner, form: ConfirmForm) -> dict[str, Any]:
    officer = officer_of(request)
    days = showing.last_days(found)
    may_confirm = officer.may(Act.CONFIRM_PARTNER) and found.proposed_by_id != officer.pk
    return {
        "partner": found,
        "form": form,
        "tags": showing.tags_of(found),
        "types": showing.types_of(found),
        "trouble": showing.trouble(found),
        "waiting": showing.waiting_facts(found),
        "keys_until": showing.keys_until(found),
        "rows": showing.newest_messages(found),
        "days": days,
        "top": max((count for _day, count in days), default=0),
        "diagnosis": showing.diagnosis_lines(found),
        "fingerprint": descriptors.spoken_fingerprint(found.fingerprint),
        "endpoint": found.described().endpoint,
        "may_confirm": found.waits_for_confirmation and may_confirm,
        "may_revoke": officer.may(Act.CONFIRM_PARTNER) or officer.may(Act.PAIR_PARTNER),
        "crumbs": [(_("Exchange"), _url("exchange")), (_("Partners"), _url("exchange")),
                   (found.node_id, None)],
    }  # fmt: skip


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop every exchange with a partner at once."""
    found = _partner(request, pk)
    try:
        actions.revoke_partner(officer_of(request), found)
    except Refused as refusal:
        messages.error(request, label(refusal))
    else:
        messages.success(request, _("Nothing goes to this partner or comes from it any more."))
    return redirect("partner", pk=pk)


@login_required
@require_POST
def test_connection(request: HttpRequest, pk: int) -> HttpResponse:
    """Try name, port, certificates, clocks and a signed call, and say what to do."""
    found = _partner(request, pk)
    diagnosis = transport.diagnose(found)
    steps = [{"code": s.code, "ok": s.ok, "facts": s.facts} for s in diagnosis.steps]
    actions.keep_diagnosis(officer_of(request), found, steps)
    if all(step.ok for step in diagnosis.steps):
        actions.note_answer(found, ahead_seconds=diagnosis.ahead_seconds)
    if diagnosis.descriptor:
        actions.learn(found, diagnosis.descriptor)
    return redirect(_url("partner", pk) + "#diagnosis")


@login_required
@require_GET
def outgoing(request: HttpRequest) -> HttpResponse:
    """What this node sends, and how far each message has come."""
    rows = OutgoingMessage.objects.visible_to(officer_of(request)).select_related("partner")
    return _message_list(request, rows.order_by("-id"), "outgoing")


@login_required
@require_GET
def incoming(request: HttpRequest) -> HttpResponse:
    """What came from partners, and what became of it."""
    rows = IncomingMessage.objects.visible_to(officer_of(request)).select_related("partner")
    return _message_list(request, rows.order_by("-id"), "incoming")


def _message_list(request: HttpRequest, rows: Any, name: str) -> HttpResponse:
    require(officer_of(request), Act.SEE_EXCHANGE)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "exchange/messages.html",
        {
            "page_obj": page,
            "rows": showing.message_rows(page.object_list),
            "tabs": _tabs(name),
            "sent": name == "outgoing",
        },
    )


@login_required
@require_GET
def outgoing_message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message of ours: its digests, receipts, what stands in its way."""
    officer = officer_of(request)
    require(officer, Act.SEE_EXCHANGE)
    rows = OutgoingMessage.objects.visible_to(officer).select_related("partner")
    found = fetch(rows, pk=pk)
    receipts = Receipt.objects.about(found.uid).filter(partner=found.partner)
    may_resend = officer.may(Act.RESEND_MESSAGE) and _may_go(found)
    context = _message_context(found, receipts.exclude(direction=Direction.GIVEN))
    context |= {"blobs": found.blobs.order_by("id"), "sent": True, "may_resend": may_resend}
    return render(request, "exchange/message.html", context)


def _may_go(found: OutgoingMessage) -> bool:
    return found.status in {"queued", "dead"} and found.stop_asked_at is None


@login_required
@require_GET
def incoming_message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message of a partner: its digests, receipts, what became of it."""
    officer = officer_of(request)
    require(officer, Act.SEE_EXCHANGE)
    rows = IncomingMessage.objects.visible_to(officer).select_related("partner")
    found = fetch(rows, pk=pk)
    receipts = Receipt.objects.about(found.uid).filter(partner=found.partner)
    context = _message_context(found, receipts.filter(direction=Direction.GIVEN))
    return render(request, "exchange/message.html", context | {"sent": False})


def _message_context(found: OutgoingMessage | IncomingMessage, receipts: Any) -> dict[str, Any]:
    row = showing.message_rows([found])[0]
    back = "outgoing" if isinstance(found, OutgoingMessage) else "incoming"
    return {
        "message": found,
        "row": row,
        "receipts": receipts,
        "tags": [(row.tone, row.state, row.icon)],
        "trouble": showing.trouble(found.partner),
        "crumbs": [(_("Exchange"), _url("exchange")), (_("Messages"), _url(back)),
                   (found.number, None)],
    }  # fmt: skip


@login_required
@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the same bytes again under the same id."""
    officer = officer_of(request)
    found = fetch(OutgoingMessage.objects.visible_to(officer), pk=pk)
    try:
        actions.resend(officer, found)
    except Refused as refusal:
        messages.error(request, label(refusal))
    else:
        messages.success(request, _("The message goes out again now, under the same number."))
    return redirect("outgoing_message", pk=pk)


def _download(text: str, name: str, content_type: str = "application/jose") -> HttpResponse:
    return HttpResponse(
        text,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@login_required
@require_GET
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """A receipt as it was signed; `comity-verify` checks it."""
    found = fetch(Receipt.objects.visible_to(officer_of(request)), pk=pk)
    return _download(found.text, f"receipt-{found.event}-{found.pk}.jws")


@login_required
@require_GET
def rejections(request: HttpRequest) -> HttpResponse:
    """What came over the exchange and was not believed."""
    officer = officer_of(request)
    require(officer, Act.SEE_EXCHANGE)
    rows = Rejection.objects.visible_to(officer).select_related("partner")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "exchange/rejections.html", {"page_obj": page, "tabs": _tabs("rejections")}
    )


@login_required
@require_GET
def own_descriptor(request: HttpRequest) -> HttpResponse:
    """What a partner needs to know of this node, and the fingerprint to read out."""
    require(officer_of(request), Act.SEE_EXCHANGE)
    described = descriptors.parse(actions.own_descriptor())
    spoken = descriptors.spoken_fingerprint(descriptors.fingerprint(described))
    return render(
        request,
        "exchange/own.html",
        {
            "described": described,
            "fingerprint": spoken,
            "facts": showing.own_facts(),
            "tabs": _tabs("own_descriptor"),
        },
    )


@login_required
@require_GET
def own_descriptor_file(request: HttpRequest) -> HttpResponse:
    """This node's descriptor as a file for the partner's administrator."""
    require(officer_of(request), Act.SEE_EXCHANGE)
    return _download(actions.own_descriptor(), "comity-descriptor.jws")


@login_required
@require_GET
def own_seal_certificate(request: HttpRequest) -> HttpResponse:
    """The certificate of this node's seal (PEM), for who checks a package with openssl alone."""
    require(officer_of(request), Act.SEE_EXCHANGE)
    described = descriptors.parse(actions.own_descriptor())
    return _download(described.seal_certificate, "comity-seal.pem", "application/x-pem-file")


@login_required
@require_GET
def partner_descriptor_file(request: HttpRequest, pk: int) -> HttpResponse:
    """A partner's descriptor as it was confirmed."""
    return _download(_partner(request, pk).descriptor, f"partner-{pk}-descriptor.jws")
