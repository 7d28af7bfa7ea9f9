"""A real S3-compatible server (SeaweedFS) on the loopback address."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import free_port, wait_for_port

KEY_ID, SECRET = "node", "invented-secret"
PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
    "filer.port.grpc", "s3.port.grpc",
)  # fmt: skip


@contextmanager
def bucket_server(folder: Path) -> Iterator[dict[str, str]]:
    """Start it; give what `COMITY_…_S3` holds. It ends with the block."""
    identity = {
        "name": "node",
        "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder}",
        "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.port={port}",
        f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-volume.max=20", "-master.volumeSizeLimitMB=64",
        *(f"-{name}={free_port()}" for name in PORTS),
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            wait_for_port(port, process, 30)
            yield {
                "endpoint": f"http://127.0.0.1:{port}",
                "region": "us-east-1",
                "key_id": KEY_ID,
                "secret": SECRET,
            }
        finally:
            process.kill()  # it would wait for its lookers first, and its data are thrown away
            process.wait()
