"""The list of letters, and starting one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, made_once, officer_of
from comity.assistance import actions
from comity.assistance.citations import provision_of
from comity.assistance.forms.writing import NewLetterForm, language
from comity.assistance.models import LetterOfRequest
from comity.assistance.models.letters import LetterQuerySet, words_in
from comity.assistance.rules import DeskState, Direction, State
from comity.assistance.views.shared import sent, why
from comity.cases.models import Charge
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.core.law.loader import LANGUAGES
from comity.core.law.offences import offence
from comity.core.law.readings import fact_at

ON_A_PAGE = 50
ENDED = (State.CLOSED.value, State.REFUSED.value, State.WITHDRAWN.value, DeskState.RELEASED.value)


@login_required
def letters(request: HttpRequest) -> HttpResponse:
    """Letters that this officer sees, in two tabs, those that have ended on demand."""
    officer = officer_of(request)
    require(officer, Act.SEE_LETTERS)
    accounts.record_look(officer, officer.subject, part="list.letters")
    seen = LetterOfRequest.objects.visible_to(officer)
    shown = request.GET.get("tab", Direction.OUTGOING)
    direction = Direction.INCOMING if shown == Direction.INCOMING else Direction.OUTGOING
    ended = request.GET.get("ended") == "1"
    rows = seen.filter(direction=direction).select_related("partner", "case", "author", "reply")
    rows = rows if ended else rows.exclude(state__in=ENDED)
    page = Paginator(rows.order_by("-id"), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "assistance/letters.html",
        {
            "page": page,
            "rows": [_line(letter) for letter in page],
            "tabs": _tabs(seen, direction),
            "incoming": direction is Direction.INCOMING,
            "ended": ended,
            "may_draft": officer.may(Act.DRAFT_LETTER),
        },
    )


def _tabs(seen: LetterQuerySet, current: Direction) -> list[dict[str, Any]]:
    names = {Direction.OUTGOING: _("We ask"), Direction.INCOMING: _("We are asked")}
    return [
        {
            "url": f"{reverse('letters')}?tab={direction}",
            "label": name,
            "count": seen.filter(direction=direction).exclude(state__in=ENDED).count(),
            "current": direction is current,
        }
        for direction, name in names.items()
    ]


def _line(letter: LetterOfRequest) -> dict[str, Any]:
    state = letter.requesting[:2] if letter.is_outgoing else letter.requested[:2]
    running = letter.running_clocks(state)
    clock = min(running, key=lambda one: one[2]) if running else None
    return {
        "letter": letter,
        "partner": words_in(letter.partner.names),
        "due": clock[1] if clock else None,
        "source": provision_of(fact_at(clock[0].fact)) if clock else "",
        "sure": fact_at(clock[0].fact).basis if clock else "",
    }


@login_required
def new_letter(request: HttpRequest) -> HttpResponse:
    """Start a letter, from nothing or from what an element of a charge still lacks."""
    officer = officer_of(request)
    require(officer, Act.DRAFT_LETTER)
    charge = _charge(officer, request)
    element = request.GET.get("element", "")[:80]
    initial = {"case": charge.incident.case_id} if charge else {}
    form = NewLetterForm(sent(request), officer=officer, initial=initial)
    if request.method == "POST" and form.is_valid():
        started = LetterOfRequest.objects.visible_to(officer).filter(
            author=officer, uid=form.cleaned_data["once"]
        )
        try:
            letter, _is_new = made_once(
                started,
                lambda: actions.draft_letter(
                    officer, charge=charge, element=element, **form.cleaned_data
                ),
            )
        except Refused as refusal:
            form.add_error(None, why(refusal))
        else:
            return redirect(letter.get_absolute_url())
    crumbs = [(_("Letters"), reverse("letters")), (_("Start a letter"), None)]
    context = {"form": form, "gap": _gap(charge, element), "crumbs": crumbs}
    return render(request, "assistance/new.html", context, status=400 if form.errors else 200)


def _charge(officer: Officer, request: HttpRequest) -> Charge | None:
    pk = request.GET.get("charge", "")
    if not pk.isdecimal():
        return None
    rows = Charge.objects.visible_to(officer).select_related("incident__case")
    return fetch(rows, pk=int(pk[:18]))


def _gap(charge: Charge | None, element: str) -> dict[str, str]:
    """What the letter would fill, in words that are for orientation only."""
    if charge is None:
        return {}
    found = offence(charge.offence)
    reader = language()
    title = found.titles.get(reader) or found.titles["en"]
    known = reader if reader in found.titles and reader in LANGUAGES else "en"
    return {"offence": title, "language": known, "element": element}
