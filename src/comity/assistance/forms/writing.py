"""Forms of the requesting side: start a letter and say what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from comity.accounts.models import Officer
from comity.assistance.actions import PAPER_KINDS, Answer
from comity.assistance.citations import provision_of, sure_of
from comity.assistance.forms.words import OnceForm, Words, WordsForm, offer
from comity.assistance.models import LetterOfRequest, Measure
from comity.assistance.models.letters import words_in
from comity.assistance.rules import TextKind
from comity.cases.models import Case
from comity.core.access import Act, Role, acts_of
from comity.core.law import letter_facts as law
from comity.core.law.bases import BasisFacts
from comity.core.law.letters import label_of, requirement_fields
from comity.core.law.loader import LANGUAGES, fact, load, terms, words
from comity.evidence.models import Item
from comity.exchange.models import Partner
from comity.ui.forms import DateField
from comity.ui.labels import label

PERSON_ROLES = ("suspect", "victim", "witness", "holder", "addressee")
# Fields of request_types.yaml that are answered with yes or no.
YES_OR_NO = frozenset(
    {
        "examination_by_judge_wanted",
        "business_record_certificate_wanted",
        "recording_wanted",
        "age_at_least_20",
        "within_30_days",
        "immediate_execution_flag",
        "no_legal_effect_marker",
    }
)
PHYSICAL = frozenset({"evidence_documents", "search_and_seizure"})
TRISTATE = [("", _("Not stated")), ("yes", _("Yes")), ("no", _("No"))]
LINE = {"class": "govuk-radios--inline"}


def language() -> str:
    """The reader's language, of those the law data have."""
    code = (get_language() or "en").split("-")[0]
    return code if code in LANGUAGES else "en"


def authority_choices(*, ours: bool) -> list[tuple[str, str]]:
    """Central authorities of our state, or of the others."""
    found = []
    for entry in load("authorities")["authorities"]:
        if "central-authority" not in entry["kinds"]:
            continue
        if (entry["country"] == settings.COMITY_STATE) is ours:
            names = words(entry["name"], "authorities")
            found.append((str(entry["id"]), f"{names[language()]} ({entry['country']})"))
    return found


def type_choices() -> list[tuple[str, str]]:
    """The kinds of measure, in the reader's language."""
    return [
        (str(entry["id"]), words(entry["names"], "request_types")[language()])
        for entry in load("request_types")["types"]
    ]


def who_may(*acts: Act) -> Any:
    """Active officers with a role that allows one of the acts."""
    roles = [role for role in Role if acts_of(frozenset({role})) & set(acts)]
    rows = Officer.objects.filter(is_active=True, held_roles__role__in=roles)
    return rows.distinct().order_by("name")


def yes_or_no(value: str) -> bool | None:
    """A tri-state choice as a value; None where it is left open."""
    return {"yes": True, "no": False}.get(value)


class PartnerField(forms.ModelChoiceField[Partner]):
    """A partner by its official name in the reader's language."""

    def label_from_instance(self, obj: Partner) -> str:
        return words_in(obj.names)


class NewLetterForm(OnceForm):
    partner = PartnerField(label=_("To which partner"), queryset=Partner.objects.none())
    requesting = forms.ChoiceField(
        label=_("Requesting authority"), choices=lambda: authority_choices(ours=True)
    )
    requested = forms.ChoiceField(
        label=_("Requested authority"), choices=lambda: authority_choices(ours=False)
    )
    measure_type = forms.ChoiceField(label=_("What is asked for first"), choices=type_choices)
    subject = forms.CharField(
        label=_("Subject"), max_length=200, help_text=_("In the language you write the letter in.")
    )
    case = forms.ModelChoiceField(
        label=_("Case"), queryset=Case.objects.none(), required=False, empty_label=_("No case")
    )
    members = forms.ModelMultipleChoiceField(
        label=_("Who else works on it"),
        queryset=Officer.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The central authority sees every letter anyway."),
    )

    def __init__(self, *args: Any, officer: Officer, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self.fields["partner"], Partner.objects.visible_to(officer).active())
        offer(self.fields["case"], Case.objects.visible_to(officer))
        others = who_may(Act.DRAFT_LETTER, Act.APPROVE_LETTER).exclude(pk=officer.pk)
        offer(self.fields["members"], others)


