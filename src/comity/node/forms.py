"""The shape of what is typed on pages that belong to no single app."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class EmergencyForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What must you open?"),
        choices=[("case", _("A case")), ("person", _("A person's file"))],
        widget=forms.RadioSelect,
    )
    number = forms.CharField(
        label=_("Its number"), max_length=40, help_text=_("For example 2211/24 or P-0041.")
    )
    reason = forms.CharField(
        label=_("Why can it not wait for the team?"),
        widget=forms.Textarea(attrs={"rows": 4, "data-maxlength": 1000}),
        max_length=1000,
        help_text=_("A supervisor reads this. You get access for four hours."),
    )
