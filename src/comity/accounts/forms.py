"""The shape of what an administrator and a supervisor type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.ui.labels import label


def _role_choices() -> list[tuple[str, str]]:
    return [(role.value, label(role)) for role in Role]


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        widget=forms.CheckboxSelectMultiple,
        choices=_role_choices,
        help_text=_("An administrator and an auditor hold no other role."),
    )


class OfficerForm(RolesForm):
    name = forms.CharField(label=pgettext_lazy("officer", "Name"), max_length=120)
    name_latin = forms.CharField(label=_("Name in Latin letters"), max_length=120, required=False)
    title = forms.CharField(label=pgettext_lazy("officer", "Title"), max_length=120, required=False)
    office = forms.CharField(label=_("Office"), max_length=200, required=False)
    email = forms.EmailField(label=_("Address for signing in"))
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("uk", "Українська"), ("ja", "日本語"), ("en", "English")],
        widget=forms.RadioSelect,
    )
    field_order = [
        "name",
        "name_latin",
        "title",
        "office",
        "email",
        "language",
        "roles",
    ]


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("Address for signing in"))
    first = forms.CharField(
        label=_("First code"),
        max_length=40,
        help_text=_("From the administrator who proposed you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    second = forms.CharField(
        label=_("Second code"),
        max_length=40,
        help_text=_("From the officer who confirmed it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Tell it to nobody, not to the administrator either."),
    )
    again = forms.CharField(
        label=_("Your password once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if fields.get("password") != fields.get("again"):
            self.add_error("again", _("The two passwords differ. Type the same one twice."))
        return fields


class TeamForm(forms.Form):
    officer = forms.ModelChoiceField(
        label=_("Officer"), queryset=Officer.objects.filter(is_active=True)
    )


class ReviewForm(forms.Form):
    finding = forms.ChoiceField(
        label=_("What did you find?"),
        choices=[
            ("justified", _("The access was justified")),
            ("not_justified", _("The access was not justified: end it now")),
        ],
        widget=forms.RadioSelect,
    )