class BasisFactsForm(forms.Form):
    """What is known of the case; what stays open makes an instrument possible, never chosen."""

    def __init__(self, *args: Any, known: BasisFacts, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in dataclass_fields(BasisFacts):
            held = getattr(known, field.name)
            if field.name == "penalty_max_years":
                self.fields[field.name] = forms.IntegerField(
                    label=label(field.name, "BasisFact"),
                    required=False,
                    min_value=0,
                    max_value=99,
                    initial=held,
                )
                continue
            self.fields[field.name] = forms.ChoiceField(
                label=label(field.name, "BasisFact"),
                choices=TRISTATE,
                required=False,
                widget=forms.RadioSelect(attrs=LINE),
                initial="" if held is None else ("yes" if held else "no"),
            )

    def facts(self) -> BasisFacts:
        """What was stated."""
        stated = {
            name: value if name == "penalty_max_years" else yes_or_no(value)
            for name, value in self.cleaned_data.items()
        }
        return BasisFacts(**stated)


class ParagraphForm(OnceForm):
    text = forms.CharField(
        label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 8})
    )

    def __init__(self, *args: Any, source: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].widget.attrs["lang"] = source


class TranslationForm(forms.Form):
    text = forms.CharField(
        label=_("Translation"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 8})
    )
    translator = forms.CharField(label=_("Translator"), max_length=120)
    certified = forms.BooleanField(
        label=_("The translator certifies that it says the same"), required=False
    )
    machine_draft = forms.BooleanField(
        label=_("Made by a machine, not yet checked by a translator"), required=False
    )

    def __init__(self, *args: Any, target: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].widget.attrs["lang"] = target

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("certified") and cleaned.get("machine_draft"):
            self.add_error("certified", _("A translator certifies only what was checked."))
        return cleaned


class AnswerField(forms.CharField):
    """A text that the letter must have in the end; a draft may be kept without it."""

    def validate(self, value: Any) -> None:
        """Let an empty answer pass: the gates of the letter say that it is missing."""
        if value not in self.empty_values:
            super().validate(value)


