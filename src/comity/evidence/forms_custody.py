"""The shape of what officers state about the custody of an item."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comity.evidence.report import LANGUAGES, language_of_node
from comity.evidence.rules import (
    ACQUISITION_AT_MOST,
    FACT_AT_MOST,
    HANDLING,
    NO,
    STATED_FACTS,
    YES,
    CustodyEvent,
    Fact,
    missing_of,
    plain_digest,
)
from comity.ui.forms import PastDateField
from comity.ui.labels import label

_HINTS = {
    Fact.COLLECTOR_CLOCK: _("What it showed, and how far it was off, if known."),
    Fact.TOOL: _("For example the imaging program, its version and how it was set."),
    Fact.STATED_DIGEST: _("SHA-256, 64 hexadecimal digits. It is compared with what came in."),
    Fact.CHANGES: _("For example: the telephone had to be switched on."),
    Fact.ORIGINATOR_CONTROL: _("For example: not to be passed on without the sender’s word."),
    Fact.RETENTION: _("For example: until the judgment is final."),
    Fact.RECEIPT: _("Number and date of the receipt or the record of handing over."),
}
AT_INTAKE = tuple(fact for fact in STATED_FACTS if fact is not Fact.RECEIPT)
AT_HANDLING = tuple(
    fact
    for fact in STATED_FACTS
    if fact not in {Fact.COLLECTOR_CLOCK, Fact.EARLIER_CUSTODIAN, Fact.RETENTION}
)


def _field(fact: Fact) -> forms.Field:
    words, hint = label(fact), _HINTS.get(fact, "")
    if fact is Fact.SEAL_INTACT:
        choices = [("", ""), *((each, label(each, "SealIntact")) for each in (YES, NO))]
        return forms.ChoiceField(label=words, choices=choices, required=False)
    # A digest may come with signs between its digits.
    longest = FACT_AT_MOST + 200 * (fact is Fact.STATED_DIGEST)
    return forms.CharField(label=words, max_length=longest, required=False, help_text=hint)


class FactsForm(forms.Form):
    """Facts that may be stated; which of them, `asked` says."""

    def __init__(self, *args: Any, asked: tuple[Fact, ...] = AT_INTAKE, **options: Any) -> None:
        super().__init__(*args, **options)
        self._asked = asked
        for fact in asked:
            self.fields[fact.value] = _field(fact)

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        digest = fields.get(Fact.STATED_DIGEST.value)
        if digest and plain_digest(digest) is None:
            self.add_error(Fact.STATED_DIGEST.value, label("evidence.no_digest"))
        for name in missing_of(self.event_of(fields), fields):
            if name in self.fields and not self.has_error(name):
                self.add_error(name, _("This belongs to what you stated above."))
        return fields

    def event_of(self, fields: dict[str, Any]) -> CustodyEvent:
        """Of which event the facts are."""
        return CustodyEvent.RECEIVED

    def facts(self) -> dict[str, str]:
        """What was stated."""
        stated = {fact.value: self.cleaned_data.get(fact.value, "") for fact in self._asked}
        return {name: text for name, text in stated.items() if text}


class HandlingForm(FactsForm):
    event = forms.ChoiceField(
        label=_("What happened"),
        choices=lambda: [(each.value, label(each)) for each in HANDLING],
        widget=forms.RadioSelect,
    )
    day = PastDateField(label=_("Day"))
    hour = forms.TimeField(
        label=_("Time, if known"),
        required=False,
        input_formats=["%H:%M"],
        help_text=_("For example, 18:40, by this node's clock."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-5", "inputmode": "numeric"}),
    )
    counterparty = forms.CharField(
        label=_("Who got it, returned it, or has the copy"),
        required=False,
        max_length=ACQUISITION_AT_MOST["acquired_by"],
    )
    place = forms.CharField(
        label=_("Place"), required=False, max_length=ACQUISITION_AT_MOST["place"]
    )
    purpose = forms.CharField(
        label=_("What for"),
        required=False,
        max_length=200,
        help_text=_("For example: examination by the laboratory."),
    )
    legal_authority = forms.CharField(
        label=pgettext_lazy("law", "By what authority"),
        required=False,
        max_length=ACQUISITION_AT_MOST["legal_authority"],
        help_text=_("Decision, order or consent, with number and date."),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, asked=AT_HANDLING, **options)

    def event_of(self, fields: dict[str, Any]) -> CustodyEvent:
        """Of which event the facts are."""
        return CustodyEvent(fields["event"]) if fields.get("event") else CustodyEvent.RECEIVED

    def clean(self) -> dict[str, Any]:
        fields = super().clean()
        if fields.get("day"):
            last = fields.get("hour") or time()
            fields["at"] = timezone.make_aware(datetime.combine(fields["day"], last))
            if fields["at"] > timezone.now():
                self.add_error("day", _("This day has not come yet."))
        return fields


class ReportForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Language of the custody report"),
        choices=lambda: [(each, label(each, "Language")) for each in LANGUAGES],
        widget=forms.RadioSelect(attrs={"class": "govuk-radios--inline"}),
        initial=language_of_node,
    )
    without_words = forms.BooleanField(
        label=_(
            "Leave out the names of officers and what was typed about people, places and devices"
        ),
        required=False,
    )
