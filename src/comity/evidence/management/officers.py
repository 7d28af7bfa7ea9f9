"""In whose name a command of this machine acts."""

from __future__ import annotations

from django.core.management.base import CommandError

from comity.accounts.models import Officer


def officer_of_command(email: str) -> Officer:
    """Return the active officer with this address; raises CommandError."""
    actor = Officer.objects.filter(email__iexact=email, is_active=True).first()
    if actor is None:
        raise CommandError("No officer signs in with this address.")
    actor.signed_in_by = "command_line"
    return actor
