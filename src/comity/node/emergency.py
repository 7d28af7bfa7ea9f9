"""Opening a record outside one's team in an emergency: reason given, supervisors told."""

from __future__ import annotations

import hashlib
import re
import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, officer_of
from comity.cases.models import Case
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.hub.models import Person
from comity.node.forms import EmergencyForm
from comity.ui.labels import label

# What a role may break glass for: support staff no case, investigators no person's file.
SEEING = {"case": Act.SEE_CASES, "person": Act.SEE_PEOPLE}


def _find(kind: str, number: str) -> tuple[uuid.UUID, int] | None:
    """The record's uid and key by the number that people say, or None."""
    if kind == "case":
        case = Case.objects.filter(number=number).first()
        return (case.uid, case.pk) if case else None
    digits = re.fullmatch(r"[PpРр]?-?0*(\d{1,12})", number)
    person = Person.objects.filter(pk=int(digits.group(1))).first() if digits else None
    return (person.uid, person.pk) if person else None


def open_in_emergency(officer: Officer, *, kind: str, number: str, reason: str) -> int | None:
    """Break glass for a record; return its key, or None where there is no such record.

    A number that is nobody's is recorded as a refused attempt: guessing leaves a mark.
    """
    require(officer, SEEING[kind])
    accounts.require_reason(reason)  # first: without a reason nobody learns which records exist
    found = _find(kind, number.strip())
    if found is None:
        tried = hashlib.sha256(f"{kind}/{number.strip()}".encode()).hexdigest()
        accounts.record_refusal(officer, act=Act.BREAK_GLASS, path_digest=tried)
        return None
    accounts.break_glass(officer, kind=kind, record=found[0], reason=reason)
    return found[1]


@login_required
def emergency(request: HttpRequest) -> HttpResponse:
    """The form for emergency access."""
    officer = officer_of(request)
    require(officer, Act.BREAK_GLASS)
    form = EmergencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        try:
            key = open_in_emergency(officer, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            if key is not None:
                return redirect(kind, pk=key)
            form.add_error("number", _("There is no record with this number."))
    return render(request, "node/emergency.html", {"form": form})
