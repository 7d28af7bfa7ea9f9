"""A vault of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, settings: LazySettings) -> Path:
    settings.COMITY_VAULT = tmp_path / "vault"
    settings.COMITY_SPOOL = tmp_path / "spool"
    return tmp_path / "vault"


def objects(vault: Path) -> list[Path]:
    """Every object in the vault."""
    return sorted(path for path in (vault / "objects").rglob("*") if path.is_file())
