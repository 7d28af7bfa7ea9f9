"""Root keys in escrow: made, and tried in a drill, both with an entry in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from comity.core import escrow
from comity.core.access import Actor
from comity.core.errors import Untrusted
from comity.core.keyring import Keyring
from comity.ledger import actions as ledger

ROOTS = ("vault-root.key", "person-root.key")


@transaction.atomic
def escrow_keys(actor: Actor, *, shares: int, needed: int) -> tuple[bytes, list[str]]:
    """Seal the root keys; return the bundle and one word list for each officer.

    The lists are kept nowhere. An earlier bundle still opens with its own lists: destroy both.
    Raises ValueError as `escrow.split`.
    """
    secret = escrow.new_secret()
    lists = escrow.split(secret, needed=needed, shares=shares)
    bundle = escrow.seal(_roots(), secret)
    ledger.append(
        actor,
        "vault.keys_escrowed",
        actor.actor_id,
        shares=shares,
        needed=needed,
        bundle_sha256=hashlib.sha256(bundle).hexdigest(),
    )
    return bundle, lists


def drill(actor: Actor, bundle: bytes, lists: Sequence[str]) -> dict[str, bytes]:
    """Open a bundle with officers' word lists, compare it with this node's keys, return the keys.

    Passed or not, the ledger keeps that it was tried. Raises Untrusted("escrow.…").
    """
    facts = {"lists": len(lists), "bundle_sha256": hashlib.sha256(bundle).hexdigest()}
    try:
        keys = escrow.unseal(bundle, escrow.combine(lists))
        if any(keys.get(name) != key for name, key in _roots().items()):
            raise Untrusted("escrow.other_keys")
    except Untrusted as doubt:
        with transaction.atomic():
            ledger.append(
                actor, "vault.escrow_drill_failed", actor.actor_id, reason=doubt.code, **facts
            )
        raise
    with transaction.atomic():
        ledger.append(actor, "vault.escrow_drilled", actor.actor_id, **facts)
    return keys


def _roots() -> dict[str, bytes]:
    ring = Keyring(settings.COMITY_KEYS)
    return {name: ring.read(name) for name in ROOTS}
