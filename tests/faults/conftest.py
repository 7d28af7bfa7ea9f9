from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import site as sites
from tests.faults.site import STEPS, Site


@pytest.fixture(scope="session", autouse=True)
def keyring() -> None:
    """The nodes of these tests have keys of their own; the test process itself needs none."""


@pytest.fixture(scope="session")
def live_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Kyiv and Tokyo, connected, with a coordinator each; made once, since that takes long."""
    made = sites.make_site(tmp_path_factory.mktemp("faults"))
    try:
        for node in made.nodes:
            node.run(f"{STEPS}.add_officer", **sites.coordinator())
        if any("approved_letter" in item.fixturenames for item in request.session.items):
            sites.approve_letter(made)
        yield made
    finally:
        made.close()


@pytest.fixture
def approved_letter(live_site: Site) -> None:
    """A letter waits in Kyiv: `live_site` has brought it so far before anybody else came."""
