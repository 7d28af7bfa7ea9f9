"""The words for the codes of the cases app."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LABELS: dict[str, Any] = {
    # refusals
    "cases.number_taken": _("There is a case with this number already. Check the number."),
    "cases.case_without_name": _("A case needs a number and a title."),
    "cases.ends_before_it_starts": _("The end lies before the beginning. Correct the times."),
    "cases.too_early": _("The day lies before 1900. Correct the date."),
    "cases.not_yet": _("The incident cannot lie in the future. Correct the date."),
    "cases.place_in_part": _("Give both latitude and longitude, or neither."),
    "cases.not_a_code": _("Write the person’s code, such as P-0041. A name never stands here."),
    "cases.charge_exists": _("This qualification has been proposed for the incident already."),
    "cases.unknown_mode": _("The law data hold no such form of responsibility. Choose again."),
    "cases.own_proposal": _("You proposed it. Another officer decides."),
    "cases.wrong_state": _("It has been decided already ({state}). Look at the page again."),
    "cases.charge_rejected": _("The qualification was rejected; nothing more is assessed."),
    "cases.unknown_element": _("The offence has no such element. Open it from the matrix again."),
    "cases.finding_without_item": _("Tick at least one item that says so."),
    "cases.too_long": _("This is too long: {field}. Shorten it."),
    "cases.nothing_written": _("These are missing: {missing}."),
    "cases.sent_twice": _("This form was sent before. Look whether it is recorded already."),
    "cases.no_decision": _("Choose: confirm it or reject it."),
    "cases.item_not_tied": _("Tie the item to the incident first."),
    "cases.unknown_item": _("There is no such item for you: {numbers}. Check the numbers."),
    "offences.unknown_offence": _("The law data hold no such offence. Choose again."),
    "offences.unknown_provision": _("The law data hold no such provision. Choose again."),
    "offences.not_connected": _(
        "The law data do not connect this provision with the offence. Choose one of those offered."
    ),
    # states of a qualification
    "ChargeState.proposed": pgettext_lazy("qualification", "Proposed"),
    "ChargeState.confirmed": pgettext_lazy("qualification", "Confirmed"),
    "ChargeState.rejected": pgettext_lazy("qualification", "Rejected"),
    # what the items say
    "ElementState.supported": _("Support it"),
    "ElementState.contradicted": _("Contradict it"),
    "ElementState.not_covered": _("Say nothing about it"),
    "Cell.supported": _("Supports"),
    "Cell.contradicted": _("Contradicts"),
    "Cell.none": _("None"),
    "Cover.covered": _("Covered"),
    "Cover.thin": _("Thin"),
    "Cover.contested": _("Contested"),
    "Cover.gap": _("Gap"),
    "Cover.question": _("For a lawyer"),
    "Column.images": _("Images"),
    "Column.accounts": _("Accounts"),
    "Column.experts": _("Experts"),
    "Column.records": _("Intercepts and records"),
    # how sure, and in which role
    "Certainty.confirmed": _("confirmed"),
    "Certainty.probable": _("probable"),
    "Certainty.claimed": _("claimed"),
    "Certainty.refuted": _("refuted"),
    "PersonRole.victim": pgettext_lazy("law", "Victim"),
    "PersonRole.witness": pgettext_lazy("law", "Witness"),
    "PersonRole.suspect": pgettext_lazy("law", "Suspect"),
    "PersonRole.commander": _("Commander"),
    # kinds and layers of elements
    "ElementKind.conduct": pgettext_lazy("law", "conduct"),
    "ElementKind.consequence": pgettext_lazy("law", "consequence"),
    "ElementKind.circumstance": pgettext_lazy("law", "circumstance"),
    "ElementKind.mental": pgettext_lazy("law", "mental element"),
    "ElementKind.contextual": pgettext_lazy("law", "context"),
    "Layer.national": _("national law"),
    "Layer.context": _("Rome Statute, context"),
    "Layer.guidance": _("Rome Statute, guiding"),
    # stages of a case
    "Stage.pretrial": pgettext_lazy("law", "Pre-trial investigation"),
    "Stage.trial": pgettext_lazy("law", "Trial"),
    "Stage.enforcement": pgettext_lazy("law", "Enforcement"),
    # how sure the law data are
    "LawCertainty.high": _("high certainty"),
    "LawCertainty.medium": _("medium certainty"),
    "LawCertainty.low": _("low certainty"),
    # parts that were looked at
    "Part.case": _("the case"),
    "Part.incident": _("the incident"),
    "Part.charge": pgettext_lazy("law", "the qualification"),
    "Part.list.cases": _("the list of cases"),
    # entries of the ledger
    "Entry.cases.case_opened": _("Case opened"),
    "Entry.cases.incident_recorded": _("Incident recorded"),
    "Entry.cases.item_tied": _("Item tied to an incident"),
    "Entry.cases.person_referred": _("Person referred to in an incident"),
    "Entry.cases.exhibit_filed": _("Exhibit filed"),
    "Entry.cases.charge_proposed": _("Qualification proposed"),
    "Entry.cases.charge_confirmed": _("Qualification confirmed"),
    "Entry.cases.charge_rejected": _("Qualification rejected"),
    "Entry.cases.element_assessed": _("Element assessed"),
}

TONES: dict[str, tuple[str, str]] = {
    "ChargeState.proposed": ("note", "scale"),
    "ChargeState.confirmed": ("good", "check-check"),
    "ChargeState.rejected": ("plain", "circle-slash"),
    "ElementState.supported": ("good", "circle-check"),
    "ElementState.contradicted": ("caution", "circle-minus"),
    "ElementState.not_covered": ("plain", "circle-dashed"),
    "Cell.supported": ("good", "circle-check"),
    "Cell.contradicted": ("caution", "circle-minus"),
    "Cell.none": ("plain", "minus"),
    "Cover.covered": ("good", "shield-check"),
    "Cover.thin": ("caution", "circle-dot-dashed"),
    "Cover.contested": ("caution", "scale"),
    "Cover.gap": ("urgent", "puzzle"),
    "Cover.question": ("note", "circle-question-mark"),
}
