"""What is recorded about signing in, about looking, and about every refused attempt."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db import transaction

from comity.accounts.actions import _writing
from comity.accounts.models import Officer
from comity.core.access import Actor
from comity.ledger import actions as ledger


@transaction.atomic
def record_refusal(actor: Actor, *, act: str, path_digest: str) -> None:
    """Keep a refused attempt, in a transaction of its own since the attempt's has rolled back."""
    ledger.append(actor, "access.refused", actor.actor_id, act=act, path=path_digest)


@transaction.atomic
def record_failed_sign_in(actor: Actor, *, address_digest: str) -> None:
    """Keep a failed sign-in: a salted digest of the address that was tried, never the address."""
    ledger.append(actor, "accounts.sign_in_failed", actor.actor_id, address=address_digest)


@transaction.atomic
def record_sign_in(actor: Officer, *, methods: list[str]) -> None:
    """Keep a sign-in and the factors used."""
    ledger.append(actor, "accounts.signed_in", actor.subject, methods=methods)


@transaction.atomic
def record_second_step(actor: Officer) -> None:
    """Keep that the officer gave the second step again, right before an act that asks for it."""
    ledger.append(actor, "accounts.confirmed_again", actor.subject)


def record_look(actor: Actor, subject: str, *, part: str, purpose: str = "") -> None:
    """Keep that protected content was looked at: opening is an act too."""
    ledger.record_look(actor, subject, part=part, purpose=purpose)


@dataclass(frozen=True)
class Credentials:
    """What an officer signs in with, as far as a change can be seen: no secret, only marks.

    password: the stored hash. factors: key and type of each second step and set of codes.
    """

    password: str
    factors: frozenset[tuple[int, str]]


def credentials_of(officer: Officer) -> Credentials:
    """Read what the officer signs in with now."""
    password = Officer.objects.values_list("password", flat=True).get(pk=officer.pk)
    rows = Authenticator.objects.filter(user_id=officer.pk).values_list("pk", "type")
    return Credentials(password, frozenset((int(key), str(kind)) for key, kind in rows))


@transaction.atomic
def record_credentials(actor: Officer, before: Credentials) -> bool:
    """Keep each change of the officer's own password and second steps; end their other sessions.

    before: what held when the request came. In the transaction of the change. Says whether
    anything changed: the caller then keeps the one session in which it was done.
    """
    after = credentials_of(actor)
    if after == before:
        return False
    officer = Officer.objects.select_for_update().get(pk=actor.pk)
    if after.password != before.password:
        officer.must_change_password = False
        officer.save(update_fields=["must_change_password"])
        ledger.append(actor, "accounts.password_changed", actor.subject)
    changes = [
        ("removed", before.factors - after.factors),
        ("added", after.factors - before.factors),
    ]
    for verb, factors in changes:
        for _key, kind in sorted(factors):
            ledger.append(actor, f"accounts.factor_{verb}", actor.subject, factor=kind)
    _writing.end_sessions(officer)
    return True
