"""Ways in: two codes that two people hand over, taken up once with the officer's own password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from comity.accounts import rules
from comity.accounts.actions import _writing
from comity.accounts.models import Invitation, Officer
from comity.core.access import Act, Actor, require
from comity.core.errors import NotAllowed, Refused
from comity.ledger import actions as ledger

_CODE_BYTES = 10  # 80 bits: sixteen signs without 0, 1, 8 and 9


def new_code() -> str:
    """Make a code as people read it: four groups of four signs."""
    signs = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode("ascii")
    return "-".join(signs[start : start + 4] for start in range(0, len(signs), 4))


def digest(code: str) -> str:
    """Give the hex SHA-256 of a code, however it was typed: case, spaces and dashes do not count.

    A plain hash is enough: the code is random and 80 bits long.
    """
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    plain = plain.replace("0", "O").replace("1", "I").replace("8", "B")
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()


def invite(actor: Actor, officer: Officer, first_digest: str) -> str:
    """Open the officer's one invitation in the caller's transaction; return the second code."""
    now = timezone.now()
    Invitation.objects.filter(officer=officer, used_at=None, ended_at=None).update(ended_at=now)
    code = new_code()
    Invitation.objects.create(
        officer=officer,
        first_digest=first_digest,
        second_digest=digest(code),
        made_by=actor.actor_id,
        made_at=now,
        until=now + rules.INVITATION_LASTS,
    )
    return code


def renew(
    actor: Actor, officer: Officer, first_digest: str
) -> tuple[str, tuple[str, dict[str, Any]]]:
    """End password, second step, recovery codes and sessions, and invite anew.

    In the caller's transaction, who writes the entry that is returned beside the second code.
    """
    officer = Officer.objects.select_for_update().get(pk=officer.pk)
    if not officer.is_active:
        raise Refused("accounts.officer_gone")
    officer.set_unusable_password()
    officer.must_change_password = False
    officer.save(update_fields=["password", "must_change_password"])
    removed = sorted(Authenticator.objects.filter(user=officer).values_list("type", flat=True))
    Authenticator.objects.filter(user=officer).delete()
    _writing.end_sessions(officer)
    code = invite(actor, officer, first_digest)
    return code, ("accounts.invited_anew", {"factors_removed": removed})


@transaction.atomic
def invite_anew(actor: Actor, officer: Officer) -> tuple[str, str]:
    """Give an officer a new way in from the node's console; return both codes.

    For the day when nobody is left who could propose or confirm. Officers propose instead.
    Raises NotAllowed; Refused("accounts.officer_gone").
    """
    require(actor, Act.MANAGE_OFFICERS)
    if isinstance(actor, Officer):
        raise NotAllowed("accounts.needs_two", act="invite_anew")
    first = new_code()
    second, (kind, details) = renew(actor, officer, digest(first))
    ledger.append(actor, kind, officer.subject, by="console", **details)
    return first, second


@transaction.atomic
def take_up_invitation(
    actor: Actor, *, email: str, first: str, second: str, password: str
) -> Officer:
    """Set the officer's own password with both codes; the invitation is then used up.

    actor: the node's door, since nobody has signed in. The second step is set up at sign-in.
    Raises Refused("accounts.no_invitation") for a wrong address or code, for one that is used or
    too old, without saying which; Refused("accounts.weak_password").
    """
    open_ones = Invitation.objects.select_for_update(of=("self",)).select_related("officer")
    invitation = open_ones.filter(
        officer__email=email.strip().lower(), officer__is_active=True, used_at=None, ended_at=None
    ).first()
    held = (invitation.first_digest, invitation.second_digest) if invitation else ("", "")
    right = [
        hmac.compare_digest(digest(typed), kept)
        for typed, kept in zip((first, second), held, strict=True)
    ]
    now = timezone.now()
    if invitation is None or not all(right) or invitation.until <= now:
        raise Refused("accounts.no_invitation")
    officer = invitation.officer
    _writing.require_strong(password, officer)
    officer.set_password(password)
    officer.must_change_password = False
    officer.save(update_fields=["password", "must_change_password"])
    _writing.end_sessions(officer)
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    ledger.append(officer, "accounts.invitation_taken_up", officer.subject, at=actor.actor_id)
    return officer
