"""Pages on the parts of a draft: persons, offences, exhibits and papers."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts.models import fetch, officer_of
from comity.assistance import actions
from comity.assistance.forms import writing as forms
from comity.assistance.models import LetterItem, LetterOfRequest, LetterPaper, LetterPerson
from comity.assistance.views.shared import done, filled, letter_of, sent
from comity.core.errors import NotVisible
from comity.evidence.models import Item
from comity.vault.storage import take_in


@login_required
def new_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Name a person in the letter."""
    return _person_page(request, pk, None)


@login_required
def person(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """Change what the letter says of a person."""
    return _person_page(request, pk, person)


def _person_page(request: HttpRequest, pk: int, number: int | None) -> HttpResponse:
    letter = letter_of(request, pk)
    held = fetch(letter.persons.prefetch_related("texts"), pk=number) if number else None
    form = forms.PersonForm(sent(request), initial=_of_person(held), words=_words_of(held))
    return filled(
        request,
        letter,
        form,
        lambda: actions.name_person(
            officer_of(request),
            letter,
            form.person(letter.source_language),
            person=held,
            once=None if held else form.cleaned_data["once"],
        ),
        rule=actions.require_drafting,
        title=_("Person in the letter"),
        button=_("Keep the person"),
        said=_("The person is named as you wrote."),
        text=_("For a protected person give a pseudonym and nothing else that identifies."),
    )


def _of_person(held: LetterPerson | None) -> dict[str, Any]:
    if held is None:
        return {}
    link = held.texts.first()
    return {
        "role": held.role,
        "protected": held.protected,
        "born_on": held.born_on,
        "link": link.text if link else "",
    }


def _words_of(held: LetterPerson | None) -> dict[str, Any]:
    if held is None:
        return {}
    return {"names": held.names, "nationality": held.nationality, "address": held.address}


@login_required
@require_POST
def remove_person(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """Take a person out of the draft."""
    letter = letter_of(request, pk)
    found = fetch(letter.persons.select_related("letter"), pk=person)
    verb = partial(actions.remove_person, officer_of(request), found)
    return done(request, letter, verb, _("The person is taken out."))


@login_required
def new_offence(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an offence."""
    return _offence_page(request, pk, None)


@login_required
def offence(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Complete an offence in three languages."""
    return _offence_page(request, pk, place)


def _offence_page(request: HttpRequest, pk: int, place: int | None) -> HttpResponse:
    letter = letter_of(request, pk)
    held: dict[str, Any] = {}
    if place is not None:
        if place >= len(letter.offences):
            raise NotVisible("access.not_visible", act="see_offence")
        held = letter.offences[place]
    words = (
        {
            "provision": held["provision"]["words"],
            "title": held["title"],
            "penalty": held["penalty"],
        }
        if held
        else {}
    )
    form = forms.OffenceForm(sent(request), words=words)
    return filled(
        request,
        letter,
        form,
        lambda: actions.add_offence(
            officer_of(request),
            letter,
            form.offence(held.get("id", "")),
            place=place,
            once=form.cleaned_data["once"] if place is None else None,
        ),
        rule=actions.require_drafting,
        title=_("Offence"),
        button=_("Keep the offence"),
        said=_("The offence is kept. A lawyer confirms its provision."),
        text=_("As the law states it. What the data of this node hold is for orientation."),
    )


@login_required
@require_POST
def remove_offence(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Take an offence out of the draft."""
    letter = letter_of(request, pk)
    verb = partial(actions.remove_offence, officer_of(request), letter, place)
    return done(request, letter, verb, _("The offence is taken out."))


@login_required
def new_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Attach an item of evidence that may leave."""
    letter = letter_of(request, pk)
    items = Item.objects.visible_to(officer_of(request))
    if letter.case is not None:
        items = items.filter(access__kind="case", access__record=letter.case.uid).distinct()
    form = forms.ItemForm(sent(request), items=items)
    return filled(
        request,
        letter,
        form,
        lambda: actions.attach_item(
            officer_of(request),
            letter,
            form.cleaned_data["item"],
            title=form.words("title"),
            pages=form.cleaned_data["pages"],
            once=form.cleaned_data["once"],
        ),
        rule=actions.require_drafting,
        title=_("Attach an exhibit"),
        button=_("Attach the item"),
        said=_("The item goes with the letter."),
        text=_("What a person gave leaves only with the person’s consent to this authority."),
    )


@login_required
@require_POST
def remove_item(request: HttpRequest, pk: int, exhibit: int) -> HttpResponse:
    """Take an exhibit out of the draft."""
    letter = letter_of(request, pk)
    found: LetterItem = fetch(letter.exhibits.select_related("letter", "item"), pk=exhibit)
    verb = partial(actions.detach_item, officer_of(request), found)
    return done(request, letter, verb, _("The item stays here."))


@login_required
def new_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a paper with the letter."""
    letter = letter_of(request, pk)
    form = forms.PaperForm(sent(request), request.FILES or None)
    return filled(
        request,
        letter,
        form,
        lambda: _add_paper(request, letter, form),
        rule=actions.require_drafting,
        title=_("Add a paper"),
        button=_("Add the paper"),
        said=_("The paper goes with the letter."),
        upload=True,
    )


def _add_paper(request: HttpRequest, letter: LetterOfRequest, form: forms.PaperForm) -> None:
    data = form.cleaned_data
    file = data["file"]
    taken = take_in(file.file, expected_size=file.size)
    actions.add_paper(
        officer_of(request),
        letter,
        taken,
        kind=data["kind"],
        title=form.words("title"),
        media_type=file.content_type or "",
        pages=data["pages"],
        once=data["once"],
    )


@login_required
@require_POST
def remove_paper(request: HttpRequest, pk: int, paper: int) -> HttpResponse:
    """Take a paper out of the draft."""
    letter = letter_of(request, pk)
    found: LetterPaper = fetch(letter.papers.select_related("letter"), pk=paper)
    verb = partial(actions.remove_paper, officer_of(request), found)
    return done(request, letter, verb, _("The paper is taken out."))
