"""`comity check`: Django's checks, and when certificates end."""

from __future__ import annotations

from typing import Any

from django.core.checks import register
from django.core.management.commands.check import Command as DjangoCheck

from comity.node.checks import certificates_last


class Command(DjangoCheck):
    def handle(self, *args: Any, **options: Any) -> None:
        register(certificates_last)  # here only: at other starts an end is no reason to stop
        super().handle(*args, **options)
