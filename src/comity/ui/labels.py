"""From codes to words: what rules call by a code, the screen says in the officer's language."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comity.core.errors import Stated

Code = str | Enum | Stated


def label(code: Code | None, kind: str = "") -> str:
    """Return the words for a code: a StrEnum member, a string, or a refusal with its facts.

    Looked up as "Kind.code", then "code", then by the code's first words ("a.b.c" → "a.b" → "a").
    A partner's own code has the words of "Kind.*", if its kind has such. Any other code without
    words comes back as it is: a page must not fail for a missing word.
    """
    if code is None or code == "":
        return ""
    words, (name, plain) = _registry()[0], _keys(code, kind)
    said = _find(words, name, plain)
    said = words.get(f"{name}.*") if said is None else said
    text = _plain(code) if said is None else str(said)
    return _fill(text, code.facts) if isinstance(code, Stated) else text


def tone(code: Code | None, kind: str = "") -> tuple[str, str]:
    """Return tone and icon of a code's status word; ("plain", "circle-dashed") if none is set."""
    found = _find(_registry()[1], *_keys(code, kind)) if code else None
    return found or ("plain", "circle-dashed")


def has_label(code: Code, kind: str = "") -> bool:
    """Say whether the code has words of its own (not those of its family)."""
    words, name, plain = _registry()[0], *_keys(code, kind)
    return f"{name}.{plain}" in words or plain in words


def _plain(code: Code) -> str:
    if isinstance(code, Stated):
        return code.code
    return str(code.value) if isinstance(code, Enum) else str(code)


def _keys(code: Code, kind: str) -> tuple[str, str]:
    if not kind and isinstance(code, Enum):
        kind = type(code).__name__
    return kind, _plain(code)


def _find(table: Mapping[str, Any], kind: str, plain: str) -> Any:
    if kind and (found := table.get(f"{kind}.{plain}")) is not None:
        return found
    parts = plain.split(".")
    for length in range(len(parts), 0, -1):
        if (found := table.get(".".join(parts[:length]))) is not None:
            return found
    return None


class _Facts(dict[str, str]):
    """The facts of an error as words; a fact that is not there is left out of the sentence."""

    def __missing__(self, key: str) -> str:
        return "…"


def _fill(text: str, facts: Mapping[str, Any]) -> str:
    said = {name: _words(value, FACT_KINDS.get(name, "")) for name, value in facts.items()}
    return text.format_map(_Facts(said))


def _words(value: Any, kind: str = "") -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(_words(part, kind) for part in value))
    return label(value, kind) if isinstance(value, str | Enum) else str(value)


@cache
def _registry() -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    words: dict[str, Any] = dict(LABELS)
    tones: dict[str, tuple[str, str]] = dict(TONES)
    for name in getattr(settings, "COMITY_LABEL_MODULES", ()):
        module = import_module(name)
        words.update(module.LABELS)
        tones.update(getattr(module, "TONES", {}))
    return words, tones


# Facts of errors that are plain codes of a kind.
FACT_KINDS = {"condition": "UseCondition"}

