"""The words for the codes of the exchange app: what happened, and what to do next."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LABELS: dict[str, Any] = {
    # states
    "PartnerStatus.proposed": _("Waits for the second officer"),
    "PartnerStatus.active": _("Connected"),
    "PartnerStatus.revoked": _("Revoked"),
    "OutgoingStatus.queued": _("Waiting to go out"),
    "OutgoingStatus.relayed": _("On their node"),
    "OutgoingStatus.consigned": _("Not opened yet"),
    "OutgoingStatus.handed_over": _("Opened"),
    "OutgoingStatus.acknowledged": _("Acknowledged"),
    "OutgoingStatus.dead": _("Not accepted"),
    "OutgoingStatus.stopped": _("Stopped before it left"),
    "IncomingStatus.received": _("Arrived, not checked yet"),
    "IncomingStatus.held": _("Held"),
    "IncomingStatus.handled": _("In its inbox"),
    "IncomingStatus.rejected": _("Refused"),
    "Direction.own": _("kept here"),
    "Direction.given": _("given to the partner"),
    "Direction.got": _("got from the partner"),
    # what messages are
    "MessageType.letter/1": pgettext_lazy("law", "Letter of request"),
    "MessageType.acknowledgement/1": _("Acknowledgement"),
    "MessageType.conditions/1": pgettext_lazy("law", "Proposed conditions"),
    "MessageType.conditions-accepted/1": pgettext_lazy("law", "Accepted conditions"),
    "MessageType.reply/1": pgettext_lazy("law", "Reply to a letter"),
    # refusals that an officer can put right
    "exchange.own_descriptor": _("This is this node's own descriptor. Ask the partner for theirs."),
    "exchange.node_id_too_long": _("This node’s name is longer than {most} characters."),
    "exchange.key_taken": _("Another partner already uses this key. Ask both who made it."),
    "exchange.type_unknown": _("Choose at least one kind of message that this node handles."),
    "exchange.nothing_new": _("This partner is connected with exactly these keys already."),
    "exchange.nothing_to_confirm": _("Nothing waits to be confirmed here. Load the page again."),
    "exchange.same_officer": _(
        "Another officer than the one who proposed the partner confirms it."
    ),
    "exchange.how_too_short": _(
        "Write in a sentence how you compared the fingerprint and with whom."
    ),
    "exchange.fingerprint_differs": _(
        "The fingerprints differ. Do not connect: read it out again, all 64 digits. If it still "
        "differs, the descriptor did not come from the partner."
    ),
    "exchange.already_revoked": _("The partner is revoked already."),
    "exchange.partner_not_active": _("This partner is not connected, so nothing can be sent."),
    "exchange.type_not_agreed": _("This kind of message was not agreed with the partner."),
    "exchange.attachment_changed": _("A file changed while it was sealed. Try again."),
    "exchange.message_too_large": _(
        "The message is larger than the partner's node accepts. Send documents as attachments."
    ),
    "exchange.conversation_moved": _(
        "Another message of this conversation was sent a moment ago. Look at it, then try again."
    ),
    "exchange.already_arrived": _(
        "The partner's node holds this message; there is nothing to send."
    ),
    "exchange.bytes_gone": _(
        "The sealed file is no longer on this node; prepare the message anew."
    ),
    "exchange.stopped": _(
        "This message was stopped: what it carries may no longer leave. Prepare it anew, without."
    ),
    "exchange.stopped_too_late": _(
        "It was to be stopped while it was handed over. Their node did not answer and may hold it; "
        "it is not sent again."
    ),
    "exchange.not_handled": _("This message has not been checked and put in its inbox yet."),
    "exchange.fault": _(
        "This node failed at it and tries again. The operator finds why in the log."
    ),
    "exchange.unreadable_file": _("This file is not a descriptor. Ask the partner for it again."),
    "storage.full": _("The disk is nearly full. Ask the operator to make room."),
    # why a call fails, on the way
    "net": _("The connection failed."),
    "net.no_address": _(
        "The name of their node has no address. Ask your operator whether name look-up works here, "
        "and theirs whether the name has changed."
    ),
    "net.refused": _("Nothing listens at their address. Ask their operator whether the node runs."),
    "net.unreachable": _("There is no way to their address. Ask your operator about the network."),
    "net.timeout": _("Their node did not answer in time. A firewall may stand between."),
    "witness": _(
        "The partner’s ledger is not what this node saw before. Its history may have been "
        "rewritten: tell the auditor of both sides."
    ),
    "witness.other_size": _("The proof does not begin where this node stands."),
    "Entry.exchange.ledger_contradicted": _("A partner’s ledger contradicts what was seen of it"),
    "net.cut": _("The connection broke in the middle. Sending goes on from where it stopped."),
    "net.answer_too_large": _("The answer was not one of a Comity node."),
    "tls": _("No secure connection came about."),
    "tls.expired": _("Their certificate has expired. Ask their operator to renew it."),
    "tls.not_yet_valid": _("Their certificate is not valid yet: compare the clocks of both nodes."),
    "tls.wrong_name": _("Their certificate is for another address than the one in the descriptor."),
    "tls.unknown_authority": _(
        "Their certificate is not from the authority in their descriptor. Somebody may stand "
        "between, or they changed it: ask them for a new descriptor and compare."
    ),
    "tls.they_refuse_us": _(
        "Their node does not accept our certificate. They may not have confirmed this node yet, or "
        "must restart their listener."
    ),
    "tls.they_say_expired": _("Our own certificate has expired. Ask your operator to renew it."),
    "http": _("Their node has a fault. It is tried again."),
    "call": _("Their node did not accept the call."),
    "call.skew": _("The clocks of the two nodes differ too much. Ask both operators to set them."),
    "call.signature": _("The signature of the call does not hold. Compare the keys again."),
    "call.unknown_key": _("The key of the call is not known there. The pairing is not complete."),
    "call.replayed": _("The same call came twice; the second was refused."),
    "call.digest": _("The bytes changed on the way; they are sent again."),
    "call.unknown": _("There is no such address on an exchange listener."),
    "partner": _("Their node does not accept messages from us now."),
    "partner.suspended": _("The pairing is not confirmed on the other side, or was revoked."),
    "partner.quota": _(
        "Their node takes only so many new messages in an hour. It is tried again when it may."
    ),
    "partner.busy": _("Their node serves other calls of ours just now. It is tried again."),
    "partner.storage": _(
        "Their node has no room left for what we send. It is tried again; tell their operator."
    ),
    "call.slow": _("The bytes came too slowly. Sending goes on in smaller parts."),
    # what is wrong with a message, blob or receipt
    "digest_conflict": _("Other bytes came under an id that is in use; they were not kept."),
    "blob": _("An attachment could not be handed over."),
    "blob.busy": _("Another part of this attachment is arriving."),
    "message.blob_missing": _("An attachment has not arrived yet; the message waits for it."),
    "message.out_of_turn": _(
        "An earlier message of this conversation has not arrived; order is kept."
    ),
    "message.type_not_agreed": _("This kind of message was not agreed with the partner."),
    "message.type_unknown": _("This node does not handle this kind of message."),
    "message.other_sender": _("The message names another sender than the node it came from."),
    "message.other_addressee": _("The message is addressed to another node."),
    "message.other_id": _("The message has another id than its envelope."),
    "message.place_taken": _("Another message has this place in the conversation."),
    "message.attachment_differs": _("An attachment is not the one that the message names."),
    "envelope.other_sender": _("The envelope names another sender than the node it came from."),
    "envelope.other_message": _("The envelope is that of another message."),
    "envelope.changed_on_disk": _(
        "The sealed bytes changed on this node's disk. Tell the operator."
    ),
    "seal": _("The seal of the message does not hold."),
    "seal.other_signer": _("The message is sealed by another than the partner it came from."),
    "seal.not_trusted": _("The partner's seal certificate is not valid now."),
    "receipt.other_digest": _("The receipt is about other bytes than those that were sent."),
    "receipt.unknown_message": _("The receipt is about a message that was never sent."),
    "receipt.other_node": _("The receipt is the statement of another node."),
    "receipt.chain": _("A receipt before this one is missing; it is asked for."),
    "receipt.fork": _(
        "The partner's node states two things at one place: its history was changed."
    ),
    "receipt.history": _("The partner's ledger has shrunk or changed since it was last stated."),
    "descriptor.fingerprint": _(
        "The partner's node publishes other keys than those confirmed. Ask them; then take in the "
        "new descriptor and compare its fingerprint."
    ),
    "clock.ran_out": _("The time within which the receipt was due has run out."),
    # the steps of a test of the connection
    "Step.name": _("Name and address"),
    "Step.port": _("Their node listens"),
    "Step.certificate": _("Both certificates"),
    "Step.call": _("Signed test call"),
    "Step.clock": _("Clocks"),
    # the ledger's kinds
    "Entry.exchange.descriptor_issued": _("Own descriptor issued"),
    "Entry.exchange.descriptor_updated": _("Partner's descriptor updated"),
    "Entry.exchange.partner_proposed": _("Partner proposed"),
    "Entry.exchange.partner_confirmed": _("Partner confirmed"),
    "Entry.exchange.partner_revoked": _("Partner revoked"),
    "Entry.exchange.connection_tested": _("Connection tested"),
    "Entry.exchange.message_queued": _("Message sealed and queued"),
    "Entry.exchange.message_resent": _("Message sent again"),
    "Entry.exchange.message_stopped": _("Message stopped before it left"),
    "Entry.exchange.message_died": _("Message not accepted"),
    "Entry.exchange.message_received": _("Message arrived"),
    "Entry.exchange.message_handled": _("Message checked and handed on"),
    "Entry.exchange.message_rejected": _("Message refused"),
    "Entry.exchange.receipt_got": _("Receipt got"),
    "Entry.exchange.receipt_given": _("Receipt given"),
    "Entry.exchange.receipt_overdue": _("Receipt overdue"),
    "Entry.exchange.receipt_rejected": _("Receipt refused"),
    "Entry.exchange.call_rejected": _("Call refused"),
    "Entry.exchange.blob_rejected": _("Attachment refused"),
}

TONES: dict[str, tuple[str, str]] = {
    "PartnerStatus.proposed": ("caution", "fingerprint-pattern"),
    "PartnerStatus.active": ("good", "plug"),
    "PartnerStatus.revoked": ("urgent", "unplug"),
    "OutgoingStatus.queued": ("caution", "loader"),
    "OutgoingStatus.relayed": ("note", "mailbox"),
    "OutgoingStatus.consigned": ("note", "hourglass"),
    "OutgoingStatus.handed_over": ("good", "mail-open"),
    "OutgoingStatus.acknowledged": ("good", "circle-check"),
    "OutgoingStatus.dead": ("urgent", "mail-warning"),
    "OutgoingStatus.stopped": ("urgent", "ban"),
    "IncomingStatus.received": ("note", "loader"),
    "IncomingStatus.held": ("caution", "pause"),
    "IncomingStatus.handled": ("good", "circle-check"),
    "IncomingStatus.rejected": ("urgent", "ban"),
}
