"""A time-stamp authority for tests and the demo: loopback HTTP round `openssl ts -reply`.

Its stamps prove nothing to a court: it signs with a key that it made itself a moment ago.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from comity.core import timestamps
from comity.core.certificates import Kind, make_ca, make_certificate
from comity.core.errors import Untrusted

DAYS = 3650
MAX_REQUEST_BYTES = 4096
SLOW_SECONDS = 30.0
_CONFIG = """\
[tsa]
default_tsa = comity_test
[comity_test]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
{certs}
"""


class Fault(StrEnum):
    """A way to misbehave on purpose."""

    NONE = "none"
    DOWN = "down"
    SLOW = "slow"
    WRONG_IMPRINT = "wrong-imprint"
    WRONG_NONCE = "wrong-nonce"
    EXPIRED = "expired"
    UNSORTED = "unsorted"  # sends its chain too, which OpenSSL 3.0 writes as an unsorted SET


class Authority:
    """Keys and configuration in one folder; `reply` answers a DER request."""

    def __init__(
        self, folder: Path, fault: Fault = Fault.NONE, days: int = DAYS, name: str = ""
    ) -> None:
        """days: how long its certificates last; its root lasts five days longer."""
        self.folder = folder
        self.name = f"Comity test time{name and ' '}{name}"
        self.fault = fault
        self.days = days
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "tsa.cnf").exists():
            self._make()

    @property
    def root_pem(self) -> bytes:
        """The certificate to trust, PEM."""
        return (self.folder / "ca.pem").read_bytes()

    def reply(self, request: bytes) -> bytes:
        """Answer with a DER reply, faulty if so asked. Raises Untrusted for no request."""
        query = timestamps.read_request(request)
        if self.fault is Fault.WRONG_IMPRINT:
            request = timestamps.make_request(bytes(32), query.nonce)
        if self.fault is Fault.WRONG_NONCE:
            request = timestamps.make_request(query.digest, (query.nonce or 0) ^ 1)
        # openssl rewrites the serial file: one at a time.
        with self._lock, tempfile.TemporaryDirectory(dir=self.folder) as name:
            asked, answer = Path(name, "request.tsq"), Path(name, "reply.tsr")
            asked.write_bytes(request)
            command = ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf")]
            subprocess.run(
                [*command, "-queryfile", str(asked), "-out", str(answer)],
                check=True,
                capture_output=True,
            )
            return answer.read_bytes()

    def _make(self) -> None:
        now = datetime.now(UTC)
        if self.fault is Fault.EXPIRED:
            now -= timedelta(days=self.days + 10)
        root = make_ca(f"{self.name} root", now, self.days + 5)
        leaf = make_certificate(root, f"{self.name} stamping", Kind.TSA, [], now, self.days)
        (self.folder / "ca.pem").write_bytes(root.certificate_pem)
        (self.folder / "tsa.pem").write_bytes(leaf.certificate_pem)
        key = self.folder / "tsa.key"
        key.touch(mode=0o600)
        key.write_bytes(leaf.key_pem)
        (self.folder / "serial").write_text("01\n")
        certs = f"certs = {self.folder}/ca.pem" if self.fault is Fault.UNSORTED else ""
        text = _CONFIG.format(folder=self.folder, certs=certs)
        (self.folder / "tsa.cnf").write_text(text)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        authority = self.server.authority
        if authority.fault is Fault.DOWN:
            self.send_error(503)
            return
        if authority.fault is Fault.SLOW:
            time.sleep(SLOW_SECONDS)
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > MAX_REQUEST_BYTES:
            self.send_error(400)
            return
        try:
            answer = authority.reply(self.rfile.read(int(size)))
        except Untrusted:
            self.send_error(400)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep the terminal for those who read it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, authority: Authority) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.authority = authority

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


@contextmanager
def serving(
    folder: Path,
    *,
    port: int = 0,
    fault: Fault = Fault.NONE,
    days: int = DAYS,
    name: str = "",
) -> Iterator[tuple[str, bytes]]:
    """Serve on the loopback address; gives the URL and the root certificate in PEM."""
    authority = Authority(folder, fault, days, name)
    server = _Server(port, authority)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.url, authority.root_pem
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m comity.node.testtsa", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder for its keys")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--fault", type=Fault, choices=list(Fault), default=Fault.NONE)
    arguments = parser.parse_args()
    server = _Server(arguments.port, Authority(arguments.dir.absolute(), arguments.fault))
    print(server.url, flush=True)  # noqa: T201 - the caller reads the address here
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
