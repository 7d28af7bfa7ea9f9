"""How a fresh process joins in; it imports no model, for it is read before Django is set up."""

from __future__ import annotations

import django


def join() -> None:
    """Set Django up by the settings that the environment names."""
    django.setup()
