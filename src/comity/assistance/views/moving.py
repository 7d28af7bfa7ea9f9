"""Pages that move an outgoing letter: review, approval, sending, post, conditions, closing."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, officer_of
from comity.accounts.step_up import fresh_second_step
from comity.assistance import actions
from comity.assistance.forms.writing import PostForm, ReasonForm, language
from comity.assistance.models import LetterOfRequest
from comity.assistance.rules import State
from comity.assistance.views.gates import gates_of
from comity.assistance.views.shared import (
    closed,
    crumbs_to,
    done,
    filled,
    letter_of,
    sent,
)
from comity.core.law import letter_facts as law


@login_required
@require_POST
def ask_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the draft is ready for review."""
    letter = letter_of(request, pk)
    verb = partial(actions.ask_review, officer_of(request), letter)
    return done(request, letter, verb, _("The reviewing lawyers see the letter on their day."))


@login_required
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the letter in order as another lawyer."""
    letter = letter_of(request, pk)
    verb = partial(actions.review_letter, officer_of(request), letter)
    return done(request, letter, verb, _("The letter is reviewed. Approval follows."))


@login_required
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the letter back to its author with a reason."""
    letter = letter_of(request, pk)
    form = ReasonForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.return_letter(
            officer_of(request), letter, reason=form.cleaned_data["reason"]
        ),
        rule=actions.require_returning,
        title=_("Give the letter back"),
        button=_("Give it back"),
        said=_("The letter is a draft again; review starts anew."),
    )


@login_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up a letter that was not sent."""
    letter = letter_of(request, pk)
    form = ReasonForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.withdraw_letter(
            officer_of(request), letter, reason=form.cleaned_data["reason"]
        ),
        rule=actions.require_withdrawing,
        title=_("Withdraw the letter"),
        button=_("Withdraw it"),
        said=_("The letter is withdrawn. It stays here, unsent."),
    )


@fresh_second_step
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Read once more what is approved, then approve and sign; right after the second factor."""
    letter = letter_of(request, pk)
    officer = officer_of(request)
    if (shut := closed(request, letter, actions.require_approving)) is not None:
        return shut
    if request.method == "POST":
        verb = partial(actions.approve_letter, officer, letter)
        said = _("The letter is approved, printed in three languages and signed.")
        return done(request, letter, verb, said)
    accounts.record_look(officer, letter.subject, part="letter")
    return render(request, "assistance/approve.html", _to_approve(letter, officer))


def _to_approve(letter: LetterOfRequest, officer: Officer) -> dict[str, object]:
    gates = gates_of(letter, officer)
    open_now = letter.outgoing_state is State.REVIEWED and gates.approvable
    reader = language()
    what = [
        (_("Letter"), letter.number),
        (_("Requested"), law.authority(letter.requested).names[reader]),
        (_("Author"), letter.author.name if letter.author else "–"),
        (_("Reviewed by"), letter.reviewer.name if letter.reviewer else "–"),
        (_("Exhibits"), letter.exhibits.count()),
    ]
    return {
        "letter": letter,
        "gates": gates,
        "open": open_now,
        "what": what,
        "crumbs": crumbs_to(letter, _("Approval")),
        "nav_current": "letters",
    }


@login_required
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Seal the letter and queue it."""
    letter = letter_of(request, pk)
    verb = partial(actions.send_letter, officer_of(request), letter)
    return done(request, letter, verb, _("The letter is sealed and on its way."))


@login_required
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the paper original was posted."""
    letter = letter_of(request, pk)
    form = PostForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.record_post(officer_of(request), letter, **form.cleaned_data),
        rule=actions.require_posting,
        title=_("Record the post"),
        button=_("Record post"),
        said=_("The post is recorded; the clock has stopped."),
    )


@login_required
@require_POST
def accept_conditions(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the conditions of the requested side in writing."""
    letter = letter_of(request, pk)
    verb = partial(actions.accept_conditions, officer_of(request), letter)
    return done(request, letter, verb, _("The acceptance is sealed and on its way."))


@login_required
def partner_asked(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the partner was asked to stop using what was sent."""
    letter = letter_of(request, pk)
    form = ReasonForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.record_partner_asked(
            officer_of(request), letter, how=form.cleaned_data["reason"]
        ),
        rule=actions.require_asking,
        title=_("Record that the partner was asked"),
        button=_("Record it"),
        said=_("It is recorded that the partner was asked to stop using it."),
        text=_("Say how and whom you asked, without naming the person."),
    )


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an answered letter, on either side."""
    letter = letter_of(request, pk)
    verb = actions.close_letter if letter.is_outgoing else actions.close_desk
    return done(request, letter, partial(verb, officer_of(request), letter), _("It is closed."))
