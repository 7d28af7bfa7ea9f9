"""Makes this folder's files anew: `python -m tests.vectors.package.make`. New keys each time."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.court import Node, make_spec, written

from comity.core import notes
from comity.core.container import open_container
from comity.node.testtsa import Authority

FOLDER = Path(__file__).parent


def main() -> None:
    kyiv, tokyo = Node("kyiv.example", "UA"), Node("tokyo.example", "JP")
    witness = replace(tokyo.ledger_signer, algorithm=notes.Algorithm.COSIGNATURE)
    with tempfile.TemporaryDirectory() as name:
        authority = Authority(Path(name))
        contents = [b"a first item\n", b"", "третій доказ\n".encode()]
        spec = make_spec(kyiv, tokyo, contents, authority=authority, witnesses=[witness])
        shutil.copy(authority.folder / "ca.pem", FOLDER / "time-root.pem")
        data = written(spec)
    (FOLDER / "package.asice").write_bytes(data)
    (FOLDER / "kyiv.jws").write_text(kyiv.descriptor_text)
    (FOLDER / "tokyo.jws").write_text(tokyo.descriptor_text)
    (FOLDER / "seal.pem").write_bytes(kyiv.seal.certificate)
    (FOLDER / "receipts.txt").write_text("".join(f"{text}\n" for text in spec.receipts))
    (FOLDER / "message.asice").write_bytes(kyiv.message(tokyo, "letter/1")[1])
    (FOLDER / "broken.json").write_text(json.dumps(_broken(data), indent=1) + "\n")


def _broken(data: bytes) -> list[dict[str, object]]:
    """Single changed bytes, one in each region, and the finding that must name them."""
    with (FOLDER / "package.asice").open("rb") as file:
        members = open_container(file)._members
    item, signature = members["data/E-000001/original.bin"], members["META-INF/signature001.p7s"]
    after = signature.start + signature.size
    return [
        {"position": position, "xor": 1, "code": code, "reason": reason, "where": where}
        for position, code, reason, where in [
            (item.start, "container.entry", "digest", "bytes of an item"),
            (item.offset + 10, "container.open", "container.local_header", "time in a header"),
            (item.offset + 14, "container.open", "container.local_header", "CRC in a header"),
            (signature.start + 100, "seal.signature", "container.entry_changed", "the signature"),
            (after + 12, "container.open", "container.directory", "time in the directory"),
            (len(data) - 1, "container.open", "container.directory", "length of the comment"),
        ]
    ]


if __name__ == "__main__":
    main()
