"""The words for the codes of the assistance app."""

from typing import Any

LABELS: dict[str, Any] = {}
