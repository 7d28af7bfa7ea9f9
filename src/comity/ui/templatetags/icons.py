"""Inline icons: Lucide's shapes from the committed folder, drawn in the colour of the text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
FOLDER = Path(__file__).resolve().parent.parent / "icons"


@register.simple_tag
def icon(name: str, label: str | None = None, size: str = "", turn: bool = False) -> SafeString:
    """Draw an icon, decorative unless it has a label. `lg` is 22 px; `turn` mirrors it in RTL."""
    classes = "i" + (f" i--{size}" if size else "") + (" i--turn" if turn else "")
    spoken = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="{}" {} focusable="false" viewBox="0 0 24 24" fill="none" stroke-width="1.9" '
        'stroke-linecap="round" stroke-linejoin="round">{}</svg>',
        classes,
        spoken,
        shapes(name),
    )


@cache
def shapes(name: str) -> SafeString:
    """Return the shapes of an icon. Raises FileNotFoundError for a name not in the folder."""
    if not name.replace("-", "").isalnum():
        raise FileNotFoundError(name)
    return mark_safe((FOLDER / f"{name}.svg").read_text(encoding="ascii"))  # noqa: S308
