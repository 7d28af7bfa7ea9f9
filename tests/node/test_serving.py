"""`comity serve` on a node whose version has just changed, each listener where it was told."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.conftest import free_port
from tests.node.running import COMITY, environment

GIVE_UP_AFTER_SECONDS = 60.0  # so that a failure ends; nothing is measured
LOCAL, PAGES, EXCHANGE = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def test_pages_start_with_the_installed_files_and_each_listener_at_its_own_address(
    made: Path, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    shutil.copytree(made, node)
    shutil.rmtree(node / "static")  # nothing of the version that runs now was collected
    pages, exchange = free_port(), free_port()
    process = subprocess.Popen(
        [
            *COMITY, "serve", "--pages-host", PAGES, "--pages-port", str(pages),
            "--exchange-host", EXCHANGE, "--exchange-port", str(exchange),
        ],
        env=environment(node), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    give_up = time.monotonic() + GIVE_UP_AFTER_SECONDS
    try:
        for host, port in ((PAGES, pages), (EXCHANGE, exchange)):
            while not listens(host, port):
                assert process.poll() is None
                assert time.monotonic() < give_up, f"nothing listens at {host}"
                time.sleep(0.05)
        asked = urllib.request.Request(
            f"http://{PAGES}:{pages}/account/login/", headers={"Host": "comity.test.example"}
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - loopback
            page = answer.read().decode()
        assert (node / "static/.collected").exists()
        style = page.split('rel="stylesheet" href="')[1].split('"')[0]
        asked = urllib.request.Request(
            f"http://{PAGES}:{pages}{style}", headers={"Host": "comity.test.example"}
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - loopback
            assert "immutable" in answer.headers["Cache-Control"]
        assert not listens(LOCAL, pages)
        assert not listens(LOCAL, exchange)
    finally:
        process.terminate()
        process.wait()
