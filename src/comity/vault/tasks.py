"""What the vault does by itself: sweep, re-hash files in turn, keep destroyed keys destroyed."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from comity.core.access import NodeActor
from comity.vault import actions, replicas, resumable, storage
from comity.vault.models import Pack, StoredFile
from comity.vault.stores import StoreAway

logger = logging.getLogger("comity.worker")

SWEEP_EVERY_SECONDS = 24 * 3600
CHECK_EACH_WITHIN = timedelta(days=30)
SCRUB_AT_ONCE = 50


def sweep_is_due() -> bool:
    """Say whether a stopped ingest left a file, or no sweep ran for a day."""
    if storage.last_sweep_seconds_ago() > SWEEP_EVERY_SECONDS:
        return True
    return bool(storage.abandoned_incoming(actions.INCOMING_IS_OLD_SECONDS))


@task()
def sweep_incoming() -> int:
    """Remove files that no row names; safe to run twice, at once, and beside running ingests."""
    swept = actions.sweep(NodeActor("worker"))
    return swept.incoming + swept.objects


def scrub_is_due() -> bool:
    """Say whether a stored file was not re-hashed for thirty days."""
    long_ago = timezone.now() - CHECK_EACH_WITHIN
    for rows in (StoredFile.objects.filter(pack=None), Pack.objects.all()):
        never = rows.filter(checked_at__isnull=True, created_at__lt=long_ago)
        if never.exists() or rows.filter(checked_at__lt=long_ago).exists():
            return True
    return False


@task()
def scrub_some() -> int:
    """Re-hash the files that were checked least recently; return how many are damaged."""
    return len(actions.scrub(NodeActor("worker"), at_most=SCRUB_AT_ONCE).damaged)


def erasures_are_due() -> bool:
    """Say whether a restored database holds destroyed keys, or the list lacks one."""
    return actions.erasures_unlisted() or actions.erasures_to_replay() > 0


@task()
def replay_erasures() -> int:
    """Destroy again what an old database has brought back; return how many keys."""
    return actions.replay_erasures(NodeActor("worker"))


def copies_are_due() -> bool:
    """Say whether an object waits for its copy elsewhere."""
    return actions.copies_are_due()


@task()
def copy_objects() -> int:
    """Copy objects to the replica and the object store; what a store refuses is tried again."""
    try:
        done = actions.copy_objects(NodeActor("worker"))
    except StoreAway as failure:
        logger.warning("A store of objects does not answer (%s).", failure)
        return 0
    return done.replicated + done.archived + done.removed


def replica_is_due() -> bool:
    """Say whether a copy in the replica was not re-hashed for thirty days, or is damaged."""
    return replicas.copies_to_check() > 0


@task(queue_name="slow")
def tend_replica() -> int:
    """Re-hash the copies that wait longest and write damaged ones anew; return how many."""
    try:
        done = replicas.check_replica(NodeActor("worker"), at_most=SCRUB_AT_ONCE, only_due=True)
    except StoreAway as failure:
        logger.warning("A store of objects does not answer (%s).", failure)
        return 0
    return done.files


def leftovers_are_due() -> bool:
    """Say whether an object was replaced here, and its old bytes may still lie elsewhere."""
    return replicas.leftovers_are_due()


@task()
def remove_leftovers() -> int:
    """Remove them; what a store refuses is tried again."""
    try:
        return replicas.remove_leftovers(NodeActor("worker"))
    except StoreAway as failure:
        logger.warning("A store of objects does not answer (%s).", failure)
        return 0


def uploads_are_due() -> bool:
    """Say whether an upload's time is over, or a part lies about that no row names."""
    return bool(resumable.old_uploads() or resumable.lost_parts())


@task()
def sweep_uploads() -> int:
    """Remove them; safe to run twice, at once, and beside running uploads."""
    return resumable.sweep_uploads(NodeActor("worker"))
