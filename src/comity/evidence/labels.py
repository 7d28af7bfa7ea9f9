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
    "Protected.item": _("The item’s own row"),
    "Protected.team": _("Team that holds the item"),
    "Protected.hold": _("Legal hold"),
    "Protected.order": _("Order to erase"),
    "Protected.condition": _("Condition of use"),
    "Protected.confirmation": _("Confirmation of a use"),
    "Protected.grant": _("Release"),
    "Protected.disclosure": _("Record of what left"),
    "Protected.derivation": _("Line to the original"),
    "ItemColumn.words": _("title, file name or day of intake"),
    "ItemColumn.evidence_kind": _("kind"),
    "ItemColumn.file": _("stored file"),
    "ItemColumn.entry": _("no entry says that it was taken in"),
    "RowState.gone": _("deleted from the database past the ledger"),
    "RowState.added": _("added to the database past the ledger"),
    "RowState.changed": _("changed in the database past the ledger"),
    "ItemRow.gone": _("The ledger saw this item taken in; its row is gone."),
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
    "CustodyEvent.moved": pgettext_lazy("custody", "Carrier passed to another holder or place"),
    "CustodyEvent.hold_set": pgettext_lazy("custody", "Legal hold placed"),
    "CustodyEvent.hold_lifted": pgettext_lazy("custody", "Legal hold lifted"),
    "CustodyEvent.erasure_ordered": pgettext_lazy("custody", "Erasure ordered"),
    "CustodyEvent.erasure_refused": pgettext_lazy("custody", "Erasure refused"),
    "CustodyEvent.erased": pgettext_lazy("custody", "Erased"),
    "ErasureState.waiting": pgettext_lazy("erasure", "waits for another officer"),
    "ErasureState.executed": pgettext_lazy("erasure", "carried out"),
    "ErasureState.withdrawn": pgettext_lazy("erasure", "withdrawn"),
    "ErasureState.rejected": pgettext_lazy("erasure", "rejected"),
    "Part.report": _("its custody report"),
    "Part.keeping": _("what keeps the item"),
    "CustodyEvent.anomaly": pgettext_lazy("custody", "Found damaged"),
    "CustodyEvent.handed_over": pgettext_lazy("custody", "Handed over"),
    "CustodyEvent.returned": pgettext_lazy("custody", "Returned"),
    "CustodyEvent.copied": pgettext_lazy("custody", "Copied"),
    "CustodyEvent.seal_checked": pgettext_lazy("custody", "Seal checked"),
    "Fact.recorded_at": pgettext_lazy("custody", "Recorded, by this node’s clock"),
    "Fact.clock": pgettext_lazy("custody", "This node’s clock"),
    "Fact.clock_error": pgettext_lazy("custody", "Its error, at most, in milliseconds"),
    "Fact.software": pgettext_lazy("custody", "Recorded with"),
    "Fact.organisation": pgettext_lazy("custody", "Recorded at"),
    "Fact.authentication": pgettext_lazy("custody", "Signed in with"),
    "Fact.session": pgettext_lazy("custody", "Session"),
    "Fact.not_stated": pgettext_lazy("custody", "Nobody stated"),
    "NotStated.acquired_by": pgettext_lazy("custody", "who obtained it"),
    "NotStated.acquired_at": pgettext_lazy(
        "custody", "when it was obtained: the time shown is that of the intake"
    ),
    "Fact.case": pgettext_lazy("custody", "Case"),
    "Fact.receipt": pgettext_lazy("custody", "Receipt of the other side"),
    "Fact.collector_clock": pgettext_lazy("custody", "The collector’s own clock"),
    "Fact.tool": pgettext_lazy("custody", "Tool, version and options"),
    "Fact.earlier_custodian": pgettext_lazy("custody", "Who kept it before"),
    "Fact.stated_digest": pgettext_lazy("custody", "Digest that they stated"),
    "Fact.digest_match": pgettext_lazy("custody", "That digest and ours"),
    "Fact.seal": pgettext_lazy("custody", "Seal number"),
    "Fact.seal_intact": pgettext_lazy("custody", "Seal intact"),
    "Fact.damage": pgettext_lazy("custody", "Damage"),
    "Fact.marks": _("Parts"),
    "Fact.marks_why": _("Why these parts"),
    "evidence.rows_differ": _(
        "The database does not say of {item} what the ledger says, so it is not erased. Tell the "
        "auditor."
    ),
    "Fact.changes": pgettext_lazy("custody", "What could not but change"),
    "Fact.changes_reason": pgettext_lazy("custody", "Why"),
    "Fact.changes_by": pgettext_lazy("custody", "Who answers for it"),
    "Fact.originator_control": pgettext_lazy("custody", "What only the originator may allow"),
    "Fact.retention": pgettext_lazy("custody", "How long it is kept"),
    "Clock.in_step": pgettext_lazy("custody", "kept in step by a time service"),
    "Clock.not_in_step": pgettext_lazy("custody", "not kept in step"),
    "Clock.unknown": pgettext_lazy("custody", "state unknown"),
    "DigestMatch.same": pgettext_lazy("custody", "the same"),
    "DigestMatch.other": pgettext_lazy("custody", "not the same"),
    "DigestMatch.not_compared": pgettext_lazy("custody", "of another kind, not compared"),
    "SealIntact.yes": pgettext_lazy("custody", "yes"),
    "SealIntact.no": pgettext_lazy("custody", "no"),
    "SignedIn.password": pgettext_lazy("custody", "password"),
    "SignedIn.totp": pgettext_lazy("custody", "code of the telephone"),
    "SignedIn.webauthn": pgettext_lazy("custody", "passkey"),
    "SignedIn.recovery_codes": pgettext_lazy("custody", "recovery code"),
    "SignedIn.mfa": pgettext_lazy("custody", "second step"),
    "SignedIn.command_line": pgettext_lazy("custody", "account on this machine"),
    "SignedIn.watched_folder": pgettext_lazy("custody", "watched folder, in the officer’s name"),
    "Derived.redaction": pgettext_lazy("derived", "Redacted copy"),
    "Derived.excerpt": pgettext_lazy("derived", "Excerpt"),
    "Derived.member": pgettext_lazy("derived", "File out of an archive"),
    "Derived.rendering": pgettext_lazy("derived", "Pictures of the pages"),
    "Derived.transcript": pgettext_lazy("derived", "Transcript"),
    "Derived.recognised_text": pgettext_lazy("derived", "Recognised text"),
    "Derived.translation": pgettext_lazy("derived", "Translation"),
    "Thing.file": pgettext_lazy("archive", "File"),
    "Thing.folder": pgettext_lazy("archive", "Folder"),
    "Thing.link": pgettext_lazy("archive", "Link"),
    "Thing.special": pgettext_lazy("archive", "Device or pipe"),
    "C2pa.signingCredential.untrusted": pgettext_lazy(
        "origin", "the signer’s certificate is under no root that this node trusts"
    ),
    "C2pa.signingCredential.expired": pgettext_lazy(
        "origin", "the signer’s certificate had ended, or its time is not proven"
    ),
    "C2pa.assertion.dataHash.mismatch": pgettext_lazy(
        "origin", "the content is not what was signed"
    ),
    "Reader.c2pa": _("C2PA manifest in the file"),
    "Reader.proofmode": _("ProofMode bundle"),
    "Reader.sidecar": _("Manifest beside a recording"),
    "Reader.national": _("Ukrainian national signature (DSTU 4145)"),
    "Attested.intact_known": pgettext_lazy("origin", "intact, signer known"),
    "Attested.intact_unknown": pgettext_lazy("origin", "intact, signer unknown"),
    "Attested.not_intact": pgettext_lazy("origin", "not intact"),
    "Attested.none": pgettext_lazy("origin", "none"),
    "Attested.reader_missing": pgettext_lazy("origin", "cannot be read: reader not installed"),
    "Attested.unreadable": pgettext_lazy("origin", "cannot be read"),
    "Attested.hash_fits": pgettext_lazy("origin", "the hash fits; no signature was checked"),
    "Attested.not_here": pgettext_lazy("origin", "no item that you see has the hash it states"),
    "Attested.national_unchecked": pgettext_lazy(
        "origin", "signed under DSTU 4145; not validated here"
    ),
    "Attested.national_valid": pgettext_lazy("origin", "valid, says the validator of this node"),
    "Attested.national_not_valid": pgettext_lazy(
        "origin", "not valid, says the validator of this node"
    ),
    "Examiner.exiftool": _("Statements in the file"),
    "Examiner.streams": _("Streams of sound and film"),
    "Examiner.pictures": _("Pictures for looking safely"),
    "NotExaminedWhy.no_sandbox": _("Not looked at: this node has no sandbox for tools."),
    "NotExaminedWhy.timed_out": _("Not looked at: it took too long."),
    "NotExaminedWhy.answer_too_long": _("Not looked at: the tool answered too much."),
    "NotExaminedWhy.tool_failed": _("The tool could not read it."),
    "NotExaminedWhy.too_large": _("Not looked at: the file is too large for this tool."),
    "NotExaminedWhy.damaged": _("Not looked at: the stored bytes are damaged."),
    "NotExaminedWhy.disk_full": _("Not kept: there is no room on the disk."),
    "NotExaminedWhy.gave_up": _("Not looked at: the tool stopped this node’s worker three times."),
    "NotExaminedWhy.no_tool": _("Not made: this node no longer has a program for it."),
    "NotExaminedWhy.refused": _("Not made: whoever asked may not open the item any more."),
    "Picture.thumbnail": _("Grey picture"),
    "Picture.page": _("Page"),
    "Picture.poster": _("First picture of the film"),
    "Picture.waveform": _("Sound as a line over time"),
    "Writing.recognition": _("Recognise text"),
    "Writing.speech": _("Write down speech"),
    "Writing.translation": _("Translate"),
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
    "Shown.pages": _("Pictures of its pages"),
    "Shown.text": _("Text"),
    "Team.case": _("Case"),
    "Part.package": _("in a package"),
    "Part.content": _("content"),
    "Part.item": _("page of the item"),
    "Part.entry": _("an entry of its custody"),
    "Part.saved": _("its bytes, saved"),
    "Part.archive": _("the list of an archive’s contents"),
    "Part.list.items": _("the list of items"),
    "Part.list.search": _("what a search found"),
    "Part.custody": _("its custody"),
    "Column.at": pgettext_lazy("custody", "When, as stated (UTC)"),
    "Column.counterparty": pgettext_lazy("custody", "From or to"),
    "Column.place": pgettext_lazy("custody", "Place"),
    "Column.device": pgettext_lazy("custody", "Device or account"),
    "Column.method": pgettext_lazy("custody", "How"),
    "Column.legal_authority": pgettext_lazy("custody", "By what authority"),
    "Column.purpose": pgettext_lazy("custody", "What for"),
    "Column.digest_before": pgettext_lazy("custody", "SHA-256 before"),
    "Column.digest_after": pgettext_lazy("custody", "SHA-256 after"),
    "Column.condition": pgettext_lazy("custody", "Condition, or what was found"),
    "Column.package": pgettext_lazy("custody", "SHA-256 of the package"),
    "Column.note": pgettext_lazy("custody", "Note"),
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
    "evidence.no_digest": _("This is no digest. Write the SHA-256 as 64 hexadecimal digits."),
    "evidence.one_digest": _("A digest is of one file. Leave it out, or take in that file alone."),
    "evidence.before_received": _("It was received later. Correct the day or the time."),
    "evidence.is_out": _("It was handed over already. Record first that it came back."),
    "evidence.is_not_out": _("It was not handed over. Record that first."),
    "evidence.before_last_move": _(
        "It was handed over, or came back, later than that. Correct the day or the time."
    ),
    "evidence.sent_twice": _("This form was sent before. Look whether the item is there already."),
    "evidence.unknown_kind": _(
        "This kind of evidence is not in the vocabulary. Choose another one."
    ),
    "evidence.not_in_team": _(
        "You give items only to a record whose team you belong to. Ask a member to add you, or to "
        "add the item."
    ),
    "evidence.purpose_missing": _("Say why you open the item. The answer stands in its custody."),
    "evidence.exposure_reached": _(
        "You have opened as many distressing items today as your limit says. Take a break, or say "
        "why you go on."
    ),
    "evidence.limit_out_of_range": _("Write a number from 0 to {most}; 0 means no limit."),
    "evidence.limit_of_a_supervisor": _(
        "A supervisor set this limit. You can lower it, to a number from 1 to {most}. To raise it, "
        "ask the supervisor."
    ),
    "evidence.no_such_writing": _("This node has no program that makes such a text of this item."),
    "evidence.unknown_language": _("Choose the language, or up to four for reading an image."),
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
    "evidence.item_erased": _(
        "Item {item} was erased on {day}. Its page says on which basis. Leave it out."
    ),
    "evidence.under_hold": _(
        "Item {item} is under legal hold and is not erased. The attempt is recorded. Whoever "
        "answers for the hold must lift it first."
    ),
    "evidence.erasure_waits": _("The erasure of item {item} is ordered already."),
    "evidence.erasure_decided": _("No order to erase this item waits any more."),
    "evidence.hold_lifted_already": _("This hold is lifted already."),
    "evidence.not_second_person": _(
        "Another officer carries out the erasure than the one who ordered it."
    ),
    "evidence.unknown_message": _("There is no such message on this node. Leave it out."),
    "evidence.not_unpacked": _(
        "The contents of this type are not read here. It is kept as it is; an examiner works on a "
        "copy."
    ),
    "evidence.listing_too_large": _(
        "This archive is too large to be listed in a page. Take the contents out as items."
    ),
    "evidence.too_deep": _(
        "This archive lies in {most} others. Archives are taken apart only so deep; an examiner "
        "can go on with a copy."
    ),
    "evidence.not_redacted": _("Redaction is not offered for this type of file."),
    "evidence.no_excerpt": _("Excerpts are made of film, sound and PDF."),
    "evidence.marks_missing": _("Mark at least one part that the copy leaves out."),
    "evidence.unknown_scope": _(
        "The person’s agreement does not cover this scope now. Choose another, or none."
    ),
    "evidence.region_outside": _("A box lies outside the picture. Correct its numbers."),
    "evidence.page_missing": _("There is no such page. Correct the number."),
    "evidence.range_outside": _("These times or pages lie outside the item. Correct them."),
    "evidence.past_the_end": _("The end lies beyond the end of the item. Correct it."),
    "evidence.phrase_missing": _("Some of these words stand nowhere in the text. Correct them."),
    "evidence.cannot_copy": _("A clean cut is not possible there."),
    "evidence.no_sandbox": _(
        "This node has no sandbox for tools, so nothing is worked on. Tell the administrator."
    ),
    "evidence.too_large_for_tools": _(
        "This item is too large to be worked on here. Work on a copy outside, and take the result "
        "in as an item."
    ),
    "evidence.unreadable_media": _(
        "The file could not be read as what it seems to be. The item is unchanged."
    ),
    "evidence.took_too_long": _("Reading the file took too long and was stopped."),
    "evidence.reader_missing": _("The reader for this is not installed on this node."),
    "Entry.evidence.attestations_read": _("What others attached to an item read"),
    "Entry.evidence.fingerprint_made": _("Fingerprint of a picture made"),
    "Entry.evidence.fingerprints_compared": _("Fingerprints of pictures compared"),
    "Entry.evidence.likeness_dismissed": _("Suggestion that items look alike dismissed"),
    "Entry.evidence.release_followed": _("A copy may leave as its original may"),
    "archives.encrypted": pgettext_lazy("archive", "Encrypted; not read."),
    "archives.unknown_method": pgettext_lazy(
        "archive", "Packed by a method that is not read here."
    ),
    "archives.header_differs": pgettext_lazy(
        "archive", "The archive says two different things about it; not read."
    ),
    "archives.link": pgettext_lazy("archive", "A link; named, not followed."),
    "archives.special": pgettext_lazy("archive", "A device or pipe; named, not made."),
    "archives.long_name": pgettext_lazy("archive", "Its name is too long; not read."),
    "archives.member_too_large": pgettext_lazy("archive", "Too large; not read."),
    "archives.member_bomb": pgettext_lazy(
        "archive", "It unpacks to far more than it takes up; not read."
    ),
    "archives.sparse": pgettext_lazy("archive", "A file with holes; not read."),
    "archives.size": pgettext_lazy("archive", "It has another size than stated; not taken out."),
    "archives.crc": pgettext_lazy("archive", "Its checksum does not hold; not taken out."),
    "archives.broken": pgettext_lazy("archive", "Its bytes are broken; not taken out."),
    "archives.name_twice": pgettext_lazy(
        "archive", "This name stands more than once. Programs differ in which one they show."
    ),
    "Entry.evidence.expansion_asked": _("Contents of an archive asked for as items"),
    "Entry.evidence.archive_expanded": _("Contents of an archive taken out"),
    "Entry.evidence.item_received": _("Item received"),
    "Entry.evidence.file_refused": _("File refused, it can be no item"),
    "Entry.evidence.item_ingested": _("Item taken into the vault"),
    "Entry.evidence.item_opened": _("Item opened"),
    "Entry.evidence.item_handed_over": _("Item handed over"),
    "Entry.evidence.item_returned": _("Item returned"),
    "Entry.evidence.item_copied": _("Item copied"),
    "Entry.evidence.seal_checked": _("Seal of an item checked"),
    "Entry.evidence.custody_reported": _("Custody report of an item made"),
    "Entry.evidence.item_derived": _("Item derived from another"),
    "Entry.evidence.item_examined": _("Item looked at by tools"),
    "Entry.evidence.hold_lift_asked": _("Asked that a legal hold be lifted"),
    "evidence.hold_lift_waits": _(
        "You asked that this hold be lifted. Another officer, or who placed it, must agree."
    ),
    "evidence.lifted_its_hold": _(
        "You ended a hold on {item}, so another officer orders and carries out its erasure."
    ),
    "Entry.evidence.look_again": _("Tools asked to look at items again"),
    "Entry.evidence.item_marked": _("Item marked, or no longer marked, as distressing"),
    "Entry.evidence.exposure_continued": _("Went on past the limit of distressing items"),
    "Entry.evidence.exposure_limit_set": _("Limit of distressing items set"),
    "Entry.evidence.text_asked": _("Text of an item asked of a machine"),
    "Entry.evidence.text_not_made": _("Text of an item could not be made"),
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
    "Entry.evidence.item_moved": _("Carrier of an item passed to another holder or place"),
    "Entry.evidence.hold_set": _("Legal hold placed on an item"),
    "Entry.evidence.hold_lifted": _("Legal hold on an item lifted"),
    "Entry.evidence.erasure_ordered": _("Erasure of an item ordered"),
    "Entry.evidence.erasure_refused": _("Erasure of an item refused"),
    "Entry.evidence.item_erased": _("Item erased"),
    "Entry.evidence.release_granted": _("Release of an item agreed"),
    "Entry.evidence.release_withdrawn": _("Release of an item withdrawn"),
}

TONES: dict[str, tuple[str, str]] = {
    "Origin.person": ("sealed", "user-round"),
    "Origin.investigation": ("plain", "folder-open"),
    "Origin.partner": ("note", "arrow-left-right"),
}
