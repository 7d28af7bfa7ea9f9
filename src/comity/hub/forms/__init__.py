"""The shape of what a coordinator types: search, registration, consent, accounts, sharing."""

from __future__ import annotations

import uuid
from datetime import datetime, time
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comity.cases.rules import plain_line, plain_text
from comity.core.law.loader import terms
from comity.hub.models import known_recipients
from comity.hub.rules import (
    AccountForm,
    AgeBand,
    Answer,
    GivenBy,
    Mode,
    Purpose,
    Scope,
)
from comity.hub.words import in_words, recipient_words
from comity.ui.forms import DateField, PastDateField, UploadsField
from comity.ui.labels import label

LONGEST_STATEMENT = 200_000
LANGUAGES = [
    ("uk", _("Ukrainian")),
    ("en", _("English")),
    ("ja", _("Japanese")),
    ("ru", _("Russian")),
]
SHEET_LANGUAGES = [("uk", _("Ukrainian")), ("ja", _("Japanese")), ("en", _("English"))]
NARROW = {"class": "govuk-input--width-20", "autocomplete": "off"}
LINE = {"class": "govuk-radios--inline"}
IDENTITY = (
    "preferred_name", "legal_name", "name_latin", "phone", "safe_when", "safe_say", "safe_with",
)  # fmt: skip


def _labelled(kind: Any, name: str = "") -> list[tuple[str, str]]:
    return [(code.value, label(code, name)) for code in kind]


class SearchForm(forms.Form):
    text = forms.CharField(
        label=_("Name, other spelling, or telephone number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The search is recorded. What you type is not."),
    )


class PersonForm(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    preferred_name = forms.CharField(
        label=_("Name to use"),
        max_length=120,
        widget=forms.TextInput(attrs=NARROW),
        help_text=_("As the person likes to be called."),
    )
    legal_name = forms.CharField(
        label=_("Name in the papers"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=NARROW),
    )
    name_latin = forms.CharField(
        label=_("Name in Latin letters"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=NARROW),
    )
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=NARROW | {"type": "tel"}),
    )
    safe_when = forms.CharField(label=_("When it is safe to call"), max_length=200, required=False)
    safe_say = forms.CharField(
        label=_("What to say, and what never"), max_length=200, required=False
    )
    safe_with = forms.CharField(
        label=_("Who may be there, who may be told"), max_length=200, required=False
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=LANGUAGES, widget=forms.RadioSelect(attrs=LINE)
    )
    age_band = forms.ChoiceField(
        label=_("Age"),
        choices=lambda: _labelled(AgeBand),
        widget=forms.RadioSelect(attrs=LINE),
    )
    interpreter_needed = forms.BooleanField(label=_("An interpreter is needed"), required=False)
    name_never_shown = forms.BooleanField(
        label=_("Never show the name"),
        required=False,
        help_text=_("The file shows the code. The name opens by itself, and that is recorded."),
    )
    reason = forms.CharField(
        label=_("Why the person is here, in a few words"), max_length=200, required=False
    )

    def facts(self) -> dict[str, Any]:
        """What `register_person` takes."""
        fields = self.cleaned_data
        return {
            "identity": {name: fields[name] for name in IDENTITY},
            "age_band": AgeBand(fields["age_band"]),
            "language": fields["language"],
            "interpreter_needed": fields["interpreter_needed"],
            "name_never_shown": fields["name_never_shown"],
            "reason": fields["reason"],
            "once": fields["once"],
        }


def _recipient_choices() -> list[tuple[str, str]]:
    known = known_recipients()
    return [(code, recipient_words(code, known)) for code in known]