LABELS: dict[str, Any] = {
    # core/access.py: roles
    "Role.hub_coordinator": _("Hub coordinator"),
    "Role.hub_supervisor": _("Hub supervisor"),
    "Role.investigator": _("Investigator"),
    "Role.prosecutor": _("Prosecutor"),
    "Role.supervisor": _("Supervisor"),
    "Role.central_authority": pgettext_lazy("law", "Central authority lawyer"),
    "Role.executing_officer": _("Executing officer"),
    "Role.analyst": _("Analyst"),
    "Role.auditor": _("Auditor"),
    "Role.administrator": _("Administrator"),
    # core/access.py: compartments
    "Compartment.support": _("Support only"),
    "Compartment.investigation": _("Investigation"),
    "Compartment.identity": _("Identity"),
    "Compartment.disclosable": _("May be disclosed"),
    # core/access.py: acts, in the words of the buttons
    "Act.see_people": _("See people"),
    "Act.register_person": _("Register a person"),
    "Act.record_consent": _("Record consent"),
    "Act.withdraw_consent": _("Withdraw consent"),
    "Act.share_account": _("Share an account"),
    "Act.order_disclosure": pgettext_lazy("law", "Order a disclosure"),
    "Act.assess_needs": _("Assess needs"),
    "Act.refer_person": _("Refer a person"),
    "Act.keep_directory": _("Keep the directory of services"),
    "Act.merge_people": _("Merge two files of one person"),
    "Act.prepare_claim": pgettext_lazy("law", "Prepare a claim"),
    "Act.import_people": _("Import people"),
    "Act.supervise_hub": _("Supervise the hub"),
    "Act.see_interviews": pgettext_lazy("law", "See interviews"),
    "Act.plan_interview": pgettext_lazy("law", "Plan an interview"),
    "Act.approve_interview": pgettext_lazy("law", "Approve an interview"),
    "Act.see_measures": pgettext_lazy("law", "See protective measures"),
    "Act.request_measure": pgettext_lazy("law", "Request a protective measure"),
    "Act.decide_measure": pgettext_lazy("law", "Decide on a protective measure"),
    "Act.open_pseudonym": pgettext_lazy("law", "Open who stands behind a pseudonym"),
    "Act.give_notice": pgettext_lazy("law", "Give a notice"),
    "Act.see_items": _("See items"),
    "Act.add_item": _("Add an item"),
    "Act.open_item": _("Open an item"),
    "Act.export_package": _("Export a package"),
    "Act.place_hold": pgettext_lazy("law", "Place or lift a legal hold"),
    "Act.order_erasure": _("Order an erasure"),
    "Act.execute_erasure": _("Carry out an erasure"),
    "Act.see_cases": _("See cases"),
    "Act.open_case": _("Open a case"),
    "Act.record_incident": _("Record an incident"),
    "Act.qualify_incident": pgettext_lazy("law", "Qualify an incident"),
    "Act.assess_element": pgettext_lazy("law", "Assess an element"),
    "Act.see_letters": _("See letters"),
    "Act.draft_letter": _("Draft a letter"),
    "Act.review_letter": _("Review a letter"),
    "Act.approve_letter": _("Approve a letter"),
    "Act.send_letter": _("Send a letter"),
    "Act.register_letter": _("Register a letter"),
    "Act.execute_letter": pgettext_lazy("law", "Execute a letter"),
    "Act.release_reply": _("Release a reply"),
    "Act.accept_conditions": _("Accept conditions"),
    "Act.see_exchange": _("See the exchange"),
    "Act.pair_partner": _("Pair with a partner"),
    "Act.confirm_partner": _("Confirm a partner"),
    "Act.resend_message": _("Send a message again"),
    "Act.see_ledger": _("See the ledger"),
    "Act.open_epoch": _("Open a new epoch of the ledger"),
    "Act.see_officers": _("See officers"),
    "Act.manage_officers": _("Manage officers"),
    "Act.confirm_officers": _("Confirm a change of officers"),
    "Act.add_to_team": _("Add to a team"),
    "Act.break_glass": _("Open in an emergency"),
    "Act.review_break_glass": _("Review an emergency opening"),
    # receipts
    "Receipt.E1": _("accepted"),
    "Receipt.E2": _("relayed"),
    "Receipt.E3": _("consigned"),
    "Receipt.E4": _("opened"),
    "Receipt.E5": _("acknowledged"),
    "Receipt.F1": _("not accepted"),
    "Receipt.F2": _("not relayed"),
    "Receipt.F3": _("not consigned"),
    "Receipt.F4": _("not opened"),
    # how sure a legal statement is
    "Sure.lawyer": _("confirmed by a lawyer"),
    "Sure.read": _("read in the official text"),
    "Sure.excerpt": _("read in an excerpt"),
    "Sure.recalled": _("recalled, not yet checked"),
    # languages
    "Language.uk": _("Ukrainian"),
    "Language.ja": _("Japanese"),
    "Language.en": _("English"),
    # refusals of core
    "access.not_allowed": _("Your roles do not include this act. Ask your supervisor."),
    "access": _("You may not do this. Ask your supervisor."),
    "letter.incomplete": pgettext_lazy("law", "The letter is not complete: {missing}."),
    "letter.not_a_basis": pgettext_lazy(
        "law", "This instrument is no basis between the two states. Choose another."
    ),
    "letter.no_draft": pgettext_lazy(
        "law", "There is no draft of a reciprocity statement that may be signed. Write one."
    ),
    "letter.unknown_authority": pgettext_lazy("law", "This authority is not in the directory."),
    "letter.unknown_protection": _("There is no such measure of protection."),
    "letter.unknown_type": pgettext_lazy("law", "There is no such type of letter."),
    "letter": pgettext_lazy("law", "The letter is not ready for this."),
    "offences.not_connected": pgettext_lazy(
        "law", "The national offence does not belong to this provision. Choose another."
    ),
    "offences": pgettext_lazy("law", "This offence or provision is not in the law data."),
    "bases.no_order": pgettext_lazy("law", "Nobody has settled which basis comes first here."),
    "bases": pgettext_lazy("law", "This basis or pair of states is not in the law data."),
    "container.source_changed": _(
        "A file changed while it was read. Nothing was sealed; repeat it."
    ),
    "documents.character_missing": _("The typeface lacks a sign of the text. Nothing was printed."),
    "documents.contact_missing": _("Name the officer whom the other side can reach."),
    "documents.not_signed": _("The document is not signed."),
    "documents.text_not_ready": _("A text or its translation is not ready."),
    "documents.unconfirmed_provision": pgettext_lazy(
        "law", "A lawyer has not confirmed a provision that the text names."
    ),
    "documents": _("The document could not be made."),
    # bytes from outside or from disk that cannot be believed, by family
    "archives": _("The archive cannot be read. It stays as it is."),
    "archives.bomb": _("The archive unpacks to far more than it takes up. It stays as it is."),
    "sidecar": _("The manifest is not in a form that is read here."),
    "archives.overlap": _(
        "Entries of the archive share the same bytes, as in a trap. It stays as it is."
    ),
    "archives.too_large": _("The archive holds more than is taken out here. It stays as it is."),
    "archives.too_many": _("The archive has too many entries. It stays as it is."),
    "archives.several_parts": _("This is one part of several. It stays as it is."),
    "bag": _("The package's lists do not agree with what is in it."),
    "bundle": _("The bundle of receipts is larger than agreed."),
    "call": _("The call of the other node could not be trusted."),
    "call.skew": _("The clocks of the two nodes differ too much."),
    "custody": _("The custody record does not hold."),
    "item": _("The item is not proven by the ledger."),
    "item.other_bytes": _("The item's bytes are not those that were recorded."),
    "law": pgettext_lazy("law", "The law data of this node are damaged."),
    "pdf": _("The document cannot be read as a signed PDF."),
    "pdf.changed_after_signing": _("The document was changed after it was signed."),
    "person": _("The sealed fields cannot be opened here."),
    "record": _("A record in the package is not in the agreed form."),
    "sealing": _("The key does not fit the sealed message."),
    "statement": _("The statement holds signs that it may not hold."),
    "canonical": _("The record is not in its one agreed form."),
    "growth": _("This proof does not show that the ledger only grew."),
    "merkle": _("The ledger proof does not hold."),
    "tiles": _("The ledger's tree is not complete."),
    "note": _("The signature on the ledger's checkpoint does not hold."),
    "checkpoint": _("The ledger's checkpoint does not hold."),
    "logproof": _("The ledger proof does not hold."),
    "tus.checksum_unread": _("The upload’s checksum cannot be read. Use sha256."),
    "tus.metadata_unread": _("What the upload says about its file cannot be read."),
    "escrow": _("The escrow of the root keys does not open."),
    "vaultfile": _("The stored file is not as it was put in."),
    "timestamp": _("The time-stamp does not hold."),
    "renewal": _("The renewal of a time-stamp does not hold."),
    "revocation": _("The list of revoked certificates cannot be used."),
    "cms": _("The signature does not hold."),
    "certificate": _("The certificate cannot be trusted."),
    "container": _("The container is not complete or was changed."),
    "envelope": _("The sealed message cannot be opened here."),
    "envelope.not_for_us": _("The sealed message is for another node."),
    "descriptor": _("The partner's descriptor cannot be trusted."),
    "receipt": _("The receipt does not hold."),
    "message": _("The message is not in the agreed form."),
    "package": _("The package does not hold together."),
}

TONES: dict[str, tuple[str, str]] = {
    "Compartment.support": ("sealed", "lock-keyhole"),
    "Compartment.identity": ("sealed", "lock-keyhole"),
    "Compartment.investigation": ("note", "folder-lock"),
    "Compartment.disclosable": ("plain", "file-text"),
}
