from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.two_nodes.harness import Node, make_nodes, pair


@pytest.fixture(scope="session")
def plain_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node]]:
    """Kyiv and Tokyo, paired, each behind a proxy that passes everything until a test says so."""
    kyiv, tokyo = make_nodes(tmp_path_factory.mktemp("two-nodes"), proxied=True)
    try:
        pair(kyiv, tokyo)
        yield kyiv, tokyo
    finally:
        kyiv.close()
        tokyo.close()


@pytest.fixture
def running(plain_nodes: tuple[Node, Node]) -> Iterator[tuple[Node, Node]]:
    """Both nodes with listener and worker."""
    for node in plain_nodes:
        node.proxy.up()
        node.proxy.badness = 0.0
        for name in ("exchange", "worker"):
            node.ensure(name)
        node.run("hurry")
    yield plain_nodes
    for node in plain_nodes:
        assert node.run("verify_ledger") >= 0
