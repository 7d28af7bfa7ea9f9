"""Copy every object that lacks its copy to the replica, and to the object store, now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from comity.core.access import NodeActor
from comity.vault import actions
from comity.vault.stores import StoreAway


class Command(BaseCommand):
    help = "Copy what COMITY_REPLICA or COMITY_OBJECT_STORE lacks; the worker does it by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.COMITY_REPLICA or settings.COMITY_OBJECT_STORE):
            raise CommandError("Neither COMITY_REPLICA nor COMITY_OBJECT_STORE is set.")
        replicated = archived = removed = left = 0
        try:
            while actions.copies_are_due():
                done = actions.copy_objects(NodeActor("command"))
                replicated, archived = replicated + done.replicated, archived + done.archived
                removed, left = removed + done.removed, left + done.left
                if not (done.replicated or done.archived or done.removed):
                    break
        except StoreAway as failure:
            raise CommandError(f"{failure}. {replicated + archived} objects were copied.") from None
        self.stdout.write(
            f"{replicated} objects copied, {archived} moved to the object store, "
            f"{removed} erased ones removed there."
        )
        if left:
            raise CommandError(f"{left} objects could not be read; run vault_scrub.")
