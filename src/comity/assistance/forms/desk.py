"""Forms of the requested side: register, execute, set conditions, release, refuse."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from comity.accounts.models import Officer
from comity.assistance import bodies
from comity.assistance.actions import Registration
from comity.assistance.citations import provision_of, sure_of
from comity.assistance.forms.words import OnceForm, SignatoryForm, Words, WordsForm, offer
from comity.assistance.forms.writing import ItemField, language, who_may
from comity.core.access import Act
from comity.core.documents.replies import Outcome
from comity.core.law import letter_facts as law
from comity.core.law.loader import LANGUAGES, terms
from comity.core.law.readings import fact_at, node_at
from comity.evidence.models import Item
from comity.evidence.rules import Use
from comity.ui.forms import DateField, UploadsField
from comity.ui.labels import label

# Conditions that authorities set most often, in words that can be sent as they are.
COMMON_CONDITIONS: Mapping[str, bodies.Condition] = {
    one.code: one
    for one in (
        bodies.Condition(
            "this_proceeding_only",
            {
                "uk": "Матеріали використовуються лише у кримінальному провадженні, "
                "зазначеному в запиті.",
                "ja": "資料は、要請書に記載された刑事手続においてのみ使用する。",
                "en": "The materials are used only in the criminal proceeding named in the "
                "request.",
            },
            (Use.OTHER_PROCEEDING,),
        ),
        bodies.Condition(
            "no_onward_transfer",
            {
                "uk": "Матеріали не передаються третій державі чи міжнародній організації "
                "без попередньої згоди.",
                "ja": "事前の同意なく、資料を第三国又は国際機関に提供しない。",
                "en": "The materials are not passed to a third State or an international "
                "organisation without prior consent.",
            },
            (Use.ONWARD_TRANSFER,),
        ),
        bodies.Condition(
            "no_publication",
            {
                "uk": "Матеріали не оприлюднюються, крім розгляду справи в суді.",
                "ja": "公判手続による場合を除き、資料を公表しない。",
                "en": "The materials are not published except in court proceedings.",
            },
            (Use.PUBLICATION,),
        ),
    )
}


class RegisterForm(SignatoryForm):
    reference = forms.CharField(label=_("Reference in our register"), max_length=120)
    expected_on = DateField(label=_("Result expected by"), required=False)
    email = forms.EmailField(label=_("E-mail of our contact"))
    telephone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    languages = forms.MultipleChoiceField(
        label=_("Languages of our contact"),
        choices=lambda: [(code, label(code, "Language")) for code in LANGUAGES],
        widget=forms.CheckboxSelectMultiple,
    )
    three: ClassVar[Mapping[str, Words]] = {
        "handling": Words(_("Office that handles it")),
        "contact": Words(_("Name of our contact")),
        "contact_position": Words(_("Office of our contact")),
        **SignatoryForm.three,
    }

    def registration(self) -> Registration:
        """The registration as typed."""
        data = self.cleaned_data
        contact = law.Contact(
            self.words("contact"),
            self.words("contact_position"),
            data["email"],
            data["telephone"],
            tuple(data["languages"]),
        )
        return Registration(
            data["reference"],
            self.words("handling"),
            self.signatory(),
            data["expected_on"],
            contact,
        )


class AcceptForm(forms.Form):
    executing = forms.ModelMultipleChoiceField(
        label=_("Who executes it"),
        queryset=Officer.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self.fields["executing"], who_may(Act.EXECUTE_LETTER))


class ReportForm(WordsForm):
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=lambda: [(one.value, label(one)) for one in Outcome],
        widget=forms.RadioSelect,
    )
    three: ClassVar[Mapping[str, Words]] = {"report": Words(_("What was done"), lines=4)}


class HandOverForm(WordsForm, OnceForm):
    item = ItemField(label=_("Item"), queryset=Item.objects.none())
    three: ClassVar[Mapping[str, Words]] = {
        "title": Words(_("How the reply lists it"), hint=_("Neutral words; never a name."))
    }
    field_order = ["item"]

    def __init__(self, *args: Any, items: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self.fields["item"], items.prefetch_related("conditions"))


class UploadForm(WordsForm, OnceForm):
    file = forms.FileField(label=_("File"))
    upload = UploadsField()  # in place of `file`
    kind = forms.ChoiceField(
        label=_("Kind of evidence"),
        choices=lambda: [
            (term.id, term.labels[language()]) for term in terms("evidence_types", "evidence_types")
        ],
    )
    place = forms.CharField(label=_("Where it was obtained"), max_length=200)
    method = forms.CharField(label=_("How it was obtained"), max_length=120)
    legal_authority = forms.CharField(label=_("On which order or provision"), max_length=200)
    three: ClassVar[Mapping[str, Words]] = {
        "title": Words(_("How the reply lists it"), hint=_("Neutral words; never a name."))
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["file"].required = not self.data.get("upload")

    def clean_upload(self) -> list[uuid.UUID]:
        uids: list[uuid.UUID] = self.cleaned_data["upload"]
        if len(uids) > 1:
            raise forms.ValidationError(_("Too many files at once."))
        return uids


class ConditionsForm(WordsForm):
    common = forms.MultipleChoiceField(
        label=_("Conditions"),
        choices=lambda: [(code, one.words[language()]) for code, one in COMMON_CONDITIONS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    forbids = forms.MultipleChoiceField(
        label=_("What the condition in own words rules out"),
        choices=lambda: [(one.value, label(one)) for one in Use],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    three: ClassVar[Mapping[str, Words]] = {
        "own": Words(_("A condition in own words"), required=False, lines=3)
    }
    field_order = ["common", "own_uk", "own_ja", "own_en", "forbids"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("common") and not self.words("own"):
            self.add_error("common", _("Choose a condition or write one."))
        return cleaned

    def conditions(self) -> list[bodies.Condition]:
        """The conditions as chosen and typed."""
        chosen = [COMMON_CONDITIONS[code] for code in self.cleaned_data["common"]]
        own = self.words("own")
        if own:
            forbids = tuple(self.cleaned_data["forbids"])
            chosen.append(bodies.Condition("own_words", own, forbids))
        return chosen


class ReleaseForm(SignatoryForm):
    return_required = forms.BooleanField(
        label=_("Physical items are to be returned"), required=False
    )


GROUNDS = {
    "JP": "jurisdictions.JP.mla_refusal",
    "UA": "jurisdictions.UA.mla_refusal_without_treaty",
}


def ground_choices(state: str) -> list[tuple[str, str]]:
    """The grounds of refusal that the data have for a state, each with its provision."""
    path = GROUNDS.get(state)
    rows = node_at("instruments", path) if path else ()
    found = []
    for row in rows:
        stated = fact_at(f"{path}.{row['id']}")
        source = f"{provision_of(stated)}, {label(sure_of(stated), 'Sure')}"
        found.append((str(row["id"]), f"{stated.text(language())} ({source})"))
    return [*found, ("other", str(_("Another ground")))]


class RefuseForm(WordsForm):
    three: ClassVar[Mapping[str, Words]] = {
        "provision": Words(_("Ground and provision, in words"), lines=3),
        "cure": Words(_("What would open the way"), lines=3),
    }
    field_order = ["code"]

    def __init__(self, *args: Any, state: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"] = forms.ChoiceField(
            label=_("Ground"), choices=ground_choices(state), widget=forms.RadioSelect
        )
        self.order_fields(self.field_order)

    def ground(self) -> bodies.Ground:
        """The ground as chosen and typed."""
        return bodies.Ground(self.cleaned_data["code"], self.words("provision"), self.words("cure"))
