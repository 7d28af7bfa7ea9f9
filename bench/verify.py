"""`comity-verify` over a court package of 100 items, beside hashing alone and beside bagit.py."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import partial
from pathlib import Path

from measure import Row, arguments, median, rounds, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.court import Node, make_spec, written

from comity.node.testtsa import Authority

GOAL_SECONDS = 2.0
GOAL_RESIDENT_MB = 200.0


def _prepare(folder: Path, items: int, item_kilobytes: int) -> None:
    authority = Authority(folder / "tsa")
    kyiv, tokyo = Node("kyiv.example", "UA"), Node("tokyo.example", "JP")
    contents = [os.urandom(item_kilobytes << 10) for _ in range(items)]
    (folder / "package.asice").write_bytes(
        written(make_spec(kyiv, tokyo, contents, authority=authority))
    )
    (folder / "kyiv.jws").write_text(kyiv.descriptor_text)
    (folder / "tokyo.jws").write_text(tokyo.descriptor_text)
    with zipfile.ZipFile(folder / "package.asice") as archive:
        archive.extractall(folder / "bag")


def _verify(folder: Path) -> None:
    command = [sys.executable, "-m", "comity.verify", "package.asice", "--json"]
    trust = ["--trust", "kyiv.jws", "--trust", "tokyo.jws", "--tsa-root", "tsa/ca.pem"]
    result = subprocess.run([*command, *trust], cwd=folder, capture_output=True, check=False)
    assert b'"SEALED_TIMED"' in result.stdout, result.stdout


def _resident_megabytes(folder: Path) -> float:
    # VmHWM: the peak that getrusage gives would include the parent's before exec.
    code = (
        "import io, re, sys\n"
        "from comity.verify import main\n"
        "sys.stdout = io.StringIO()\n"
        "try: main(['package.asice'])\n"
        "except SystemExit: pass\n"
        "status = open('/proc/self/status').read()\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', status)[1], file=sys.__stdout__)\n"
    )
    command = [sys.executable, "-c", code]
    return int(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout) / 1024


def _hash(folder: Path) -> None:
    with (folder / "package.asice").open("rb") as file:
        hashlib.file_digest(file, "sha256")


def _bagit(folder: Path) -> None:
    script = str(Path(sys.executable).with_name("bagit.py"))
    command = [sys.executable, script, "--quiet", "--validate", "bag"]
    subprocess.run(command, cwd=folder, check=True)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--item-kilobytes", type=int, default=1024)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder, options.items, options.item_kilobytes)
        seconds: dict[str, list[float]] = {"verify": [], "hash": [], "bagit": []}
        for _ in range(options.rounds):
            seconds["verify"] += rounds(partial(_verify, folder), 1)
            seconds["hash"] += rounds(partial(_hash, folder), 1)
            seconds["bagit"] += rounds(partial(_bagit, folder), 1)
        resident = _resident_megabytes(folder)
    size = f"{options.items} items of {options.item_kilobytes} KiB"
    rows = [
        Row(
            id="verify.package",
            what=f"comity-verify of a package of {size}, the whole process",
            median=median(seconds["verify"]),
            unit="s",
            goal=f"<= {GOAL_SECONDS:g} s",
            holds=median(seconds["verify"]) <= GOAL_SECONDS,
            peer={"name": "bagit.py --validate (digests only)", "median": median(seconds["bagit"])},
            limit={"what": "SHA-256 over the same file, s", "median": median(seconds["hash"])},
            spread=seconds["verify"],
        ),
        Row(
            id="verify.memory",
            what="largest resident memory of that process",
            median=resident,
            unit="MB",
            goal=f"<= {GOAL_RESIDENT_MB:g} MB",
            holds=resident <= GOAL_RESIDENT_MB,
        ),
    ]
    write("verify", rows, options.output)


if __name__ == "__main__":
    main()
