"""How a Django form looks: govuk-frontend's markup for labels, hints, errors and controls."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import BaseRenderer
from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from comity.core.days import is_too_early

OURS = Path(__file__).resolve().parent / "templates"
DJANGOS = Path(forms.__file__).resolve().parent / "templates"

# The class that a control needs, by the file name of Django's widget template.
CONTROLS = {
    "input": "govuk-input",
    "text": "govuk-input",
    "number": "govuk-input",
    "email": "govuk-input",
    "url": "govuk-input",
    "tel": "govuk-input",
    "search": "govuk-input",
    "password": "govuk-input",
    "date": "govuk-input",
    "datetime": "govuk-input",
    "time": "govuk-input",
    "select": "govuk-select",
    "textarea": "govuk-textarea",
    "file": "govuk-file-upload",
    "clearable_file_input": "govuk-file-upload",
    "checkbox": "govuk-checkboxes__input",
}


class Renderer(BaseRenderer):
    """Renders forms with our templates first, whatever the order of the apps (FORM_RENDERER)."""

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"

    @cached_property
    def engine(self) -> DjangoTemplates:
        return DjangoTemplates(
            {"APP_DIRS": True, "DIRS": [OURS, DJANGOS], "NAME": "comity-forms", "OPTIONS": {}}
        )

    def get_template(self, template_name: str) -> Any:
        return self.engine.get_template(template_name)

    def render(
        self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None
    ) -> str:
        widget = context.get("widget")
        if widget and (control := CONTROLS.get(Path(template_name).stem)):
            widget["attrs"] = _with_class(widget["attrs"], control)
            if control == "govuk-textarea" and "maxlength" in widget["attrs"]:
                widget["attrs"] = _counted(widget["attrs"])
        return str(super().render(template_name, context, request))


def _with_class(attrs: dict[str, Any], control: str) -> dict[str, Any]:
    """Add the control's class, and its error form when the field did not validate.

    Placeholders go: they vanish while one types, so the label and the hint carry their words.
    """
    classes = [control, attrs.get("class", "")]
    if attrs.get("aria-invalid") and control != "govuk-checkboxes__input":
        classes.append(f"{control}--error")
    kept = {name: value for name, value in attrs.items() if name != "placeholder"}
    return kept | {"class": " ".join(name for name in classes if name)}


def _counted(attrs: dict[str, Any]) -> dict[str, Any]:
    """Tie a textarea to its character count; the limit itself is checked when it is sent."""
    described = f"{attrs.get('aria-describedby', '')} {attrs.get('id', '')}-info".strip()
    kept = {name: value for name, value in attrs.items() if name != "maxlength"}
    classes = f"{attrs['class']} govuk-js-character-count"
    return kept | {"class": classes, "aria-describedby": described}


class DateWidget(forms.MultiWidget):
    """Three boxes, day, month and year: quicker than a calendar for dates that are known."""

    template_name = "ui/forms/date.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        number = {"inputmode": "numeric", "autocomplete": "off"}
        super().__init__([forms.TextInput(attrs=number) for _box in range(3)], attrs)

    def decompress(self, value: date | None) -> list[Any]:
        return [value.day, value.month, value.year] if value else [None, None, None]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        titles = (pgettext("part of a date", "Day"), _("Month"), _("Year"))
        for box, title, width in zip(context["widget"]["subwidgets"], titles, "224", strict=True):
            classes = f"govuk-date-input__input govuk-input--width-{width}"
            box["title"] = title
            box["attrs"] = _with_class(box["attrs"] | {"class": classes}, "govuk-input")
        return context


class DateField(forms.MultiValueField):
    """A date typed in three boxes; cleans to a `date`, and says which part is wrong."""

    widget = DateWidget
    default_error_messages = {
        "invalid": _("This is not a date. For example, 24 11 2026."),
        "incomplete": _("Write day, month and year."),
    }

    def __init__(self, **options: Any) -> None:
        boxes = [forms.CharField(max_length=4) for _box in range(3)]
        options.setdefault("require_all_fields", True)
        super().__init__(boxes, **options)
        for box in boxes:
            box.error_messages["incomplete"] = self.error_messages["incomplete"]

    def clean(self, value: Any) -> date | None:
        """Return the date, or None for an optional field left empty. Raises ValidationError."""
        typed = [str(part).strip() if part else "" for part in value or ()]
        if any(typed) and not all(typed):
            raise ValidationError(self.error_messages["incomplete"], code="incomplete")
        cleaned: date | None = super().clean(typed)
        return cleaned

    def compress(self, parts: list[str]) -> date | None:
        if not parts:
            return None
        if not all(part.isascii() and part.isdigit() for part in parts) or len(parts[2]) != 4:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        day, month, year = (int(part) for part in parts)
        try:
            return date(year, month, day)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class PastDateField(DateField):
    """The day on which something happened: from 1900 to today, by this node's calendar."""

    default_error_messages = {
        "too_early": _("The day lies before 1900. Correct the date."),
        "not_yet": _("This day has not come yet."),
    }

    def compress(self, parts: list[str]) -> date | None:
        day = super().compress(parts)
        if day is not None and is_too_early(day):
            raise ValidationError(self.error_messages["too_early"], code="too_early")
        if day is not None and day > timezone.localdate():
            raise ValidationError(self.error_messages["not_yet"], code="not_yet")
        return day


class UploadsField(forms.CharField):
    """Uids of files that have arrived in pieces, with commas; hidden, filled by upload.mjs."""

    AT_MOST = 100  # in one sending of a form

    def __init__(self) -> None:
        super().__init__(
            widget=forms.HiddenInput, required=False, max_length=40 * UploadsField.AT_MOST
        )

    def clean(self, value: Any) -> list[uuid.UUID]:
        """Give the uids in their order, each once. Raises ValidationError."""
        texts = [text for text in super().clean(value).split(",") if text.strip()]
        try:
            uids = [uuid.UUID(text.strip()) for text in texts]
        except ValueError:
            raise ValidationError(_("This upload is over. Choose the file again.")) from None
        if len(uids) > UploadsField.AT_MOST:
            raise ValidationError(_("Too many files at once."))
        return list(dict.fromkeys(uids))
