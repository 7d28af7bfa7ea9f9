"""`comity check`: Django's checks, when certificates end, and what waits for trusted time."""

from __future__ import annotations

from typing import Any

from django.core.checks import register
from django.core.management.commands.check import Command as DjangoCheck

from comity.node.checks import certificates_last, time_is_stamped


class Command(DjangoCheck):
    def handle(self, *args: Any, **options: Any) -> None:
        register(certificates_last)  # here only: at other starts an end is no reason to stop
        register(time_is_stamped)
        super().handle(*args, **options)
