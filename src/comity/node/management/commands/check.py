"""`comity check`: Django's checks, when certificates end, and watched folders."""

from __future__ import annotations

from typing import Any

from django.core.checks import register
from django.core.management.commands.check import Command as DjangoCheck

from comity.node.checks import certificates_last, watched_folders_are_read


class Command(DjangoCheck):
    def handle(self, *args: Any, **options: Any) -> None:
        register(certificates_last)  # here only: at other starts an end is no reason to stop
        register(watched_folders_are_read)
        super().handle(*args, **options)
