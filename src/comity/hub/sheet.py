"""The sheet that the person takes home: what was asked, what was answered, and the rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.core.documents.consent import ConsentDecision, ConsentSheet, render_consent_sheet
from comity.core.law.letter_facts import Authority, Contact, Signatory
from comity.hub.models import ConsentGrant, Person, known_recipients
from comity.hub.rules import PARTNER
from comity.hub.words import LANGUAGES, in_three_languages, in_words


def print_sheet(
    person: Person, name: str, answers: Iterable[ConsentGrant], officer: Officer, language: str
) -> bytes:
    """Return the person's sheet as PDF. name: as it is to stand there, a name or the code.

    Raises Refused("documents.…") for a language or a letter that cannot be printed.
    """
    known = known_recipients()
    answered = list(answers)
    recorder = Signatory(names=_names(officer), position=_position(officer))
    now = timezone.now()
    sheet = ConsentSheet(
        hub=Authority("hub", settings.COMITY_STATE, settings.COMITY_NODE_NAMES),
        person=name,
        recorded_on=timezone.localdate(),
        recorded_by=recorder,
        explained_in=answered[-1].explained_in if answered else language,
        decisions=tuple(_decision(answer, known) for answer in answered),
        contact=Contact(recorder.names, recorder.position, email=officer.email),
        guardian=any(answer.given_by != "self" for answer in answered),
    )
    return render_consent_sheet(sheet, language=language, reference=person.code, created=now)


def _decision(answer: ConsentGrant, known: Mapping[str, Mapping[str, str]]) -> ConsentDecision:
    return ConsentDecision(
        purpose=in_three_languages(answer.purpose, "ConsentPurpose"),
        recipient=_recipient(answer.recipient, known),
        agreed=answer.is_agreement,
        until=answer.valid_until,
    )


def _recipient(code: str, known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    names = known.get(code)
    if names:
        return {language: in_words(names, language) for language in LANGUAGES}
    if code.startswith(PARTNER):
        return dict.fromkeys(LANGUAGES, code.removeprefix(PARTNER))
    return in_three_languages(code, "Standing")


def _names(officer: Officer) -> dict[str, str]:
    latin = officer.name_latin or officer.name
    return {"uk": officer.name, "ja": latin, "en": latin}


def _position(officer: Officer) -> dict[str, str]:
    if officer.title:
        return dict.fromkeys(LANGUAGES, officer.title)
    return in_three_languages(Role.HUB_COORDINATOR, "Role")
