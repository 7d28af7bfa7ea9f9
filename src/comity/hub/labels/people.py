"""The words for people, consent and accounts."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LABELS: dict[str, Any] = {
    # refusals
    "hub.nothing_typed": _("Type a name, another spelling of it, or a telephone number."),
    "hub.search_first": _("Search for the person first, so that nobody is registered twice."),
    "hub.no_name": _("Write a name to use for the person. It may be a nickname."),
    "hub.agreed_to_nothing": _(
        "Tick what may go. If nothing may go, the answer is that the person did not agree."
    ),
    "hub.consent_ends_first": _("The last day lies before the first one. Correct the date."),
    "hub.guardian_needed": _(
        "For a child the guardian consents, and from 14 the child agrees too. Say who answered."
    ),
    "hub.withdraw_instead": _("To end an agreement, withdraw it on the person’s page."),
    "hub.nothing_to_withdraw": _(
        "There is no agreement to withdraw: it was withdrawn before, or was never given."
    ),
    "hub.upload_stopped": _(
        "There is no room on the disk for these files. Nothing was stored. Tell the administrator."
    ),
    "hub.nothing_handed": _("Write what was told, or choose at least one file."),
    "hub.sent_twice": _("This form was sent before. Look whether the account is there already."),
    "hub.registered_twice": _(
        "This form was sent before. Look whether the person is there already."
    ),
    "hub.taken_too_early": _("The day lies before 1900. Correct the date."),
    "hub.taken_in_future": _("The account cannot be from a later day than today."),
    "hub.account_of_another": _("This account is of somebody else. Open the right file."),
    "hub.not_her_item": _("This item does not belong to this person. Nothing was shared."),
    "hub.no_consent": _(
        "The person has not agreed that this goes to the prosecution ({scope}). "
        "Ask, record the answer, then share."
    ),
    "hub.no_such_case": _("There is no case with this number. Check it with the prosecutor."),
    # answers
    "Answer.agreed": _("Agreed"),
    "Answer.in_part": _("In part"),
    "Answer.refused": _("Did not agree"),
    "Answer.withdrawn": _("Withdrawn"),
    "Answer.not_asked": _("Not asked"),
    "Answer.ended": _("Ended"),
    "Answer.implied": _("As for the prosecutor’s office"),
    "GivenBy.self": _("The person"),
    "GivenBy.guardian": _("A guardian"),
    "GivenBy.child_and_guardian": _("The child and a guardian, both"),
    # recipients
    "Standing.prosecution": pgettext_lazy("law", "Prosecutor’s office"),
    "Standing.court": pgettext_lazy("law", "Court"),
    "Standing.defence": pgettext_lazy("law", "Defence"),
    "Standing.icc": pgettext_lazy("law", "International Criminal Court"),
    "Standing.register_of_damage": _("Register of Damage for Ukraine"),
    "Standing.researchers": _("Journalists and researchers"),
    # purposes
    "ConsentPurpose.support": _("Support and help"),
    "ConsentPurpose.investigation": pgettext_lazy("law", "Investigation and trial"),
    "ConsentPurpose.legal_assistance": pgettext_lazy("law", "Legal assistance to another state"),
    "ConsentPurpose.claim": pgettext_lazy("law", "Claim for compensation"),
    "ConsentPurpose.statistics": _("Statistics and research"),
    # scopes
    "Scope.contact": _("Contact"),
    "Scope.summary": _("Summary of the account"),
    "Scope.statement": _("Full statement"),
    "Scope.media": _("Photos, audio and video"),
    "Scope.medical": _("Medical records"),
    # how the person appears
    "Mode.identified": _("With the name"),
    "Mode.pseudonymous": _("Under a pseudonym"),
    "Mode.name_withheld": _("Name withheld from the accused"),
    # languages besides those of the screen
    "Language.ru": _("Russian"),
    # age bands
    "AgeBand.under_14": _("Under 14"),
    "AgeBand.from_14_to_17": _("14 to 17"),
    "AgeBand.adult": _("18 or older"),
    "AgeBand.unknown": _("Not known"),
    # forms of an account
    "AccountForm.first_account": _("First account"),
    "AccountForm.explanation": pgettext_lazy("law", "Explanation"),
    "AccountForm.interview_cpc_224": pgettext_lazy("law", "Interview (CPC art. 224)"),
    "AccountForm.deposition_cpc_225": pgettext_lazy(
        "law", "Deposition before the investigating judge (CPC art. 225)"
    ),
    "AccountForm.ngo_account": _("Account taken by an organisation"),
    # what a court can do with it
    "InCourt.usable": _("Usable"),
    "InCourt.not_usable": _("Not usable"),
    "InCourt.lead_only": _("Lead only"),
    "hub.heard_by_judge": _("A judge heard it. No new interview is needed on what it covers."),
    "hub.video_recorded": _("The interview was recorded on video."),
    "hub.no_video": _("There is no video recording, which martial law asks for."),
    "hub.leads_only": _("It tells where to look. It is no evidence by itself."),
    # parts that were looked at
    "Part.file": _("the file"),
    "Part.name": _("the name"),
    "Part.consent": _("the answers about consent"),
    "Part.account": _("the form for an account"),
    "Part.share": _("the form for sharing"),
    "Part.list.people": _("the list of people"),
    "Part.consent_sheet": _("the consent sheet"),
    # entries of the ledger
    "Entry.hub.people_searched": _("People searched"),
    "Entry.hub.person_registered": _("Person registered"),
    "Entry.hub.consent_recorded": _("Consent recorded"),
    "Entry.hub.consent_withdrawn": _("Consent withdrawn"),
    "Entry.hub.account_taken": _("Account taken"),
    "Entry.hub.account_shared": _("Account shared with a case"),
}

TONES: dict[str, tuple[str, str]] = {
    "Answer.agreed": ("good", "circle-check"),
    "Answer.in_part": ("caution", "circle-dot-dashed"),
    "Answer.refused": ("urgent", "ban"),
    "Answer.withdrawn": ("urgent", "circle-x"),
    "Answer.not_asked": ("plain", "circle-question-mark"),
    "Answer.ended": ("plain", "calendar-x"),
    "Answer.implied": ("note", "scale"),
    "InCourt.usable": ("good", "circle-check"),
    "InCourt.not_usable": ("urgent", "circle-x"),
    "InCourt.lead_only": ("caution", "circle-question-mark"),
}
