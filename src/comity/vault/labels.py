"""The words for the codes of the vault app."""

from typing import Any

LABELS: dict[str, Any] = {}