class MeasureForm(forms.Form):
    """The own fields of one measure, each with the provision that asks for it."""

    purpose = forms.CharField(
        label=_("Why it is needed, in the light of the facts"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, measure: Measure, **options: Any) -> None:
        super().__init__(*args, **options)
        texts = {(one.kind, one.field): one for one in measure.texts.all()}
        source = measure.letter.source_language
        purpose = texts.get((TextKind.PURPOSE, ""))
        self.fields["purpose"].initial = purpose.text if purpose else ""
        self.fields["purpose"].widget.attrs["lang"] = source
        self.own = [str(row["field"]) for row in requirement_fields(measure.type)]
        for row in requirement_fields(measure.type):
            name = str(row["field"])
            held = texts.get((TextKind.ANSWER, name))
            demanded = row["need"] == "must" and not row.get("when")
            self._add(name, _asked_by(row), held.text if held else "", measure, demanded=demanded)
            if name not in YES_OR_NO:
                self.fields[f"{name}_neutral"] = forms.BooleanField(
                    label=_("The same in every language (a number, an address)"),
                    required=False,
                    initial=bool(held and held.language == law.NEUTRAL),
                )
                self.fields[name].widget.attrs["lang"] = source
        if measure.type in PHYSICAL:
            self._add("physical_items", str(_("Physical items, not only copies")), "", measure)

    def _add(
        self, name: str, hint: str, text: str, measure: Measure, *, demanded: bool = False
    ) -> None:
        title = (
            label_of(name)[language()] if name in self.own else _("Physical items are asked for")
        )
        if name in YES_OR_NO or name == "physical_items":
            held = measure.choices.get(name)
            self.fields[name] = forms.ChoiceField(
                label=title,
                choices=TRISTATE,
                required=False,
                widget=forms.RadioSelect(attrs=LINE),
                help_text=hint,
                initial="" if held is None else ("yes" if held else "no"),
            )
            return
        self.fields[name] = AnswerField(
            label=title,
            required=demanded,
            max_length=20_000,
            help_text=hint,
            initial=text,
            widget=forms.Textarea(attrs={"rows": 3}),
        )

    def answers(self) -> dict[str, Answer]:
        """What was written, by field."""
        return {
            name: Answer(self.cleaned_data[name], bool(self.cleaned_data.get(f"{name}_neutral")))
            for name in self.own
            if name not in YES_OR_NO
        }

    def choices(self) -> dict[str, bool]:
        """What was answered with yes or no, by field."""
        asked = [name for name in (*self.own, "physical_items") if name in self.fields]
        stated = {
            name: yes_or_no(self.cleaned_data[name])
            for name in asked
            if name in YES_OR_NO or name == "physical_items"
        }
        return {name: value for name, value in stated.items() if value is not None}


def _asked_by(row: Mapping[str, Any]) -> str:
    found = fact(row, "request_types", value=row["need"])
    source = f"{provision_of(found)}, {label(sure_of(found), 'Sure')}"
    return f"{label(str(row['need']), 'Need')} · {source}"


class AddMeasureForm(OnceForm):
    measure_type = forms.ChoiceField(label=_("What is asked for"), choices=type_choices)


class ProceedingForm(WordsForm):
    number = forms.CharField(label=_("Number of the proceeding"), max_length=60)
    stage = forms.ChoiceField(
        label=_("Stage"), choices=lambda: [(one.value, label(one)) for one in law.Stage]
    )
    opened_on = DateField(label=_("Opened on"), required=False)
    three: ClassVar[Mapping[str, Words]] = {"conducted_by": Words(_("Conducted by"))}

    def proceeding(self) -> law.Proceeding:
        """The proceeding as typed."""
        data = self.cleaned_data
        return law.Proceeding(
            data["number"], law.Stage(data["stage"]), self.words("conducted_by"), data["opened_on"]
        )


def protection_choices() -> list[tuple[str, str]]:
    """Protective measures that may stand in a signed text."""
    return [
        (term.id, term.labels[language()])
        for term in terms("protective_measures", "measures")
        if term.fact is not None and term.fact.signable
    ]


class TransmissionForm(forms.Form):
    channel = forms.ChoiceField(
        label=_("Lawful way"),
        choices=lambda: [(one.value, label(one)) for one in law.Channel],
        widget=forms.RadioSelect,
    )
    electronic = forms.BooleanField(label=_("Sent electronically"), required=False)
    original_promised = forms.BooleanField(
        label=_("The paper original follows by post"), required=False
    )
    deadline = DateField(label=_("Needed by"), required=False)
    protection = forms.MultipleChoiceField(
        label=_("Protection of victims and witnesses that the other side observes"),
        choices=protection_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def transmission(self) -> law.Transmission:
        """The transmission as chosen."""
        data = self.cleaned_data
        return law.Transmission(
            law.Channel(data["channel"]), data["electronic"], data["original_promised"]
        )


class OfficialsForm(WordsForm):
    email = forms.EmailField(label=_("E-mail of the contact"))
    telephone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    languages = forms.MultipleChoiceField(
        label=_("Languages of the contact"),
        choices=lambda: [(code, label(code, "Language")) for code in LANGUAGES],
        widget=forms.CheckboxSelectMultiple,
    )
    three: ClassVar[Mapping[str, Words]] = {
        "contact": Words(_("Name of the contact")),
        "contact_position": Words(_("Office of the contact")),
        "signatory": Words(_("Name of who signs")),
        "position": Words(_("Office of who signs")),
        "approval": Words(_("Name of the approving prosecutor"), required=False),
        "approval_position": Words(_("Office of the approving prosecutor"), required=False),
    }

    def contact(self) -> law.Contact:
        """The contact as typed."""
        data = self.cleaned_data
        return law.Contact(
            self.words("contact"),
            self.words("contact_position"),
            data["email"],
            data["telephone"],
            tuple(data["languages"]),
        )

    def signatory(self) -> law.Signatory:
        """Who signs, as typed."""
        return law.Signatory(self.words("signatory"), self.words("position"))

    def approval(self) -> law.Signatory | None:
        """Who approves, as typed; None where the approving officer's own name is printed."""
        names, position = self.words("approval"), self.words("approval_position")
        return law.Signatory(names, position) if names and position else None


class OffenceForm(WordsForm, OnceForm):
    three: ClassVar[Mapping[str, Words]] = {
        "provision": Words(_("Provision"), hint=_("For example: Article 438(2) of the Criminal …")),
        "title": Words(_("Name of the offence")),
        "penalty": Words(_("Penalty"), lines=2),
    }

    def offence(self, offence_id: str) -> law.Offence:
        """The offence as typed; a lawyer confirms its provision."""
        provision = law.Provision(self.words("provision"), "medium", "recalled")
        return law.Offence(offence_id, provision, self.words("title"), self.words("penalty"))


class PersonForm(WordsForm, OnceForm):
    role = forms.ChoiceField(
        label=_("Role"), choices=lambda: [(one, label(one, "LetterRole")) for one in PERSON_ROLES]
    )
    protected = forms.BooleanField(
        label=_("Protected: the letter gives a pseudonym only"), required=False
    )
    born_on = DateField(label=_("Born on"), required=False)
    link = forms.CharField(
        label=_("Link to the case"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    three: ClassVar[Mapping[str, Words]] = {
        "names": Words(_("Name or pseudonym")),
        "nationality": Words(_("Nationality"), required=False),
        "address": Words(_("Address"), required=False),
    }

    def person(self, source: str) -> law.PersonConcerned:
        """The person as typed."""
        data = self.cleaned_data
        return law.PersonConcerned(
            role=data["role"],
            names=self.words("names"),
            link=law.Paragraph(source, data["link"]),
            born_on=data["born_on"],
            nationality=self.words("nationality"),
            address=self.words("address"),
            protected=data["protected"],
        )


class ItemField(forms.ModelChoiceField[Item]):
    """An item by number, title, and whether conditions of use came with it."""

    def label_from_instance(self, obj: Item) -> str:
        said = [obj.number, obj.title]
        if obj.conditions.all():
            said.append(gettext("Conditions of use"))
        return " · ".join(said)


class ItemForm(WordsForm, OnceForm):
    item = ItemField(label=_("Item"), queryset=Item.objects.none())
    pages = forms.IntegerField(label=_("Pages"), required=False, min_value=1, max_value=99_999)
    three: ClassVar[Mapping[str, Words]] = {
        "title": Words(_("How the letter lists it"), hint=_("Neutral words; never a name."))
    }
    field_order = ["item"]

    def __init__(self, *args: Any, items: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self.fields["item"], items.prefetch_related("conditions"))


class PaperForm(WordsForm, OnceForm):
    kind = forms.ChoiceField(
        label=_("Kind of paper"),
        choices=lambda: [(one, label(one, "PaperKind")) for one in PAPER_KINDS],
    )
    file = forms.FileField(label=_("File"), help_text=_("PDF, JPEG, PNG or plain text."))
    pages = forms.IntegerField(label=_("Pages"), required=False, min_value=1, max_value=99_999)
    three: ClassVar[Mapping[str, Words]] = {"title": Words(_("How the letter lists it"))}


class CiteForm(WordsForm, OnceForm):
    three: ClassVar[Mapping[str, Words]] = {"provision": Words(_("Provision"))}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class DecisionForm(forms.Form):
    applies = forms.ChoiceField(
        label=_("Does it apply here?"),
        choices=[("yes", _("Yes, it must be given")), ("no", _("No, not in this letter"))],
        widget=forms.RadioSelect(attrs=LINE),
    )


class PostForm(forms.Form):
    posted_on = DateField(label=_("On which day"))
    reference = forms.CharField(label=_("Number of the carrier"), max_length=80)


def statement_kinds(letter: LetterOfRequest) -> Iterable[TextKind]:
    """Statements that the letter does not have yet."""
    held = {one.kind for one in letter.texts.all()}
    parts = {TextKind.FACT, TextKind.PURPOSE, TextKind.ANSWER, TextKind.LINK}
    return [kind for kind in TextKind if kind not in parts and kind not in held]
