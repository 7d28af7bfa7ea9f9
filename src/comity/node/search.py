"""The search box in the header: what the officer may open, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from comity.accounts.models import Officer, officer_of
from comity.assistance.models import LetterOfRequest
from comity.cases.models import Case, Incident
from comity.core.access import Act
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.hub import actions as hub

AT_MOST = 20
# "E-000012", "E12", "12": the letter says which kind of number it is.
_DIGEST = re.compile(r"[0-9A-Fa-f]{8,64}")
_NUMBER = re.compile(r"([EILeil]?)-?(\d{1,11})")


@dataclass(frozen=True)
class Found:
    """What fits. rows: {kind, number, title, url}; is_cut: of some kind there is more."""

    rows: list[dict[str, Any]]
    is_cut: bool


def find(officer: Officer, text: str) -> Found:
    """Find cases, incidents, letters, items and people, in this order."""
    # A regular expression folds case in every script on both databases; SQLite's LIKE only ASCII.
    words = re.escape(text)
    titled = Q(title__iregex=words)
    kinds: list[tuple[str, str, QuerySet[Any]]] = [
        (
            _("Case"),
            "case",
            Case.objects.visible_to(officer).filter(Q(number__iregex=words) | titled),
        ),
        (
            _("Incident"),
            "incident",
            Incident.objects.visible_to(officer).filter(_numbered("I", text) | titled),
        ),
        (
            _("Letter"),
            "letter",
            LetterOfRequest.objects.visible_to(officer).filter(_numbered("L", text) | titled),
        ),
        (_("Item"), "item", Item.objects.visible_to(officer).filter(_of_item(text) | titled)),
    ]
    rows: list[dict[str, Any]] = []
    is_cut = False
    for kind, url_name, fitting in kinds:
        found = list(fitting.order_by("-pk")[: AT_MOST + 1])
        is_cut = is_cut or len(found) > AT_MOST
        rows += [_row(kind, one.number, one.title, url_name, one.pk) for one in found[:AT_MOST]]
    evidence.record_list(officer, part="list.search")
    if officer.may(Act.SEE_PEOPLE):
        people = hub.search_people(officer, text)
        is_cut = is_cut or len(people) == hub.MOST_FOUND
        rows += [_row(_("Person"), one.code, "", "person", one.pk) for one in people]
    return Found(rows, is_cut)


def _of_item(text: str) -> Q:
    """By number, by the name of its file where it came from, or by its digest."""
    found = _numbered("E", text) | Q(original_name__iregex=re.escape(text))
    return found | Q(sha256__startswith=text.lower()) if _DIGEST.fullmatch(text) else found


def _numbered(letter: str, text: str) -> Q:
    stated = _NUMBER.fullmatch(text)
    if stated is None or stated[1].upper() not in {"", letter}:
        return Q(pk=None)
    return Q(pk=int(stated[2]))


def _row(kind: str, number: str, title: str, url_name: str, key: int) -> dict[str, Any]:
    return {"kind": kind, "number": number, "title": title, "url": reverse(url_name, args=[key])}


@login_required
def search(request: HttpRequest) -> HttpResponse:
    """What the officer may open that fits the text; that it was searched is recorded."""
    # By POST: a name that is searched for must not stand in an address, a history or a log.
    text = request.POST.get("q", "").replace("\x00", "").strip()[:100]
    found = find(officer_of(request), text) if text else Found([], is_cut=False)
    shown = {"rows": found.rows, "is_cut": found.is_cut, "text": text}
    return render(request, "node/search.html", shown)
