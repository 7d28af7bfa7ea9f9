"""A real node, made by `comity init`."""

from pathlib import Path

import pytest

from tests.node.running import init


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node, made once."""
    folder = tmp_path_factory.mktemp("made") / "node"
    done = init(
        folder, "--pages-url", "https://comity.test.example/",
        "--exchange-url", "https://exchange.test.example:8443/", "--trusted-proxies", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
