"""The shape of what is made of an item: redacted copies and excerpts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comity.evidence import actions
from comity.evidence.models import Item
from comity.evidence.rules import (
    TITLE_AT_MOST,
    milliseconds,
)
from comity.evidence.rules.tools import Worked
from comity.ui.labels import label

if TYPE_CHECKING:
    _ItemsField = forms.ModelMultipleChoiceField[Item]
else:
    _ItemsField = forms.ModelMultipleChoiceField
Choices = list[tuple[str, str]]

NUMBER = {"class": "govuk-input--width-4", "inputmode": "numeric", "autocomplete": "off"}


MOMENT = {"class": "govuk-input--width-5", "autocomplete": "off"}


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def _pixels(name: Any, least: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=name,
        min_value=least,
        max_value=100_000,
        widget=forms.TextInput(attrs=NUMBER),
    )


class RegionForm(forms.Form):
    page = forms.IntegerField(
        label=_("Page"),
        min_value=1,
        max_value=10_000,
        initial=1,
        widget=forms.TextInput(attrs=NUMBER),
    )
    x = _pixels(_("From the left"), 0)
    y = _pixels(_("From the top"), 0)
    width = _pixels(_("Width"), 1)
    height = _pixels(_("Height"), 1)
    reason = _reason()

    def __init__(self, *args: Any, shown_page: int = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["page"].initial = shown_page

    def has_changed(self) -> bool:
        """Say whether a box was written; the page alone is none."""
        return any(name != "page" for name in self.changed_data)

    def mark(self) -> actions.Region:
        """What `redact` takes."""
        return actions.Region(**self.cleaned_data)


class MomentField(forms.CharField):
    """A time in a film or sound: 95, 1:35, 0:01:35.250; cleaned to milliseconds."""

    def clean(self, value: Any) -> Any:
        """Read the time, or say how it is written."""
        text = super().clean(value)
        if not text:
            return None
        found = milliseconds(text)
        if found is None:
            raise forms.ValidationError(
                _("Write a time such as 1:35 or 0:01:35.250; minutes and seconds up to 59.")
            )
        return found


class StretchForm(forms.Form):
    from_ms = MomentField(label=_("From"), widget=forms.TextInput(attrs=MOMENT))
    to_ms = MomentField(label=_("To"), widget=forms.TextInput(attrs=MOMENT))
    reason = _reason()

    def mark(self) -> actions.Stretch:
        """What `redact` takes."""
        return actions.Stretch(**self.cleaned_data)


class PhraseForm(forms.Form):
    words = forms.CharField(
        label=_("Words to take out"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = _reason()

    def mark(self) -> actions.Phrase:
        """What `redact` takes."""
        return actions.Phrase(**self.cleaned_data)


ROW_FORMS: dict[Worked, type[forms.Form]] = {
    Worked.IMAGE: RegionForm,
    Worked.PDF: RegionForm,
    Worked.MEDIA: StretchForm,
    Worked.TEXT: PhraseForm,
}


class MadeForm(forms.Form):
    """What every copy has: its title, and the scope of consent that it follows from."""

    title = forms.CharField(
        label=_("What the copy is, in one line"),
        max_length=TITLE_AT_MOST,
        help_text=_("No name of a victim or witness."),
    )
    scope = forms.ChoiceField(
        label=pgettext_lazy("consent", "Scope of consent that it follows from"),
        required=False,
        help_text=_(
            "The copy may then go where the person agreed that this goes. Without one it does not "
            "leave."
        ),
    )

    def __init__(self, *args: Any, scopes: Iterable[str], **options: Any) -> None:
        super().__init__(*args, **options)
        offered = [(each, label(each, "Scope")) for each in scopes]
        self.fields["scope"].choices = [("", _("None")), *offered]  # type: ignore[attr-defined]
        if not offered:
            del self.fields["scope"]


class StretchExcerptForm(MadeForm):
    first = MomentField(label=_("From"), widget=forms.TextInput(attrs=MOMENT))
    last = MomentField(label=_("To"), widget=forms.TextInput(attrs=MOMENT))
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class PagesExcerptForm(MadeForm):
    first = forms.IntegerField(
        label=_("First page"), min_value=1, widget=forms.TextInput(attrs=NUMBER)
    )
    last = forms.IntegerField(
        label=_("Last page"), min_value=1, widget=forms.TextInput(attrs=NUMBER)
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
