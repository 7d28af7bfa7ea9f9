"""Pages that change what a draft says: basis, texts, measures, proceeding, way, officials."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts.models import fetch, officer_of
from comity.assistance import actions
from comity.assistance.forms import writing as forms
from comity.assistance.models import LetterOfRequest, Measure, Paragraph
from comity.assistance.models.facts import proceeding_of
from comity.assistance.rules import TextKind
from comity.assistance.views.shared import done, filled, letter_of, sent
from comity.core.errors import NotVisible, Refused, Untrusted
from comity.core.law import letter_facts as law
from comity.core.law.drafting import reciprocity_draft
from comity.core.law.letters import label_of
from comity.core.law.loader import LANGUAGES
from comity.ui.labels import label


@login_required
def basis_facts(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is known of the case, so that the bases can be judged."""
    letter = letter_of(request, pk)
    form = forms.BasisFactsForm(sent(request), known=actions.basis_facts_of(letter))
    return filled(
        request,
        letter,
        form,
        lambda: actions.state_basis_facts(officer_of(request), letter, form.facts()),
        rule=actions.require_deciding,
        title=_("What is known of the case"),
        button=_("Judge the bases again"),
        said=_("The bases are judged again."),
        text=_("What nobody has stated stays open; an instrument that needs it is only possible."),
    )


@login_required
@require_POST
def choose_basis(request: HttpRequest, pk: int) -> HttpResponse:
    """Rest the letter on an instrument."""
    letter = letter_of(request, pk)
    chosen = request.POST.get("instrument", "")
    verb = partial(actions.choose_basis, officer_of(request), letter, chosen)
    return done(request, letter, verb, _("The letter rests on this basis now."))


@login_required
@require_POST
def confirm_provision(request: HttpRequest, pk: int, part: str, place: int) -> HttpResponse:
    """Confirm a recalled provision as a named lawyer."""
    letter = letter_of(request, pk)
    verb = partial(actions.confirm_provision, officer_of(request), letter, part=part, place=place)
    return done(request, letter, verb, _("The provision is confirmed under your name."))


@login_required
def cite_provision(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a provision to the basis in the lawyer's own words."""
    letter = letter_of(request, pk)
    form = forms.CiteForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.cite_provision(
            officer_of(request), letter, form.words("provision"), once=form.cleaned_data["once"]
        ),
        rule=actions.require_confirming,
        title=_("Cite a provision"),
        button=_("Cite it under my name"),
        said=_("The provision is cited under your name."),
    )


@login_required
def decide_field(request: HttpRequest, pk: int, field: str) -> HttpResponse:
    """Answer whether a field that the rules leave open applies in this letter."""
    letter = letter_of(request, pk)
    asked = request.GET.get("measure", "")
    measure = int(asked[:4]) if asked.isdecimal() else None
    form = forms.DecisionForm(sent(request))
    try:
        name = label_of(field)[forms.language()]
    except Untrusted as unknown:
        raise NotVisible("access.not_visible", act="see_field") from unknown
    return filled(
        request,
        letter,
        form,
        lambda: actions.decide_field(
            officer_of(request),
            letter,
            field=field,
            measure=measure,
            applies=form.cleaned_data["applies"] == "yes",
        ),
        rule=actions.require_confirming,
        title=name,
        button=_("Decide under my name"),
        said=_("Your decision is recorded."),
    )


@login_required
def new_text(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Write a fact or a statement."""
    letter = letter_of(request, pk)
    if kind not in set(TextKind):
        raise NotVisible("access.not_visible", act="see_text")
    form = forms.ParagraphForm(
        sent(request),
        source=letter.source_language,
        initial={"text": _drafted(letter, TextKind(kind))},
    )
    return filled(
        request,
        letter,
        form,
        lambda: actions.write_paragraph(
            officer_of(request), letter, kind=TextKind(kind), **form.cleaned_data
        ),
        rule=actions.require_drafting,
        title=label(TextKind(kind)),
        button=_("Keep the text"),
        said=_("The text is kept."),
        text=_("Write in the source language: %(language)s.")
        % {"language": label(letter.source_language, "Language")},
    )


def _drafted(letter: LetterOfRequest, kind: TextKind) -> str:
    """A draft that the data offer for a statement, in the source language, or nothing."""
    if kind is not TextKind.RECIPROCITY:
        return ""
    try:
        draft = reciprocity_draft(letter.requesting[:2])
    except Refused:
        return ""
    return draft.text(letter.source_language)


def _paragraph(letter: LetterOfRequest, text: int) -> Paragraph:
    return fetch(letter.texts.select_related("letter").prefetch_related("translations"), pk=text)


@login_required
def edit_text(request: HttpRequest, pk: int, text: int) -> HttpResponse:
    """Change a text in the source language; its translations become stale by themselves."""
    letter = letter_of(request, pk)
    paragraph = _paragraph(letter, text)
    form = forms.ParagraphForm(
        sent(request), source=paragraph.language, initial={"text": paragraph.text}
    )
    return filled(
        request,
        letter,
        form,
        lambda: actions.write_paragraph(
            officer_of(request),
            letter,
            kind=TextKind(paragraph.kind),
            text=form.cleaned_data["text"],
            paragraph=paragraph,
            neutral=paragraph.language == law.NEUTRAL,
        ),
        rule=actions.require_drafting,
        title=label(TextKind(paragraph.kind)),
        button=_("Keep the text"),
        said=_("The text is kept. Its translations must be looked at again."),
    )


@login_required
def translate(request: HttpRequest, pk: int, text: int, language: str) -> HttpResponse:
    """Write or renew a translation beside its source."""
    letter = letter_of(request, pk)
    paragraph = _paragraph(letter, text)
    if language not in LANGUAGES:
        raise NotVisible("access.not_visible", act="see_language")
    held = next((one for one in paragraph.translations.all() if one.language == language), None)
    initial = {
        "text": held.text if held else "",
        "translator": held.translator if held else officer_of(request).name,
        "machine_draft": held.machine_draft if held else False,
    }
    form = forms.TranslationForm(sent(request), target=language, initial=initial)
    return filled(
        request,
        letter,
        form,
        lambda: actions.translate_paragraph(
            officer_of(request), paragraph, language=language, **form.cleaned_data
        ),
        rule=actions.require_translating,
        title=f"{label(TextKind(paragraph.kind))}: {label(language, 'Language')}",
        button=_("Keep the translation"),
        said=_("The translation is kept."),
        quote={"text": paragraph.text, "language": paragraph.language},
    )


@login_required
@require_POST
def remove_text(request: HttpRequest, pk: int, text: int) -> HttpResponse:
    """Take a fact or a statement out of the draft."""
    letter = letter_of(request, pk)
    paragraph = _paragraph(letter, text)
    verb = partial(actions.remove_paragraph, officer_of(request), paragraph)
    return done(request, letter, verb, _("The text is taken out."))


@login_required
def new_measure(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for one more measure."""
    letter = letter_of(request, pk)
    form = forms.AddMeasureForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.add_measure(officer_of(request), letter, **form.cleaned_data),
        rule=actions.require_drafting,
        title=_("Ask for one more measure"),
        button=_("Add the measure"),
        said=_("The measure is added. Answer its fields."),
    )