class ConsentForm(forms.Form):
    recipient = forms.ChoiceField(
        label=_("Who asks for it"), choices=_recipient_choices, widget=forms.RadioSelect
    )
    purpose = forms.ChoiceField(
        label=_("What for"),
        choices=lambda: _labelled(Purpose, "ConsentPurpose"),
        widget=forms.RadioSelect,
    )
    answer = forms.ChoiceField(
        label=_("The answer"),
        choices=lambda: _labelled((Answer.AGREED, Answer.IN_PART, Answer.REFUSED)),
        widget=forms.RadioSelect,
        help_text=_("Help never depends on the answer."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may go"),
        choices=lambda: _labelled(Scope),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    mode = forms.ChoiceField(
        label=_("How the person appears"),
        choices=lambda: _labelled(Mode),
        widget=forms.RadioSelect,
    )
    valid_until = DateField(
        label=_("Last day"), required=False, help_text=_("Included. Empty: until withdrawn.")
    )
    restrictions = forms.CharField(
        label=_("Restrictions, in the person’s words"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    given_by = forms.ChoiceField(
        label=_("Who answered"),
        choices=lambda: _labelled(GivenBy),
        widget=forms.RadioSelect(attrs=LINE),
    )
    explained_in = forms.ChoiceField(
        label=_("Explained in"),
        choices=SHEET_LANGUAGES,
        widget=forms.RadioSelect(attrs=LINE),
    )
    how_understood = forms.CharField(
        label=_("How the person said it back"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Ask the person to tell in own words what was agreed; write that down."),
    )

    def clean_how_understood(self) -> str:
        said = plain_text(self.cleaned_data["how_understood"])
        if not said:
            raise forms.ValidationError(_("Write down how the person said it back."))
        return said

    def facts(self) -> dict[str, Any]:
        """What `record_consent` takes, without the version of the text."""
        fields = dict(self.cleaned_data)
        return fields | {
            "purpose": Purpose(fields["purpose"]),
            "answer": Answer(fields["answer"]),
            "scopes": [Scope(scope) for scope in fields["scopes"]],
            "mode": Mode(fields["mode"]),
            "given_by": GivenBy(fields["given_by"]),
        }


class FilesInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Cleans to a list of uploads, empty ones included."""

    widget = FilesInput

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """Return what was uploaded. Raises ValidationError."""
        given = data if isinstance(data, list | tuple) else [data]
        cleaned = [super(FilesField, self).clean(one, initial) for one in given if one]
        return [one for one in cleaned if one]


def _kind_choices() -> list[tuple[str, str]]:
    kinds = terms("evidence_types", "evidence_types")
    return [("", "–"), *((term.id, in_words(term.labels)) for term in kinds)]


class NewAccountForm(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    form = forms.ChoiceField(
        label=pgettext_lazy("law", "Form of the account"),
        choices=lambda: _labelled(AccountForm),
        widget=forms.RadioSelect,
    )
    video_recorded = forms.BooleanField(
        label=_("It was recorded on video"),
        required=False,
        help_text=_("Under martial law an interview counts in court only with video."),
    )
    taken_on = PastDateField(label=_("Day"), initial=timezone.localdate)
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    text = forms.CharField(
        label=_("What was told"),
        max_length=LONGEST_STATEMENT,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("It becomes a text file in the vault and is never changed afterwards."),
    )
    text_scope = forms.ChoiceField(
        label=_("The text is"),
        choices=lambda: _labelled((Scope.STATEMENT, Scope.SUMMARY)),
        widget=forms.RadioSelect(attrs=LINE),
        required=False,
    )
    uploads = FilesField(label=_("Files handed over"), required=False)
    upload = UploadsField()  # in place of `uploads`
    uploads_kind = forms.ChoiceField(
        label=_("The files are"), choices=_kind_choices, required=False
    )
    uploads_scope = forms.ChoiceField(
        label=_("They fall under"),
        choices=lambda: _labelled(Scope),
        widget=forms.RadioSelect,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if fields.get("text", "").strip() and not fields.get("text_scope"):
            self.add_error("text_scope", _("Say whether it is the full statement or a summary."))
        has_files = fields.get("uploads") or fields.get("upload")
        if has_files and not fields.get("uploads_kind"):
            self.add_error("uploads_kind", _("Say what the files are."))
        if has_files and not fields.get("uploads_scope"):
            self.add_error("uploads_scope", _("Say under which part of a consent they fall."))
        return fields

    @property
    def statement(self) -> bytes:
        """The text as it goes into the vault: UTF-8, without marks that change how it reads."""
        return plain_text(self.cleaned_data["text"]).encode("utf-8")

    @property
    def moment(self) -> datetime:
        """The day as a moment: now for today, noon of the node's time zone for an earlier day."""
        day, now = self.cleaned_data["taken_on"], timezone.localtime()
        if day == now.date():
            return now
        return timezone.make_aware(datetime.combine(day, time(12)))


class ShareForm(forms.Form):
    case_number = forms.CharField(
        label=_("Number of the case"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "off"}),
        help_text=_("Ask the prosecutor for it."),
    )

    def clean_case_number(self) -> str:
        return plain_line(self.cleaned_data["case_number"])
