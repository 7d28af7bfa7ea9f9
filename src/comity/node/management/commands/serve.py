"""`comity serve`: run the pages and the listener for partners."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

LOOK_EVERY_SECONDS = 1.0


class Command(BaseCommand):
    help = "Run the pages and the listener for partners' nodes until stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--only", choices=["pages", "exchange"], help="run one listener")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--workers", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        wanted = [options["only"]] if options["only"] else ["pages", "exchange"]
        running = {name: _start(name, options) for name in wanted}
        trusted = _partners_changed_at()
        while not stop.wait(LOOK_EVERY_SECONDS):
            if any(process.poll() is not None for process in running.values()):
                self.stderr.write("A listener ended by itself; stopping the other too.")
                break
            if "exchange" in running and _partners_changed_at() != trusted:
                trusted = _partners_changed_at()  # the listener reads its trusted partners at start
                _end(running["exchange"])
                running["exchange"] = _start("exchange", options)
        for process in running.values():
            _end(process)
        if not stop.is_set():
            sys.exit(1)


def partners_bundle() -> Path:
    """The authorities whose client certificates the exchange listener accepts."""
    return Path(settings.COMITY_KEYS) / "partners-ca.pem"


def _partners_changed_at() -> int:
    bundle = partners_bundle()
    return bundle.stat().st_mtime_ns if bundle.exists() else 0


def _start(name: str, options: dict[str, Any]) -> subprocess.Popen[bytes]:
    url = settings.COMITY_PAGES_URL if name == "pages" else settings.COMITY_EXCHANGE_URL
    command = [
        str(Path(sys.executable).with_name("granian")),
        "--interface", "wsgi",
        "--host", options["host"],
        "--port", str(urlsplit(url).port or (8000 if name == "pages" else 8443)),
        "--workers", str(options["workers"]),
        # A partner that sends slowly holds a thread; COMITY_EXCHANGE_PARTNER_CALLS says how many.
        "--blocking-threads", "4" if name == "pages" else "16",
        "--backpressure", "64",
        "--no-ws",
        "--log-level", "warning",
    ]  # fmt: skip
    if name == "exchange":
        command += _exchange_tls()
    command.append("comity.node.wsgi:application")
    return subprocess.Popen(command, env=os.environ | {"COMITY_LISTENER": name})


def _exchange_tls() -> list[str]:
    keys = Path(settings.COMITY_KEYS)
    bundle = partners_bundle()
    if not bundle.exists():  # nobody is paired yet: only our own authority's certificates pass
        bundle.write_bytes((keys / "ca.pem").read_bytes())
    return [
        "--ssl-certificate", str(keys / "tls.pem"),
        "--ssl-keyfile", str(keys / "tls.key"),
        "--ssl-ca", str(bundle),
        "--ssl-client-verify",
        "--ssl-protocol-min", "tls1.3",
    ]  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
