"""Ask the operator's own validator of national signatures; see docs/operate/settings.md."""

from __future__ import annotations

import json
import subprocess
from typing import BinaryIO

MOST_ANSWER_BYTES = 1 << 16


def main(arguments: list[str], _source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: the command as JSON, and the descriptor of the signature; content on input."""
    command, signature = json.loads(arguments[0]), int(arguments[1])
    done = subprocess.run(
        [*command, f"/proc/self/fd/{signature}", "/proc/self/fd/0"],
        stdin=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(signature,),
        check=True,
    )
    answer = json.loads(done.stdout[:MOST_ANSWER_BYTES])
    kept = {name: str(answer.get(name, ""))[:300] for name in ("result", "version", "signer")}
    target.write(json.dumps(kept).encode())
