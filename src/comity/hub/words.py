"""Recipients, purposes and officers in words, in the reader's language or in that of a sheet."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import translation

from comity.hub.rules import OTHER, PARTNER
from comity.ui.labels import label

LANGUAGES = ("uk", "ja", "en")


def in_words(names: Mapping[str, str], language: str = "") -> str:
    """Return a name in a language, the reader's own if none is given; in English if need be."""
    wanted = language or (translation.get_language() or "en").split("-")[0]
    return str(names.get(wanted) or names.get("en") or next(iter(names.values()), ""))


def recipient_words(code: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """Return the name of a recipient of consent or of a disclosure.

    known: as `models.known_recipients` gives it. A partner that is no longer active is named by
    its node.
    """
    names = known.get(code)
    if names:
        return in_words(names)
    if code.startswith(PARTNER):
        return code.removeprefix(PARTNER)
    if code.startswith(OTHER):
        return code.removeprefix(OTHER)
    return label(code, "Standing")


def in_three_languages(code: str, kind: str) -> dict[str, str]:
    """Return a code's words by language, for a sheet that is printed in one of them."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = label(code, kind)
    return found
