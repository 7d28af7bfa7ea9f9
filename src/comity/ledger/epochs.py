"""A new epoch: two named officers let a ledger go on that is not the one signed last.

The name and the key of the log stay; the old head stands in an entry (docs/decisions, "A new
epoch keeps the log's name").
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, NotAllowed, Refused, WrongState
from comity.ledger import actions
from comity.ledger.heads import Trouble
from comity.ledger.models import Epoch

REASON_AT_MOST = 2000


@transaction.atomic
def propose_epoch(actor: Actor, *, reason: str) -> Epoch:
    """Propose to go on from the tree in the database; nothing changes before another confirms.

    Raises NotAllowed, Incomplete("ledger.epoch_reason_missing"), Refused("ledger.epoch_too_long" |
    "ledger.epoch_proposed_already"), WrongState("ledger.head_sound").
    """
    require(actor, Act.OPEN_EPOCH)
    said = " ".join(reason.split())
    if not said:
        raise Incomplete("ledger.epoch_reason_missing", missing=["reason"])
    if len(said) > REASON_AT_MOST:
        raise Refused("ledger.epoch_too_long")
    found = _trouble()
    if waiting_epoch(found) is not None:
        raise Refused("ledger.epoch_proposed_already")
    epoch = Epoch.objects.create(
        held=found.held,
        locked_size=found.locked_size,
        locked_root=found.locked_root,
        size=found.size,
        root=found.root,
        reason=said,
        proposed_by=actor.actor_id,
    )
    _keep(actor, "ledger.epoch_proposed", epoch)
    return epoch


@transaction.atomic
def confirm_epoch(actor: Actor, epoch: Epoch) -> None:
    """Let the ledger go on, as the second person; the next checkpoint takes the old one's place.

    Raises NotAllowed (also "ledger.not_second_person"), WrongState("ledger.head_sound" |
    "ledger.epoch_outdated").
    """
    require(actor, Act.OPEN_EPOCH)
    found = _trouble()
    row = Epoch.objects.select_for_update().get(pk=epoch.pk)
    if row.proposed_by == actor.actor_id:
        raise NotAllowed("ledger.not_second_person", act=Act.OPEN_EPOCH)
    if row.confirmed_at is not None or (row.held, row.size, row.root) != (
        found.held,
        found.size,
        found.root,
    ):
        raise WrongState("ledger.epoch_outdated")
    row.confirmed_by, row.confirmed_at = actor.actor_id, timezone.now()
    row.save(update_fields=["confirmed_by", "confirmed_at"])
    _keep(actor, "ledger.epoch_opened", row)


def waiting_epoch(found: Trouble) -> Epoch | None:
    """The proposal that waits for a second person and fits the trouble as it is now."""
    rows = Epoch.objects.filter(confirmed_at=None, held=found.held, size=found.size)
    return rows.filter(root=found.root).first()


def _trouble() -> Trouble:
    found = actions.head_trouble()
    if found is None:
        raise WrongState("ledger.head_sound")
    return found


def _keep(actor: Actor, kind: str, epoch: Epoch) -> None:
    actions.append(
        actor,
        kind,
        epoch.subject,
        old_size=epoch.locked_size,
        old_root=epoch.locked_root,
        old_file_sha256=epoch.held,
        size=epoch.size,
        root=epoch.root,
        proposed_by=epoch.proposed_by,
        confirmed_by=epoch.confirmed_by,
        reason_sha256=canonical.digest_hex({"reason": epoch.reason}),
    )
