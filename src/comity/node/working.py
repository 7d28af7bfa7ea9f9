"""The worker: looks what is due, enqueues it once, runs it; a killed one's work is due again.

Tasks of the queue SLOW run in a thread of their own: foreign tools take minutes, and neither the
ledger nor a message waits for them.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, close_old_connections
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

logger = logging.getLogger("comity.worker")

# An idle worker looks less and less often, so that a node at rest costs next to nothing.
IDLE_SECONDS, IDLE_AT_MOST_SECONDS = 0.1, 1.0
# A task that has run this long may have been left by a killed worker: another is started beside
# it. Every task may run twice and at once, since it claims its rows with leases of their own.
ALONE_FOR = timedelta(seconds=10)
KEEP_FINISHED = timedelta(hours=1)
KEEP_RUNNING = timedelta(days=2)
HOUSEKEEPING_SECONDS = 60.0
SLOW = "slow"


@dataclass
class Planned:
    """One line of the schedule: look every so often; if work is due, enqueue the task once."""

    is_due: Callable[[], bool]
    task: Any  # django_tasks has no types
    seconds: float
    next_look: float = field(default=0.0)

    @property
    def is_slow(self) -> bool:
        """Whether its task runs in the thread for slow work."""
        return bool(self.task.queue_name == SLOW)


def plan() -> list[Planned]:
    """The schedule from the settings; fails at start when a path is wrong."""
    return [
        Planned(import_string(due), import_string(task), seconds)
        for due, task, seconds in settings.COMITY_SCHEDULE
    ]


def enqueue_due(planned: list[Planned], *, now: float) -> int:
    """Enqueue each task whose look has come and that is due, unless it waits or runs already.

    Returns how many were enqueued.
    """
    enqueued = 0
    for line in planned:
        if now < line.next_look:
            continue
        line.next_look = now + line.seconds
        if line.is_due() and not _waits_or_runs(line.task.module_path):
            line.task.enqueue()
            enqueued += 1
    return enqueued


def _waits_or_runs(path: str) -> bool:
    young = timezone.now() - ALONE_FOR
    return (
        DBTaskResult.objects.filter(task_path=path)
        .filter(
            Q(status=TaskResultStatus.READY)
            | Q(status=TaskResultStatus.RUNNING, started_at__gt=young)
        )
        .exists()
    )


def drop_old_results() -> None:
    """Delete results nobody will read; what a task did is in the rows it worked on."""
    now = timezone.now()
    DBTaskResult.objects.filter(
        Q(finished_at__lt=now - KEEP_FINISHED)
        | Q(status=TaskResultStatus.RUNNING, started_at__lt=now - KEEP_RUNNING)
    ).delete()


def _worker(*, slow: bool) -> Worker:
    return Worker(
        queue_names=[SLOW] if slow else ["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=uuid.uuid4().hex,
        excluded_queue_names=[] if slow else [SLOW],
    )


def work_once(planned: list[Planned] | None = None) -> bool:
    """Enqueue what is due and run until nothing is ready; say whether there was anything."""
    lines = plan() if planned is None else planned
    quick = _work_lines([line for line in lines if not line.is_slow], slow=False)
    return _work_lines([line for line in lines if line.is_slow], slow=True) or quick


def _work_lines(planned: list[Planned], *, slow: bool) -> bool:
    enqueued = enqueue_due(planned, now=time.monotonic())
    ready = DBTaskResult.objects.ready()
    ready = ready.filter(queue_name=SLOW) if slow else ready.exclude(queue_name=SLOW)
    if not enqueued and not ready.exists():
        return False
    _worker(slow=slow).run()
    return True


def work_until_stopped() -> None:
    """Work until SIGINT or SIGTERM; a quick task that runs is finished first.

    A slow one is left: its tool ends with this process, and its claim ends with time.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    planned = plan()
    slow = [line for line in planned if line.is_slow]
    threading.Thread(target=_work_lines_until, args=(stop, slow, True), daemon=True).start()
    _work_lines_until(stop, [line for line in planned if not line.is_slow], False)


def _work_lines_until(stop: threading.Event, planned: list[Planned], slow: bool) -> None:
    next_housekeeping, idle = 0.0, IDLE_SECONDS
    while not stop.is_set():
        try:
            if not slow and time.monotonic() >= next_housekeeping:
                drop_old_results()
                next_housekeeping = time.monotonic() + HOUSEKEEPING_SECONDS
            busy = _work_lines(planned, slow=slow)
            idle = IDLE_SECONDS if busy else min(idle * 1.5, IDLE_AT_MOST_SECONDS)
        except OperationalError as failure:  # the database is away or busy: it will be back
            logger.warning(
                "The database does not answer (%s); trying again.", type(failure).__name__
            )
            close_old_connections()
            stop.wait(1.0)
        stop.wait(idle)
