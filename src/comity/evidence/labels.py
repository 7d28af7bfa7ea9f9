"""The words for the codes of the evidence app."""

from typing import Any

LABELS: dict[str, Any] = {}
