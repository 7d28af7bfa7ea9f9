"""The words for the codes of the hub app."""

from typing import Any

LABELS: dict[str, Any] = {}
