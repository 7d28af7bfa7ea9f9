from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def keyring() -> None:
    """The nodes of these tests have keys of their own; the test process itself needs none."""
