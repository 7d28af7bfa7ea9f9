"""A detached OpenPGP signature, checked by gpgv with the keys given and no others."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import BinaryIO

from comity.evidence.tools import Unfit

DATA = "/proc/self/fd/0"


def main(arguments: list[str], _source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: the descriptors of the signature and of the keys (not armoured)."""
    if shutil.which("gpgv") is None:
        raise Unfit("reader_missing")
    signature, keys = (int(number) for number in arguments)
    paths = [f"/proc/self/fd/{number}" for number in (signature, keys)]
    done = subprocess.run(
        ["gpgv", "--status-fd", "1", "--keyring", paths[1], paths[0], DATA],
        capture_output=True,
        check=False,
        stdin=0,
        pass_fds=(signature, keys),
    )
    lines = [line.split() for line in done.stdout.decode("utf-8", "replace").splitlines()]
    said = {line[1]: line[2:] for line in lines if line[:1] == ["[GNUPG:]"] and len(line) > 1}
    found = {"result": _result(said, done.returncode), "key": (said.get("VALIDSIG") or [""])[0]}
    target.write(json.dumps(found).encode())


def _result(said: dict[str, list[str]], status: int) -> str:
    if "BADSIG" in said:
        return "bad"
    if "VALIDSIG" in said and "GOODSIG" in said and not status:
        return "good"
    return "unknown_key" if "NO_PUBKEY" in said else "unchecked"
