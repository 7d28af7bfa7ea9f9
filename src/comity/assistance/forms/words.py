"""Fields for words in three languages, and for whoever signs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from comity.core.law import letter_facts as law

NAMES = {"uk": "українською", "ja": "日本語", "en": "English"}


@dataclass(frozen=True)
class Words:
    """A text wanted in three languages. lines: rows of the box; 1 is a single line."""

    label: str | Promise
    required: bool = True
    lines: int = 1
    hint: str | Promise = ""


class OnceForm(forms.Form):
    """A form that makes something new: sent a second time it leads to what it made."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)


class WordsForm(forms.Form):
    """A form some of whose texts are asked in Ukrainian, Japanese and English."""

    three: ClassVar[Mapping[str, Words]] = {}

    def __init__(self, *args: Any, words: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        known = words or {}
        for name, asked in self.three.items():
            for language, spelled in NAMES.items():
                self.fields[f"{name}_{language}"] = _field(asked, language, spelled)
                if language in known.get(name, {}):
                    self.initial.setdefault(f"{name}_{language}", known[name][language])
        self.order_fields(self.field_order)

    def words(self, name: str) -> dict[str, str]:
        """The words typed for a name, by language; empty if none is complete."""
        typed = {
            language: str(self.cleaned_data.get(f"{name}_{language}") or "").strip()
            for language in NAMES
        }
        return typed if any(typed.values()) else {}

    def clean(self) -> dict[str, Any]:
        """Ask for all three languages or none where the text is optional."""
        cleaned = super().clean() or {}
        for name, asked in self.three.items():
            typed = self.words(name)
            for language in NAMES:
                if typed and not asked.required and not typed[language]:
                    self.add_error(f"{name}_{language}", _("Write it in all three languages."))
        return cleaned


def _field(asked: Words, language: str, spelled: str) -> forms.CharField:
    attrs = {"lang": language, "dir": "ltr"}
    widget = (
        forms.TextInput(attrs=attrs)
        if asked.lines == 1
        else forms.Textarea(attrs={**attrs, "rows": asked.lines})
    )
    return forms.CharField(
        label=_("%(what)s, %(language)s") % {"what": asked.label, "language": spelled},
        required=asked.required,
        max_length=300 if asked.lines == 1 else 20_000,
        widget=widget,
        help_text=str(asked.hint) if language == "uk" else "",
    )


class SignatoryForm(WordsForm):
    """Who signs a paper of ours. Names in other scripts are typed, never made."""

    three: ClassVar[Mapping[str, Words]] = {
        "signatory": Words(_("Name of who signs")),
        "position": Words(_("Office of who signs")),
    }

    def signatory(self) -> law.Signatory:
        """The signatory as typed."""
        return law.Signatory(self.words("signatory"), self.words("position"))


def offer(field: forms.Field, rows: QuerySet[Any]) -> None:
    """Let a field offer these rows."""
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError("only a choice of rows offers rows")
    field.queryset = rows


def signatory_words(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a kept signatory, to fill the form with."""
    if not plain:
        return {}
    return {"signatory": plain.get("names", {}), "position": plain.get("position", {})}
