"""The words for the codes of the ledger app."""

from typing import Any

LABELS: dict[str, Any] = {}
