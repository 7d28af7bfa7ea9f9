"""The shape of what officers type about partners."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from comity.exchange.models import DEFAULT_TYPES
from comity.ui.labels import label

MAX_DESCRIPTOR_BYTES = 256 * 1024


class ProposeForm(forms.Form):
    file = forms.FileField(
        label=_("The partner's descriptor, as a file"),
        help_text=_("A file named comity-descriptor.jws that their administrator saved."),
        required=False,
    )
    text = forms.CharField(
        label=_("Or the descriptor as text"),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        required=False,
    )
    allowed_types = forms.MultipleChoiceField(
        label=_("What may be exchanged"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [kind for kind in DEFAULT_TYPES if kind in settings.MESSAGE_HANDLERS]
        others = sorted(set(settings.MESSAGE_HANDLERS) - set(kinds))
        self.fields["allowed_types"].choices = [  # type: ignore[attr-defined]  # a choice field
            (kind, label(kind, "MessageType")) for kind in [*kinds, *others]
        ]
        self.fields["allowed_types"].initial = kinds

    def clean(self) -> dict[str, Any]:
        """Take the descriptor from the file or from the text; one of them must be there."""
        cleaned: dict[str, Any] = super().clean() or {}
        text = (cleaned.get("text") or "").strip()
        if upload := cleaned.get("file"):
            text = self._read(upload)
        if not text and not self.errors:
            self.add_error("file", _("Choose the partner's descriptor, or paste its text."))
        cleaned["descriptor"] = text
        return cleaned

    def _read(self, upload: Any) -> str:
        try:
            if upload.size > MAX_DESCRIPTOR_BYTES:
                raise ValueError("too large for a descriptor")
            return str(upload.read().decode("ascii").strip())
        except ValueError:
            self.add_error("file", label("exchange.unreadable_file"))
            return ""


class ConfirmForm(forms.Form):
    fingerprint = forms.CharField(
        label=_("The fingerprint as the other side reads it out"),
        help_text=_("All 64 digits, in groups of four. Do not copy it from this page."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off"}),
    )
    verified_how = forms.CharField(
        label=_("How you compared it, and with whom"),
        help_text=_("For example: video call with two officers whom we know, and paper."),
        widget=forms.Textarea(attrs={"rows": 2, "data-maxlength": 500}),
        max_length=500,
    )
