"""The law data in the reader's language: choices for forms, and where each statement comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import get_language, gettext, pgettext

from comity.cases.rules import Column, column_of
from comity.core.errors import Refused
from comity.core.law import loader, offences

Choices = list[tuple[str, str]]
# How far a text was read, as the source component says it; a convention of ours is not a reading.
SURE = {"read": "read", "excerpt": "excerpt", "recalled": "recalled", "convention": "recalled"}


@dataclass(frozen=True)
class Cited:
    """Where a statement of law comes from: sure for the source component, certainty of the data."""

    provision: str
    sure: str
    certainty: str


def language() -> str:
    """The reader's language, one of those that the law data have."""
    return (get_language() or "en").split("-")[0]


def in_words(names: Mapping[str, str]) -> str:
    """Return a name in the reader's language, in English where there is no other."""
    return str(names.get(language()) or names.get("en") or next(iter(names.values()), ""))


def cited(provision_id: str) -> Cited:
    """Say where a national offence or a provision of the Rome Statute stands."""
    try:
        national = offences.offence(provision_id)
    except Refused:
        guide = offences.provision(provision_id)
        words = pgettext("law", "Rome Statute art. %(article)s, Elements of Crimes")
        return _cited(words % {"article": guide.article}, guide.fact)
    return _cited(_law_of(national), national.fact)


def _cited(provision: str, fact: loader.Fact) -> Cited:
    return Cited(provision, SURE[fact.basis], fact.certainty)


def _law_of(offence: offences.NationalOffence) -> str:
    if offence.state == "UA":
        return pgettext("law", "Criminal Code of Ukraine art. %(article)s") % {
            "article": offence.article
        }
    english, _between, own = offence.law.partition(" / ")
    law = own if language() == "ja" and own else english
    return pgettext("law", "%(law)s art. %(article)s") % {"law": law, "article": offence.article}


def offence_title(offence_id: str) -> str:
    """Return article and title of an offence, or the id where the data no longer have it."""
    try:
        found = offences.offence(offence_id)
    except Refused:
        return offence_id
    return f"{_law_of(found)}: {in_words(found.titles)}"


def provision_title(provision_id: str) -> str:
    """Return article and title of a provision, or the id where the data no longer have it."""
    try:
        found = offences.provision(provision_id)
    except Refused:
        return provision_id
    return f"{found.article} {in_words(found.titles)}"


def offence_choices() -> list[tuple[str, Choices]]:
    """The national offences, by state; those whose elements are known carry a mark."""
    states = {"UA": gettext("Ukraine"), "JP": gettext("Japan")}
    return [
        (name, [(one.id, _choice(one)) for one in offences.offences() if one.state == state])
        for state, name in states.items()
    ]


def _choice(offence: offences.NationalOffence) -> str:
    text = f"{offence.article} {in_words(offence.titles)}"
    if offences.elements_of(offence.id):
        return text
    return gettext("%(offence)s (elements not in the data)") % {"offence": text}


def provision_choices(offence_id: str) -> Choices:
    """The provisions of the Rome Statute that the data connect with an offence."""
    return [
        (one.id, f"{one.article} {in_words(one.titles)}") for one in offences.matches(offence_id)
    ]


def mode_choices() -> Choices:
    """The forms of responsibility of the Rome Statute."""
    return [
        (entry["id"], f"{entry['article']} {in_words(entry['title'])}")
        for entry in loader.load("crimes")["modes_of_liability"]
    ]


def mode_title(mode_id: str) -> str:
    """Return article and title of a form of responsibility, or the id itself."""
    return dict(mode_choices()).get(mode_id, mode_id)


@lru_cache(maxsize=1)
def _columns() -> Mapping[str, Column]:
    return {
        term.id: column_of(term.id, term.group)
        for term in loader.terms("evidence_types", "evidence_types")
    }


def column(kind: str) -> Column:
    """Return the column of the matrix in which an item of this kind stands."""
    return _columns().get(kind, Column.RECORDS)
