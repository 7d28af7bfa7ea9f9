"""The words for the codes of the exchange app."""

from typing import Any

LABELS: dict[str, Any] = {}
