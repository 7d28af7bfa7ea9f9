"""The words for the codes of the accounts app."""

from typing import Any

LABELS: dict[str, Any] = {}
