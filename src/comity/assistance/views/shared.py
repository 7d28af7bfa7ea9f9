"""What every page of a letter shares: fetch it, call one verb, say why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, officer_of
from comity.assistance import actions
from comity.assistance.citations import provision_of, sure_of
from comity.assistance.models import LetterOfRequest
from comity.core.errors import Incomplete, NotAllowed, Refused
from comity.core.law.letters import label_of
from comity.core.law.loader import LANGUAGES, Fact
from comity.ui.labels import label

Verb = Callable[[Officer, LetterOfRequest], object]


def letter_of(request: HttpRequest, pk: int) -> LetterOfRequest:
    """The letter, if this officer may see it. Raises NotVisible."""
    rows = LetterOfRequest.objects.visible_to(officer_of(request))
    return fetch(rows.select_related("partner", "case", "author", "reviewer", "approver"), pk=pk)


def done(
    request: HttpRequest, letter: LetterOfRequest, verb: Callable[[], object], said: str
) -> HttpResponseRedirect:
    """Do one verb and go back to the letter, with what was done or why not."""
    try:
        verb()
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, why(refusal))
    else:
        messages.success(request, said)
    return redirect(letter.get_absolute_url())


def sent(request: HttpRequest) -> QueryDict | None:
    """What was sent with a form, however little; None while it is only shown."""
    return request.POST if request.method == "POST" else None


def crumbs_to(letter: LetterOfRequest, title: str) -> list[tuple[str, str | None]]:
    """The way from the list of letters to a page of one of them."""
    return [
        (_("Letters"), reverse("letters")),
        (letter.number, letter.get_absolute_url()),
        (title, None),
    ]


def filled(
    request: HttpRequest,
    letter: LetterOfRequest,
    form: Any,
    verb: Callable[[], object],
    *,
    rule: Callable[[Officer, LetterOfRequest], object],
    title: str,
    button: str,
    said: str,
    **context: Any,
) -> HttpResponse:
    """Show a form; when it is sent and sound, do the verb and go back to the letter.

    rule: what the verb itself asks. Who may not gets no form, nor is there one on the wrong side
    or at the wrong stage. What was sent meets the rule in the verb, where the letter is locked.
    A form that is sent a second time leads there too; it has done its work.

    context: text, upload, crumb, quote (label, words, language) beside the form. Such a page shows
    parts of the letter, so looking at it is recorded too.
    """
    if (shut := closed(request, letter, rule)) is not None:
        return shut
    if request.method == "POST" and form.is_valid():
        try:
            verb()
        except NotAllowed:
            raise
        except Refused as refusal:
            if refusal.code == actions.SENT_TWICE:
                return redirect(letter.get_absolute_url())
            form.add_error(None, why(refusal))
        else:
            messages.success(request, said)
            return redirect(letter.get_absolute_url())
    accounts.record_look(officer_of(request), letter.subject, part="letter")
    shown = {
        "letter": letter,
        "form": form,
        "title": title,
        "button": button,
        "crumbs": crumbs_to(letter, title),
        "nav_current": "letters",
        **context,
    }
    status = 400 if form.errors else 200
    return render(request, "assistance/form.html", shown, status=status)


def closed(
    request: HttpRequest,
    letter: LetterOfRequest,
    rule: Callable[[Officer, LetterOfRequest], object],
) -> HttpResponse | None:
    """Ask the rule of a verb before its form is shown: back to the letter, saying why not, or None.

    Raises NotAllowed.
    """
    try:
        rule(officer_of(request), letter)
    except Refused as refusal:
        if request.method != "POST":
            messages.error(request, why(refusal))
            return redirect(letter.get_absolute_url())
    return None


def why(refusal: Refused) -> str:
    """The sentence for a refusal; what is missing is named field by field."""
    if not isinstance(refusal, Incomplete) or refusal.code != "letter.incomplete":
        return label(refusal)
    named = dict.fromkeys(_named(code) for code in refusal.facts.get("missing", []))
    return _("The letter is not complete. Missing: %(parts)s.") % {"parts": "; ".join(named)}


def _named(code: str) -> str:
    """The words for a code such as `measure.0.necessity_statement.absent` or `text`."""
    parts = [part for part in code.split(".") if not part.isdecimal()]
    if len(parts) == 1:
        return label(code, "MissingPart")
    field, rest = parts[1], parts[2:]
    language = rest[-1] if rest and rest[-1] in LANGUAGES else ""
    name = label_of(field)[_reader()]
    in_language = f" ({label(language, 'Language')})" if language else ""
    lack = rest[0] if rest else ""
    return name + in_language if lack == "words" else f"{name}: {label(lack, 'Lack')}{in_language}"


def _reader() -> str:
    code = (get_language() or "en").split("-")[0]
    return code if code in LANGUAGES else "en"


def _language_of(found: Fact, language: str) -> str:
    """The language of a fact's words: the data have some statements in English only."""
    if str(found.value) in _IN_FORCE:
        return language
    if isinstance(found.value, Mapping):
        return language if found.value.get(language) else "en"
    return "en"


_IN_FORCE = frozenset({"yes", "no", "n_a_vertical"})


def sourced(found: Fact, language: str) -> dict[str, str]:
    """A fact for the page: its words, its provision and how sure it is."""
    stated = str(found.value)
    return {
        "text": label(stated, "InForce") if stated in _IN_FORCE else found.text(language),
        "language": _language_of(found, language),
        "provision": provision_of(found),
        "sure": sure_of(found),
        "certainty": found.certainty,
    }
