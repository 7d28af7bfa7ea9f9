"""The words for the codes of the cases app."""

from typing import Any

LABELS: dict[str, Any] = {}