def _measure(letter: LetterOfRequest, measure: int) -> Measure:
    rows = letter.measures.select_related("letter").prefetch_related("texts__translations")
    return fetch(rows, pk=measure)


@login_required
def measure(request: HttpRequest, pk: int, measure: int) -> HttpResponse:
    """Answer the fields of a measure."""
    letter = letter_of(request, pk)
    found = _measure(letter, measure)
    form = forms.MeasureForm(sent(request), measure=found)
    return filled(
        request,
        letter,
        form,
        lambda: actions.answer_measure(
            officer_of(request),
            found,
            purpose=form.cleaned_data["purpose"],
            answers=form.answers(),
            choices=form.choices(),
        ),
        rule=actions.require_drafting,
        title=_("Fields of the measure"),
        button=_("Keep the answers"),
        said=_("The answers are kept."),
    )


@login_required
@require_POST
def remove_measure(request: HttpRequest, pk: int, measure: int) -> HttpResponse:
    """Take a measure out of the draft."""
    letter = letter_of(request, pk)
    verb = partial(actions.remove_measure, officer_of(request), _measure(letter, measure))
    return done(request, letter, verb, _("The measure is taken out."))


@login_required
def proceeding(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which proceeding the letter serves."""
    letter = letter_of(request, pk)
    held = proceeding_of(letter)
    form = forms.ProceedingForm(
        sent(request),
        initial={"number": held.number, "stage": held.stage.value, "opened_on": held.opened_on},
        words={"conducted_by": held.conducted_by},
    )
    return filled(
        request,
        letter,
        form,
        lambda: actions.describe_proceeding(officer_of(request), letter, form.proceeding()),
        rule=actions.require_drafting,
        title=_("Criminal proceeding"),
        button=_("Keep the proceeding"),
        said=_("The proceeding is kept."),
    )


@login_required
def transmission(request: HttpRequest, pk: int) -> HttpResponse:
    """Say by which way the letter goes."""
    letter = letter_of(request, pk)
    initial = {
        "channel": letter.channel,
        "electronic": letter.electronic,
        "original_promised": letter.original_promised,
        "deadline": letter.deadline,
        "protection": letter.protection,
    }
    form = forms.TransmissionForm(sent(request), initial=initial)
    return filled(
        request,
        letter,
        form,
        lambda: actions.describe_transmission(
            officer_of(request),
            letter,
            form.transmission(),
            deadline=form.cleaned_data["deadline"],
            protection=form.cleaned_data["protection"],
        ),
        rule=actions.require_drafting,
        title=_("Way, date and protection"),
        button=_("Keep the way"),
        said=_("The way is kept."),
    )


@login_required
def officials(request: HttpRequest, pk: int) -> HttpResponse:
    """Name the contact, who signs and who approves."""
    letter = letter_of(request, pk)
    contact, signatory, approval = letter.contact, letter.signatory, letter.approval
    form = forms.OfficialsForm(
        sent(request),
        initial={name: contact.get(name) for name in ("email", "telephone", "languages")},
        words={
            "contact": contact.get("names", {}),
            "contact_position": contact.get("position", {}),
            "signatory": signatory.get("names", {}),
            "position": signatory.get("position", {}),
            "approval": approval.get("names", {}),
            "approval_position": approval.get("position", {}),
        },
    )
    return filled(
        request,
        letter,
        form,
        lambda: actions.name_officials(
            officer_of(request),
            letter,
            contact=form.contact(),
            signatory=form.signatory(),
            approval=form.approval(),
        ),
        rule=actions.require_drafting,
        title=_("Contact and signature"),
        button=_("Keep the names"),
        said=_("The names are kept."),
        text=_("Write names in each script as their bearers do; nothing is transliterated."),
    )
