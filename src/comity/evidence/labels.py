"""The words for the codes of evidence, for its kinds, and for the entries that it writes."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import lazystr
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from comity.core.law.loader import Term, Words
from comity.evidence.kinds import vocabulary, ways_obtained


def _in_language(words: Words) -> Callable[[], str]:
    return lambda: words.get((get_language() or "en").split("-")[0]) or words["en"]


class _Words:
    """The words of a vocabulary in the language of whoever reads."""

    def __init__(self, words: Words) -> None:
        self._said = _in_language(words)

    def __str__(self) -> str:
        return self._said()


def _labels(kind: str, terms: tuple[Term, ...]) -> dict[str, Any]:
    return {f"{kind}.{term.id}": lazystr(_Words(term.labels)) for term in terms}


LABELS: dict[str, Any] = {
    **_labels("ItemKind", vocabulary()),
    "ItemKind.other": _("Other"),
    **_labels("Obtained", ways_obtained()),
    "Obtained.handed_over": _("Handed over by the person"),
    "Obtained.letter_reply": _("With the reply to a letter of request"),
    "Origin.person": _("From a person"),
    "Origin.investigation": _("From the investigation"),
    "Origin.partner": _("From a partner"),
    "CustodyEvent.received": pgettext_lazy("custody", "Received"),
    "CustodyEvent.ingested": pgettext_lazy("custody", "Taken into the vault"),
    "CustodyEvent.verified": pgettext_lazy("custody", "Verified"),
    "CustodyEvent.accessed": pgettext_lazy("custody", "Opened"),
    "CustodyEvent.shared": pgettext_lazy("custody", "Shared with another team"),
    "CustodyEvent.exported": pgettext_lazy("custody", "Exported in a package"),
    "CustodyEvent.transferred_out": pgettext_lazy("custody", "Left this authority"),
    "CustodyEvent.transfer_stopped": pgettext_lazy(
        "custody", "Stopped before it left; it stayed here"
    ),
    "CustodyEvent.receipt": pgettext_lazy("custody", "Receipt acknowledged by the recipient"),
    "CustodyEvent.condition_set": pgettext_lazy("custody", "Condition of use attached"),
    "CustodyEvent.use_confirmed": pgettext_lazy("custody", "Use confirmed by a lawyer"),
    "CustodyEvent.derived": pgettext_lazy("custody", "Derived from another item"),
    "CustodyEvent.anomaly": pgettext_lazy("custody", "Found damaged"),
    "Derived.redaction": pgettext_lazy("derived", "Redacted copy"),
    "Derived.excerpt": pgettext_lazy("derived", "Excerpt"),
    "Derived.member": pgettext_lazy("derived", "File out of an archive"),
    "Derived.rendering": pgettext_lazy("derived", "Pictures of the pages"),
    "Derived.transcript": pgettext_lazy("derived", "Transcript"),
    "Derived.recognised_text": pgettext_lazy("derived", "Recognised text"),
    "Derived.translation": pgettext_lazy("derived", "Translation"),
    "Use.this_proceeding": pgettext_lazy("law", "Use in this proceeding"),
    "Use.other_proceeding": pgettext_lazy("law", "Use in another proceeding"),
    "Use.export_to_court": pgettext_lazy("law", "Export to a court"),
    "Use.onward_transfer": pgettext_lazy("law", "Onward transfer"),
    "Use.publication": pgettext_lazy("law", "Publication"),
    "BasisKind.consent": _("Consent"),
    "BasisKind.legal": pgettext_lazy("law", "Legal order"),
    "BasisKind.investigation": _("The investigation's own material"),
    "Purpose.case_work": _("Work on the case"),
    "Purpose.examination": pgettext_lazy("law", "Expert examination"),
    "Purpose.translation": _("Translation"),
    "Purpose.legal_assistance": pgettext_lazy("law", "A letter of request"),
    "Purpose.disclosure": pgettext_lazy("law", "Disclosure to the defence"),
    "Purpose.court": _("Court hearing"),
    "Purpose.support": _("Support of the person"),
    "Purpose.supervision": _("Supervision"),
    "Purpose.investigation": pgettext_lazy("law", "Investigation and trial"),
    "Recipient.court": pgettext_lazy("law", "Court"),
    "Recipient.defence": pgettext_lazy("law", "Defence"),
    "Recipient.icc": pgettext_lazy("law", "International Criminal Court"),
    "Recipient.other": _("Somebody else, who is named"),
    "ShownAs.pseudonymous": _("under a pseudonym"),
    "ShownAs.name_withheld": _("with the name withheld from the accused"),
    "Shown.image": _("Image"),
    "Shown.video": _("Video"),
    "Shown.audio": _("Sound"),
    "Team.case": _("Case"),
    "Part.package": _("in a package"),
    "Part.content": _("content"),
    "Part.item": _("page of the item"),
    "Part.entry": _("an entry of its custody"),
    "Part.saved": _("its bytes, saved"),
    "Part.list.items": _("the list of items"),
    "Part.list.search": _("what a search found"),
    "Part.condition": _("a condition of the item"),
    "UseCondition.this_proceeding_only": pgettext_lazy("law", "Only this proceeding"),
    "UseCondition.no_onward_transfer": pgettext_lazy("law", "Not passed on"),
    "UseCondition.no_publication": pgettext_lazy("law", "Not published"),
    "UseCondition.own_words": pgettext_lazy("law", "Condition in own words"),
    "UseCondition.*": pgettext_lazy("law", "Condition in own words"),  # a code of the partner's own
    "Team.letter": _("Letter"),
    "Team.person": _("Person"),
    "evidence.incomplete": _("These are missing: {missing}."),
    "evidence.too_long": _("This is too long: {field}. Shorten it."),
    "evidence.too_early": _("The day lies before 1900. Correct the date."),
    "evidence.not_yet": _("This day has not come yet."),
    "evidence.sent_twice": _("This form was sent before. Look whether the item is there already."),
    "evidence.unknown_kind": _(
        "This kind of evidence is not in the vocabulary. Choose another one."
    ),
    "evidence.not_in_team": _(
        "You give items only to a record whose team you belong to. Ask a member to add you, or to "
        "add the item."
    ),
    "evidence.purpose_missing": _("Say why you open the item. The answer stands in its custody."),
    "evidence.no_release": _(
        "Item {item} came from a person, and no agreement in force lets it go there for this "
        "purpose. Ask the person, or name the legal order that compels it."
    ),
    "evidence.bad_age_key": _(
        "{key}… is not an age public key, or there are more than 20. A key begins with age1 and is "
        "given whole. Ask the recipient for it again."
    ),
    "evidence.use_forbidden": _(
        "Item {item} came with the condition {condition}, which forbids this use. Ask the "
        "authority that set it."
    ),
    "evidence.use_ended": _(
        "The last day of use of item {item} is over (condition {condition}). Return or destroy it, "
        "or record on its page what the authority that set the condition has granted."
    ),
    "evidence.use_unconfirmed": _(
        "Item {item} came with the condition {condition}, which only a lawyer can judge for this "
        "use. A prosecutor or supervisor confirms the use on the item’s page, with a reason."
    ),
    "evidence.unknown_proceeding": _(
        "Item {item} may be used in the proceeding that it came for and in no other (condition "
        "{condition}), and this number is none of your cases. Write the number of the case as it "
        "stands here."
    ),
    "evidence.unknown_target": _("Choose the case or the recipient that the use is for."),
    "evidence.reason_missing": _("Give the reason. It stands in the record."),
    "evidence.appearance_unsaid": _(
        "The person agreed that item {item} goes there only without her name being shown. Say how "
        "the name is kept out of what you hand over, or leave the item out."
    ),
    "evidence.unknown_message": _("There is no such message on this node. Leave it out."),
    "Entry.evidence.item_received": _("Item received"),
    "Entry.evidence.item_ingested": _("Item taken into the vault"),
    "Entry.evidence.item_opened": _("Item opened"),
    "Entry.evidence.item_derived": _("Item derived from another"),
    "Entry.evidence.item_verified": _("Item verified"),
    "Entry.evidence.item_damaged": _("Item found damaged"),
    "Entry.evidence.item_shared": _("Item shared with another team"),
    "Entry.evidence.item_exported": _("Item exported in a package"),
    "Entry.evidence.disclosure_undone": _("Item stopped before it left"),
    "Entry.evidence.item_disclosed": _("Item left this authority"),
    "Entry.evidence.disclosure_acknowledged": _("Recipient acknowledged an item"),
    "Entry.evidence.condition_attached": _("Condition of use attached to an item"),
    "Entry.evidence.use_confirmed": _("Use of an item confirmed by a lawyer"),
    "Entry.evidence.last_day_set": _("Last day of use of an item set"),
    "Entry.evidence.release_granted": _("Release of an item agreed"),
    "Entry.evidence.release_withdrawn": _("Release of an item withdrawn"),
}

TONES: dict[str, tuple[str, str]] = {
    "Origin.person": ("sealed", "user-round"),
    "Origin.investigation": ("plain", "folder-open"),
    "Origin.partner": ("note", "arrow-left-right"),
}
