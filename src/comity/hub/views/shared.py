"""What every page of one person shows: identity bar, tabs, and what the overview gathers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comity.accounts.models import Officer
from comity.core.access import Act
from comity.hub.models import Person
from comity.hub.rules import AgeBand
from comity.ui.labels import label

MINORS = {AgeBand.UNDER_14, AgeBand.FROM_14_TO_17}


@dataclass(frozen=True)
class Tab:
    """A page of a person's file. act: who may open it; name: of its address, which takes the pk."""

    name: str
    title: str | Promise
    act: Act = Act.SEE_PEOPLE


@dataclass(frozen=True)
class Part:
    """A sheet of the overview. facts: what its template shows, for a person and an officer."""

    template: str
    facts: Callable[[Person, Officer], dict[str, Any]]


TABS: Sequence[Tab] = (Tab("person", gettext_lazy("Overview")),)
# Sheets beside and under what the overview shows by itself, in the order of the page.
MAIN: Sequence[Part] = ()
ASIDE: Sequence[Part] = ()


def tabs(found: Person, actor: Officer, current: str) -> list[dict[str, Any]]:
    """The pages of the file that the officer may open. current: name of the one that is open."""
    return [
        {
            "url": reverse(tab.name, args=[found.pk]),
            "label": tab.title,
            "current": tab.name == current,
        }
        for tab in TABS
        if actor.may(tab.act)
    ]


def beside(found: Person, actor: Officer) -> dict[str, Any]:
    """The sheets that the parts of the hub add to the overview, with what they show."""
    shown: dict[str, Any] = {
        "main_parts": [part.template for part in MAIN],
        "aside_parts": [part.template for part in ASIDE],
    }
    for part in (*MAIN, *ASIDE):
        shown |= part.facts(found, actor)
    return shown


def page(found: Person, actor: Officer, tab: str, here: str) -> dict[str, Any]:
    """What the frame of a page beside the overview needs. here: its own line in the crumbs.

    A name that is never shown stands on no such page: the file's code stands there.
    """
    crumbs = [
        (_("People"), reverse("people")),
        (found.code, reverse("person", args=[found.pk])),
        (here, None),
    ]
    framed = heading(found, named=not found.name_never_shown)
    return framed | {"person": found, "tabs": tabs(found, actor, tab), "crumbs": crumbs}


def heading(found: Person, named: bool) -> dict[str, Any]:
    """The identity bar; a name stands in it only when it may be shown."""
    identity = found.opened_identity
    tags = []
    if found.age_band in MINORS:
        tags.append(("caution", label(found.age_band, "AgeBand"), "user"))
    if found.interpreter_needed:
        tags.append(("caution", _("Interpreter needed"), "languages"))
    if found.name_never_shown:
        tags.append(("sealed", _("Name never shown"), "lock-keyhole"))
    return {
        "nav_current": "people",
        "crumbs": [(_("People"), reverse("people")), (found.code, None)],
        "heading": identity["preferred_name"] if named else found.code,
        "number": found.code if named else "",
        "tags": tags,
        "facts": [
            (_("Age"), label(found.age_band, "AgeBand")),
            (_("Language"), label(found.language, "Language")),
            (_("Coordinator"), found.created_by.name),
            (_("Safe to call"), identity.get("safe_when") or identity.get("safe_contact") or "–"),
        ],
    }
