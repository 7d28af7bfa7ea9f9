"""The words for the codes of the hub app, each part's in a file of its own."""

from typing import Any

from comity.hub.labels import people

_PARTS = (people,)
LABELS: dict[str, Any] = {code: words for part in _PARTS for code, words in part.LABELS.items()}
TONES: dict[str, tuple[str, str]] = {
    code: tone for part in _PARTS for code, tone in getattr(part, "TONES", {}).items()
}
