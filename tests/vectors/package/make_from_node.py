"""Makes a golden package: `python -m tests.vectors.package.make_from_node FOLDER`, with a node.

New keys each time. What it holds: items out of a pack, CASE, tokens of two authorities of which one
ends in a month, their renewal, a cosignature of another node.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "COMITY_HOME": home,
            "SECRET_KEY": "only-for-golden-files",
            "DJANGO_SETTINGS_MODULE": "comity.node.settings",
            "COMITY_NODE_ID": "golden.kyiv.example",
            "COMITY_STATE": "UA",
            "COMITY_RESERVED_DISK_BYTES": "0",
        }
        _make(folder, Path(home))


def _make(folder: Path, home: Path) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from tests.court import Node

    from comity.core import keyring
    from comity.evidence import actions
    from comity.exchange.actions import own_descriptor
    from comity.ledger.renewing import renew
    from comity.ledger.tasks import stamp_newest
    from comity.node.testtsa import serving

    call_command("migrate", verbosity=0, skip_checks=True)
    now = datetime.now(UTC)
    keyring.create(
        settings.COMITY_KEYS, node_id=settings.COMITY_NODE_ID, hosts=["localhost"], now=now
    )
    tokyo = Node("golden.tokyo.example", "JP", now)
    officer, items = _items()
    with (
        serving(home / "a", days=30, name="A") as first,
        serving(home / "b", name="B") as second,
    ):
        for name, (_url, root) in (("time-a.pem", first), ("time-b.pem", second)):
            (folder / name).write_bytes(root)
        settings.COMITY_TSA_URLS = [first[0], second[0]]
        settings.COMITY_TSA_ROOTS = [folder / "time-a.pem", folder / "time-b.pem"]
        settings.COMITY_TSA_NEEDED = 2
        _cosign(tokyo)
        assert stamp_newest()
        renew()
        path = actions.export_package(
            officer, items, purpose="Trial", legal_basis="CPC art. 290", case_ref="K-2026-17"
        )
    path.replace(folder / "package.asice")
    (folder / "sender.jws").write_text(own_descriptor())
    (folder / "tokyo.jws").write_text(tokyo.descriptor_text)
    (folder / "seal.pem").write_bytes((settings.COMITY_KEYS / "seal.pem").read_bytes())
    (folder / "expected.json").write_text(json.dumps(EXPECTED, indent=1) + "\n")


def _items():  # type: ignore[no-untyped-def]  # Django is not set up when this file is read
    from comity.accounts import actions as accounts
    from comity.accounts.models import Officer, OfficerRole
    from comity.evidence import actions

    officer = Officer.objects.create(email="golden@example.test", name="R. Melnyk")
    for role in ("investigator", "prosecutor"):
        OfficerRole.objects.create(officer=officer, role=role, granted_by="golden")
    case = uuid.uuid4()
    accounts.found_team(officer, kind="case", record=case)
    acquired = actions.Acquisition("R. Melnyk", datetime.now(UTC))
    shared = actions.Shared(
        "photo", [("case", case)], "investigation", acquired, compartment="disclosable"
    )
    contents = [b"a first item\n", "третій доказ\n".encode(), b"\x00\xff" * 300]
    incoming = [actions.Incoming(partial(io.BytesIO, each), "An item") for each in contents]
    items = list(actions.ingest_many(officer, incoming, shared))
    actions.open_item(officer, items[0], purpose="court").close()
    return officer, items


def _cosign(tokyo) -> None:  # type: ignore[no-untyped-def]
    from dataclasses import replace

    from comity.core import notes
    from comity.ledger import actions as ledger

    ledger.sequence_pending()
    head = ledger.newest_checkpoint()
    assert head is not None
    text = bytes(head.note).decode().rpartition("\n\n")[0] + "\n"
    witness = replace(tokyo.ledger_signer, algorithm=notes.Algorithm.COSIGNATURE)
    line = witness.line(text.encode(), datetime.now(UTC))
    ledger.keep_cosignature(head, witness=tokyo.node_id, line=line)


# days: after the day of the first token that the verifier's clock shows.
EXPECTED = [
    {"trust": [], "roots": [], "days": 0, "verdict": "INTEGRITY_ONLY"},
    {"trust": ["sender.jws"], "roots": [], "days": 0, "verdict": "SEALED"},
    {"trust": ["sender.jws"], "roots": ["time-b.pem"], "days": 0, "verdict": "SEALED_TIMED"},
    {
        "trust": ["sender.jws", "tokyo.jws"],
        "roots": ["time-a.pem", "time-b.pem"],
        "days": 0,
        "verdict": "SEALED_TIMED_WITNESSED",
    },
    {
        "trust": ["sender.jws", "tokyo.jws"],
        "roots": ["time-a.pem", "time-b.pem"],
        "days": 1000,
        "verdict": "SEALED_TIMED_WITNESSED",
    },
]

if __name__ == "__main__":
    main()
