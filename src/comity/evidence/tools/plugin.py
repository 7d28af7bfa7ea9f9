"""A program of the installation's own, such as speech recognition, run on one file.

Arguments: the language to translate into (or "-"), then the program and its arguments. In them
{file} and {to} are replaced; without {file} the path comes last. It writes text, or an object with
"text" and "model" as JSON, to its standard output, and says its version when asked `--version`.
"""

from __future__ import annotations

import json
import subprocess
import sys

from comity.evidence.tools import remote


def main(to: str, command: list[str]) -> None:
    """Answer with one frame: version and model, and the text."""
    target = remote.answers()
    path = str(remote.copied(remote.room() / "item"))
    said = subprocess.run([command[0], "--version"], capture_output=True, check=False)
    version = (said.stdout or said.stderr).decode("utf-8", "replace").strip().splitlines()
    filled = [word.replace("{file}", path).replace("{to}", to) for word in command]
    if filled == [word.replace("{to}", to) for word in command]:
        filled.append(path)
    ended = subprocess.run(filled, capture_output=True, check=True)
    text, model = _read(ended.stdout.decode("utf-8", "replace"))
    header = {"tool": version[0][:200] if version else "", "model": model}
    remote.write_frame(target, header, text.encode())


def _read(said: str) -> tuple[str, str]:
    if said.lstrip().startswith("{"):
        answer = json.loads(said)
        return str(answer["text"]), str(answer.get("model", ""))[:200]
    return said, ""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
