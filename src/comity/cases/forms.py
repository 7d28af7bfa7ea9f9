"""The shape of what an investigator and a prosecutor type about cases and incidents."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from comity.accounts.models import Officer
from comity.cases import law
from comity.cases.rules import Certainty, ElementState, PersonRole, person_code
from comity.core.access import Act, Role, acts_of
from comity.core.errors import Refused
from comity.core.law.letter_facts import Stage
from comity.evidence.models import Item
from comity.ui.forms import PastDateField
from comity.ui.labels import label

LONGEST_TEXT = 20_000
_ITEM_NUMBER = re.compile(r"(?:E-)?0*(\d{1,12})")


def _labelled(kind: Any) -> list[tuple[str, str]]:
    return [(code.value, label(code)) for code in kind]


def _case_workers() -> Any:
    roles = [role.value for role in Role if Act.SEE_CASES in acts_of(frozenset({role}))]
    return Officer.objects.filter(is_active=True, held_roles__role__in=roles).distinct()


def _require_keys(field: forms.Field, value: Any) -> None:
    """Refuse what no database has as a key, before it is asked. Raises ValidationError."""
    for each in value if isinstance(value, list | tuple) else ():
        text = str(each)
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ValidationError(field.error_messages["invalid_pk_value"] % {"pk": text[:20]})


class OfficerChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # none at run time
    """Officers by name."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> Any:
        """Check that each value can be a key at all, then as usual."""
        _require_keys(self, value)
        return super().clean(value)


class CaseForm(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    number = forms.CharField(
        label=pgettext_lazy("law", "Number of the proceeding"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-20", "autocomplete": "off"}),
    )
    title = forms.CharField(
        label=_("Title"),
        max_length=200,
        help_text=_("What it is about. No name of a victim or witness."),
    )
    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=lambda: [(stage.value, label(stage)) for stage in Stage],
        widget=forms.RadioSelect(attrs={"class": "govuk-radios--inline"}),
    )
    members = OfficerChoice(
        label=_("Who works on it with you"),
        queryset=Officer.objects.none(),
        required=False,
        help_text=_("Only they and you can open the case. Others can be let in later."),
    )

    def __init__(self, *args: Any, maker: Officer, **options: Any) -> None:
        super().__init__(*args, **options)
        workers = _case_workers().exclude(pk=maker.pk)
        self.fields["members"].queryset = workers  # type: ignore[attr-defined]  # a model field


class IncidentForm(forms.Form):
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    title = forms.CharField(
        label=_("What happened, in one line"),
        max_length=200,
        help_text=_("No name of a victim or witness."),
    )
    account = forms.CharField(
        label=_("Account of the facts"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    day = PastDateField(label=_("Date"))
    from_time = forms.TimeField(
        label=_("From, hours and minutes"),
        required=False,
        widget=forms.TimeInput(attrs={"class": "govuk-input--width-5"}, format="%H:%M"),
        help_text=_("For example 18:40. Leave it out if only the day is known."),
    )
    to_time = forms.TimeField(
        label=_("To, hours and minutes"),
        required=False,
        widget=forms.TimeInput(attrs={"class": "govuk-input--width-5"}, format="%H:%M"),
    )
    last_day = PastDateField(label=_("Last day, if it lasted longer"), required=False)
    date_note = forms.CharField(label=_("How the time is known"), max_length=120, required=False)
    place = forms.CharField(label=_("Place"), max_length=200)
    latitude = forms.FloatField(
        label=_("Latitude"),
        required=False,
        min_value=-90,
        max_value=90,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "inputmode": "decimal"}),
        help_text=_("Degrees, for example 50.54321."),
    )
    longitude = forms.FloatField(
        label=_("Longitude"),
        required=False,
        min_value=-180,
        max_value=180,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "inputmode": "decimal"}),
    )
    radius_m = forms.IntegerField(
        label=_("Within how many metres"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-5", "inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        day = fields.get("day")
        if day is not None:
            end = fields.get("last_day")
            fields["occurred_from"] = _moment(day, fields.get("from_time"))
            fields["occurred_to"] = None
            if end is not None or fields.get("to_time") is not None:
                fields["occurred_to"] = _moment(end or day, fields.get("to_time"), latest=True)
        return fields

    def facts(self) -> dict[str, Any]:
        """What `record_incident` takes."""
        wanted = (
            "title", "account", "occurred_from", "occurred_to", "date_note", "place", "latitude",
            "longitude", "radius_m", "once",
        )  # fmt: skip
        return {name: self.cleaned_data[name] for name in wanted}


def _moment(day: date, at: time | None, *, latest: bool = False) -> datetime:
    """Return a moment of the node's own time zone; without a time the first or last minute."""
    known = at or (time(23, 59) if latest else time(0, 0))
    return timezone.make_aware(datetime.combine(day, known))


class PersonReferenceForm(forms.Form):
    code = forms.CharField(
        label=_("Code of the person"),
        max_length=12,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "off"}),
        help_text=_("Such as P-0041. A name never stands here."),
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=lambda: _labelled(PersonRole), widget=forms.RadioSelect
    )
    certainty = forms.ChoiceField(
        label=_("How sure that is"),
        choices=lambda: _labelled(Certainty),
        widget=forms.RadioSelect(attrs={"class": "govuk-radios--inline"}),
    )

    def clean_code(self) -> str:
        try:
            return person_code(self.cleaned_data["code"])
        except Refused as refusal:
            raise ValidationError(label(refusal), code="not_a_code") from refusal


class ItemChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # none at run time
    """Items by number and title."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> Any:
        """Check that each value can be a key at all, then as usual."""
        _require_keys(self, value)
        return super().clean(value)

    def label_from_instance(self, item: Any) -> str:
        codes = [label(each.code, "UseCondition") for each in item.conditions.all()]
        said = f"{item.number} · {item.title}"
        if not codes:
            return said
        return gettext("%(item)s · conditions: %(codes)s") % {
            "item": said, "codes": ", ".join(codes),
        }  # fmt: skip


class AddItemsForm(forms.Form):
    items = ItemChoice(label=_("Items of this case"), queryset=Item.objects.none(), required=False)
    numbers = forms.CharField(
        label=_("Other items, by number"),
        max_length=400,
        required=False,
        help_text=_("Such as E-000012, E-000015."),
    )
    note = forms.CharField(label=_("What they say about it"), max_length=300, required=False)

    def __init__(self, *args: Any, offered: Any, visible: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.visible = visible
        if offered:
            self.fields["items"].queryset = offered  # type: ignore[attr-defined]  # a model field
        else:
            del self.fields["items"]

    def clean_numbers(self) -> list[Item]:
        words = re.split(r"[\s,;]+", self.cleaned_data["numbers"].strip())
        wanted = [word for word in words if word]
        found = {item.pk: item for item in self.visible.filter(pk__in=_numbers(wanted))}
        unknown = [word for word in wanted if next(_numbers([word]), None) not in found]
        if unknown:
            raise ValidationError(label(Refused("cases.unknown_item", numbers=unknown)))
        return list(found.values())

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        chosen = [*fields.get("items", []), *fields.get("numbers", [])]
        if not chosen and not self.errors:
            raise ValidationError(_("Tick at least one item, or write its number."))
        fields["chosen"] = chosen
        return fields

    def chosen(self) -> dict[str, Any]:
        """What `add_items_to_incident` takes."""
        return {"items": self.cleaned_data["chosen"], "note": self.cleaned_data["note"]}


def _numbers(words: Iterable[str]) -> Iterator[int]:
    for word in words:
        found = _ITEM_NUMBER.fullmatch(word.upper())
        if found:
            yield int(found[1])


class OffenceForm(forms.Form):
    """First step: the offence. It decides which provisions can guide it."""

    offence = forms.ChoiceField(
        label=pgettext_lazy("law", "Offence under national law"), choices=law.offence_choices
    )


class ChargeForm(forms.Form):
    """Second step: what guides the offence, the form of responsibility and why."""

    offence = forms.CharField(max_length=80, widget=forms.HiddenInput)
    provision = forms.ChoiceField(
        label=pgettext_lazy("law", "Provision of the Rome Statute that guides it"),
        required=False,
        help_text=_("The charge rests on national law. The provision tells what to prove."),
    )
    mode = forms.ChoiceField(label=pgettext_lazy("law", "Form of responsibility"), required=False)
    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, offence: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = {"offence": offence}
        none = [("", _("None"))]
        self.fields["provision"].choices = none + law.provision_choices(offence)  # type: ignore[attr-defined]
        self.fields["mode"].choices = none + law.mode_choices()  # type: ignore[attr-defined]


class AssessForm(forms.Form):
    state = forms.ChoiceField(
        label=_("What the items say"),
        choices=lambda: _labelled(ElementState),
        widget=forms.RadioSelect,
    )
    items = ItemChoice(label=_("Which items"), queryset=Item.objects.none(), required=False)
    note = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, tied: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["items"].queryset = tied  # type: ignore[attr-defined]  # a model field
