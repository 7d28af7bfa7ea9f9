"""The shape of what officers type about items."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from comity.core.access import Compartment
from comity.evidence.kinds import vocabulary, ways_obtained
from comity.evidence.models import Item
from comity.evidence.report import LANGUAGES, language_of_node
from comity.evidence.rules import (
    ACQUISITION_AT_MOST,
    HANDOVER_AT_MOST,
    OTHER_KIND,
    TITLE_AT_MOST,
    Derived,
    Origin,
    Purpose,
    Recipient,
    plain_line,
)
from comity.evidence.rules.tools import MOST_VIEWS_A_DAY, OCR_LANGUAGES, Writing
from comity.ui.forms import DateField, PastDateField, UploadsField
from comity.ui.labels import label

if TYPE_CHECKING:
    _ItemsField = forms.ModelMultipleChoiceField[Item]
else:
    _ItemsField = forms.ModelMultipleChoiceField
Choices = list[tuple[str, str]]
TYPED = (Derived.TRANSCRIPT, Derived.TRANSLATION)
SPOKEN = {"uk": _("Ukrainian"), "ja": _("Japanese"), "en": _("English"), "ru": _("Russian")}
WIDE = {"class": "govuk-input--width-20", "autocomplete": "off"}


def _kinds() -> Choices:
    ids = [*(term.id for term in vocabulary()), OTHER_KIND]
    return sorted(((each, label(each, "ItemKind")) for each in ids), key=lambda pair: pair[1])


def _day_box() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class FilterForm(forms.Form):
    number = forms.RegexField(
        r"^\s*(?:E-)?0*(\d{1,12})\s*$",
        label=_("Number"),
        required=False,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10"}),
        error_messages={"invalid": _("Write a number such as E-000123.")},
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All")), *_kinds()]
    )
    origin = forms.ChoiceField(
        label=_("Origin"),
        required=False,
        choices=lambda: [("", _("All")), *((each.value, label(each)) for each in Origin)],
    )

    words = forms.CharField(
        label=_("Words of its title or file name"), required=False, max_length=200
    )
    sha256 = forms.RegexField(
        r"^\s*[0-9A-Fa-f]{8,64}\s*$",
        label=_("SHA-256, or its first 8 digits"),
        required=False,
        widget=forms.TextInput(attrs={"class": "cm-mono", "spellcheck": "false"}),
        error_messages={"invalid": _("Write at least the first 8 digits: 0 to 9 and a to f.")},
    )
    case = forms.CharField(label=_("Case number"), required=False, max_length=100)
    since = forms.DateField(label=_("Taken in from"), required=False, widget=_day_box())
    until = forms.DateField(label=_("Taken in up to"), required=False, widget=_day_box())

    def clean_sha256(self) -> str:
        return str(self.cleaned_data["sha256"]).strip().lower()

    def clean_number(self) -> int | None:
        digits = str(self.cleaned_data["number"]).strip().upper().removeprefix("E-")
        return int(digits) if digits else None


class OpenForm(forms.Form):
    purpose = forms.ChoiceField(
        label=_("Why do you open it?"),
        choices=lambda: [(each.value, label(each)) for each in Purpose],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say why you open it.")},
    )

    going_on = forms.CharField(
        label=_("Why do you go on?"),
        required=False,
        max_length=500,
        help_text=_("It stands in the ledger under your name, not in the custody of the item."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, is_reached: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_reached:
            self.fields["going_on"].required = True
            self.fields["going_on"].error_messages["required"] = _("Say why you go on.")
        else:
            del self.fields["going_on"]


class TextForm(forms.Form):
    how = forms.ChoiceField(label=_("What is to be made"), widget=forms.RadioSelect)
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        required=False,
        help_text=_("Of the writing, up to four; for a translation, the one to translate into."),
        choices=lambda: [(code, SPOKEN[code]) for code in OCR_LANGUAGES],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, ways: Iterable[Writing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["how"].choices = [(way.value, label(way)) for way in ways]  # type: ignore[attr-defined]


class TranscriptForm(forms.Form):
    how = forms.ChoiceField(
        label=_("What it is"),
        choices=lambda: [(each.value, label(each)) for each in TYPED],
        widget=forms.RadioSelect,
    )
    title = forms.CharField(
        label=_("What it is, in one line"),
        max_length=TITLE_AT_MOST,
        help_text=_("No name of a victim or witness."),
    )
    text = forms.CharField(
        label=_("Text"),
        strip=False,
        help_text=_("As you hear or read it. Say in the text what you could not make out."),
        widget=forms.Textarea(attrs={"rows": 16, "dir": "auto"}),
    )


class ExposureForm(forms.Form):
    views_a_day = forms.IntegerField(
        label=_("Distressing items in a day"),
        min_value=0,
        max_value=MOST_VIEWS_A_DAY,
        help_text=_("0 means no limit."),
        widget=forms.NumberInput(attrs={"class": "govuk-input--width-5"}),
    )


class AddItemForm(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    upload = UploadsField()  # in place of `file`
    # Of several files: the number of the first in this sending, and of how many.
    first = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)
    count = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("Any type and any size. It is encrypted as it comes in and never changed."),
    )
    title = forms.CharField(
        label=_("What it is, in one line"),
        max_length=TITLE_AT_MOST,
        help_text=_("No name of a victim or witness."),
    )
    kind = forms.ChoiceField(label=_("Kind of evidence"), choices=lambda: [("", ""), *_kinds()])
    holder = forms.ChoiceField(
        label=_("Whose team may see it"), help_text=_("You can share it with others later.")
    )
    origin = forms.ChoiceField(
        label=_("Where it comes from"),
        choices=lambda: [
            (each.value, label(each)) for each in (Origin.INVESTIGATION, Origin.PARTNER)
        ],
        widget=forms.RadioSelect,
    )
    compartment = forms.ChoiceField(
        label=_("Who in the team may open it"), widget=forms.RadioSelect
    )
    acquired_by = forms.CharField(
        label=_("Who obtained it"),
        max_length=ACQUISITION_AT_MOST["acquired_by"],
        widget=forms.TextInput(attrs=WIDE),
    )
    day = PastDateField(label=_("Day on which it was obtained"))
    hour = forms.TimeField(
        label=_("Time, if known"),
        required=False,
        input_formats=["%H:%M"],
        help_text=_("For example, 18:40, by this node's clock."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-5", "inputmode": "numeric"}),
    )
    place = forms.CharField(
        label=_("Place"), required=False, max_length=ACQUISITION_AT_MOST["place"]
    )
    device = forms.CharField(
        label=_("Device or account it comes from"),
        required=False,
        max_length=ACQUISITION_AT_MOST["device"],
    )
    method = forms.ChoiceField(
        label=_("How it was obtained"),
        choices=lambda: [
            ("", ""),
            *((each.id, label(each.id, "Obtained")) for each in ways_obtained()),
        ],
    )
    legal_authority = forms.CharField(
        label=pgettext_lazy("law", "By what authority"),
        required=False,
        max_length=ACQUISITION_AT_MOST["legal_authority"],
        help_text=_("Decision, order or consent, with number and date."),
    )

    def __init__(
        self,
        *args: Any,
        holders: Choices,
        compartments: Iterable[Compartment],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.fields["file"].required = not self.data.get("upload")
        self.fields["holder"].choices = [("", ""), *holders]  # type: ignore[attr-defined]  # a choice field
        self.fields["compartment"].choices = [  # type: ignore[attr-defined]
            (each.value, label(each)) for each in sorted(compartments)
        ]

    def clean_holder(self) -> tuple[str, uuid.UUID]:
        kind, _separator, record = self.cleaned_data["holder"].partition(":")
        return kind, uuid.UUID(record)

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if fields.get("day"):
            naive = datetime.combine(fields["day"], fields.get("hour") or time())
            fields["acquired_at"] = timezone.make_aware(naive)
            if fields["acquired_at"] > timezone.now():
                self.add_error("day", _("This day has not come yet."))
        return fields


class ItemsField(_ItemsField):
    def clean(self, value: Any) -> Any:
        """Check that each value can be a key at all, then as usual."""
        for each in value if isinstance(value, list | tuple) else ():
            text = str(each)
            if not (text.isascii() and text.isdigit() and len(text) < 19):
                raise forms.ValidationError(
                    self.error_messages["invalid_pk_value"] % {"pk": text[:20]}
                )
        return super().clean(value)

    def label_from_instance(self, item: Item) -> str:
        return said_of(item)


def said_of(item: Item) -> str:
    """Number, title and conditions of an item, for a list to choose from."""
    codes = [label(each.code, "UseCondition") for each in item.conditions.all()]
    said = f"{item.number} · {item.title}"
    if not codes:
        return said
    return _("%(item)s · conditions: %(codes)s") % {"item": said, "codes": ", ".join(codes)}


class PackageForm(forms.Form):
    items = ItemsField(
        label=_("Items"),
        queryset=Item.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    case_ref = forms.CharField(
        label=pgettext_lazy("law", "Number of the proceeding"),
        max_length=200,
        widget=forms.TextInput(attrs=WIDE),
    )
    whole_case = forms.BooleanField(
        label=_("All items of this proceeding that you may see"), required=False
    )
    of_others = forms.BooleanField(
        label=_("This is the number of a proceeding of another authority"),
        required=False,
        help_text=_("Tick it if this node holds no case with this number."),
    )
    recipient = forms.ChoiceField(
        label=_("Who gets the package"),
        choices=lambda: [(each.value, label(each)) for each in Recipient],
        widget=forms.RadioSelect,
        initial=Recipient.COURT,
    )
    name = forms.CharField(
        label=_("Who that is, if somebody else"),
        max_length=HANDOVER_AT_MOST["name"],
        required=False,
        help_text=_("The authority or office, never a private person’s name."),
    )
    purpose = forms.CharField(label=_("What the package is for"), max_length=200)
    legal_basis = forms.CharField(
        label=pgettext_lazy("law", "Legal basis"),
        max_length=200,
        help_text=_("The article or order under which you hand it over."),
    )
    order = forms.CharField(
        label=pgettext_lazy("law", "Order or provision that compels it"),
        max_length=HANDOVER_AT_MOST["order"],
        required=False,
        help_text=_(
            "Only for items of a person that no agreement covers. With number and date; it is "
            "shown on the person’s record."
        ),
    )
    appearance = forms.CharField(
        label=_("How the person’s name is kept out"),
        max_length=HANDOVER_AT_MOST["appearance"],
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "Needed where a person agreed only without her name. You confirm it; it is recorded."
        ),
    )
    keys = forms.CharField(
        label=_("Encrypt to"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_(
            "Public keys of the recipients (age1…), one in a line. They alone can open the "
            "package. Empty: it is not encrypted."
        ),
    )
    language = forms.ChoiceField(
        label=_("Language of the custody report"),
        choices=lambda: [(each, label(each, "Language")) for each in LANGUAGES],
        widget=forms.RadioSelect(attrs={"class": "govuk-radios--inline"}),
        initial=language_of_node,
    )
    with_messages = forms.BooleanField(
        label=_("Enclose the messages in which these items left, with their receipts"),
        required=False,
    )

    def __init__(
        self, *args: Any, offered: Any, of_case: Callable[[str], Any], **options: Any
    ) -> None:
        """offered: items to tick. of_case: the items of the case with a number, or None."""
        super().__init__(*args, **options)
        self.of_case = of_case
        field = self.fields["items"]
        field.queryset = offered  # type: ignore[attr-defined]  # a model field

    def clean_keys(self) -> tuple[str, ...]:
        """Give what was typed as single keys; the action says which of them is none."""
        return tuple(self.cleaned_data["keys"].replace(",", " ").split())

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        named = bool(fields.get("name"))
        if fields.get("recipient") == Recipient.OTHER and not named:
            self.add_error("name", _("Say who gets the package."))
        elif named and fields.get("recipient") not in {Recipient.OTHER, None}:
            self.add_error("name", _("Only somebody else is named here. Empty this box."))
        if "case_ref" in fields:
            self._choose(fields)
        return fields

    def _choose(self, fields: dict[str, Any]) -> None:
        """Set `chosen`: what was ticked, or the whole case; and question a number nobody knows."""
        held = self.of_case(fields["case_ref"])
        if held is None and not fields.get("of_others"):
            self.add_error(
                "case_ref",
                _(
                    "You see no case with this number. Correct it, or say that it is the number "
                    "of another authority’s proceeding."
                ),
            )
        elif fields.get("whole_case"):
            fields["chosen"] = list(held if held is not None else ())
        else:
            fields["chosen"] = list(fields.get("items") or ())
        if not fields.get("chosen") and not self.errors:
            self.add_error("items", _("Choose at least one item."))


class ConfirmUseForm(forms.Form):
    target = forms.ChoiceField(label=_("What the use is for"))
    name = forms.CharField(
        label=_("Who that is, if somebody else"),
        max_length=HANDOVER_AT_MOST["name"],
        required=False,
    )
    reason = forms.CharField(
        label=_("Why the use respects the condition"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("For example the assurance given, with date and reference."),
    )

    def __init__(self, *args: Any, targets: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["target"].choices = [("", ""), *targets]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if fields.get("target") == Recipient.OTHER and not fields.get("name"):
            self.add_error("name", _("Say who gets the package."))
        return fields

    def facts(self) -> dict[str, str]:
        """What `confirm_use` takes."""
        target, name = self.cleaned_data["target"], plain_line(self.cleaned_data["name"])
        named = f"{target}:{name}" if target == Recipient.OTHER else target
        return {"target": named, "reason": self.cleaned_data["reason"]}


class HoldForm(forms.Form):
    legal_basis = forms.CharField(
        label=pgettext_lazy("law", "Legal basis"),
        max_length=200,
        help_text=_("The provision or order, with number and date."),
    )
    reason = forms.CharField(
        label=_("Why it must be kept"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class LiftForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it need not be kept any more"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class MoveForm(forms.Form):
    holder = forms.CharField(
        label=_("Who has it now"),
        max_length=120,
        widget=forms.TextInput(attrs=WIDE),
        help_text=_("An officer or an office of this authority."),
    )
    place = forms.CharField(label=_("Where it is now"), max_length=200)
    purpose = forms.CharField(label=_("What for"), max_length=200)


class EraseForm(forms.Form):
    legal_basis = forms.CharField(
        label=pgettext_lazy("law", "Legal basis"),
        max_length=200,
        help_text=_("The provision or order that requires it, with number and date."),
    )
    reason = forms.CharField(
        label=_("Why it is erased"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    whole_tree = forms.BooleanField(required=False)

    def __init__(self, *args: Any, below: int = 0, **options: Any) -> None:
        super().__init__(*args, **options)
        if not below:
            del self.fields["whole_tree"]
            return
        self.fields["whole_tree"].label = ngettext(
            "Also the %(n)d item that was made out of it",
            "Also the %(n)d items that were made out of it",
            below,
        ) % {"n": below}


class LastDayForm(forms.Form):
    last_day = DateField(
        label=_("Last day of use"),
        required=False,
        help_text=_("Included. After it nobody opens or uses the item. Empty: no day is set."),
    )
    reason = forms.CharField(
        label=_("Where that stands"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The condition’s words, or the letter that granted another day."),
    )
