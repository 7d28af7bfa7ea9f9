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
from django.core.management.base import BaseCommand, CommandError

from comity.node.collecting import collect_static

LOOK_EVERY_SECONDS = 1.0

PARTNERS_BUNDLE = "partners-ca.pem"
DEFAULT_PORTS = {"pages": 8000, "exchange": 8443}


class Command(BaseCommand):
    help = "Run the pages and the listener for partners' nodes until stopped."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--only", choices=["pages", "exchange"], help="run one listener")
        for name, default in DEFAULT_PORTS.items():
            parser.add_argument(
                f"--{name}-host", default="127.0.0.1", help=f"address of this machine for {name}"
            )
            parser.add_argument(
                f"--{name}-port", type=int,
                help=f"else the port in COMITY_{name.upper()}_URL, else {default}",
            )  # fmt: skip
        parser.add_argument("--workers", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        from comity.node import checks  # whoever only starts a listener needs no models

        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        for message in checks.certificates_last(None):
            self.stderr.write(str(message))
        wanted = [options["only"]] if options["only"] else ["pages", "exchange"]
        if "pages" in wanted:
            _collect()
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


def _collect() -> None:
    """A new version brings new styles and scripts, and pages name them by their digests."""
    try:
        collect_static()
    except OSError as failure:
        raise CommandError(
            f"The static files cannot be collected in {settings.STATIC_ROOT}: {failure.strerror}."
        ) from failure


def partners_bundle() -> Path:
    """The authorities whose client certificates the exchange listener accepts."""
    return Path(settings.COMITY_KEYS) / PARTNERS_BUNDLE


def _partners_changed_at() -> int:
    bundle = partners_bundle()
    return bundle.stat().st_mtime_ns if bundle.exists() else 0


def listener_command(name: str, *, host: str, port: int, workers: int, keys: Path) -> list[str]:
    """How the server of the pages or of the exchange is started. keys: the node's key folder."""
    command = [
        str(Path(sys.executable).with_name("granian")),
        "--interface", "wsgi",
        "--host", host,
        "--port", str(port),
        "--workers", str(workers),
        # A partner that sends slowly holds a thread; COMITY_EXCHANGE_PARTNER_CALLS says how many.
        "--blocking-threads", "4" if name == "pages" else "16",
        # A connection that says nothing holds a place until its time is over, and only a server
        # that speaks nothing but HTTP/1.1 counts that time.
        "--backpressure", "512",
        "--http", "1",
        "--http1-header-read-timeout", "5000",
        "--no-ws",
        "--log-level", "warning",
    ]  # fmt: skip
    if name == "exchange":
        command += [
            "--ssl-certificate", str(keys / "tls.pem"),
            "--ssl-keyfile", str(keys / "tls.key"),
            "--ssl-ca", str(keys / PARTNERS_BUNDLE),
            "--ssl-client-verify",
            "--ssl-protocol-min", "tls1.3",
        ]  # fmt: skip
    return [*command, "comity.node.wsgi:application"]


def _start(name: str, options: dict[str, Any]) -> subprocess.Popen[bytes]:
    url = settings.COMITY_PAGES_URL if name == "pages" else settings.COMITY_EXCHANGE_URL
    keys, bundle = Path(settings.COMITY_KEYS), partners_bundle()
    if name == "exchange" and not bundle.exists():  # nobody is paired yet: only our own pass
        bundle.write_bytes((keys / "ca.pem").read_bytes())
    command = listener_command(
        name,
        host=options[f"{name}_host"],
        port=options[f"{name}_port"] or urlsplit(url).port or DEFAULT_PORTS[name],
        workers=options["workers"],
        keys=keys,
    )
    return subprocess.Popen(command, env=os.environ | {"COMITY_LISTENER": name})


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
