"""Root keys in escrow: enough officers open it, fewer do not, and other people's tools do."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from shamir_mnemonic import combine_mnemonics

from comity.core import escrow
from comity.core.access import NodeActor
from comity.core.errors import Untrusted
from comity.core.keyring import Keyring
from comity.ledger.models import Entry
from comity.vault import actions

ACTOR = NodeActor("test")


def test_an_identity_is_written_as_age_writes_it() -> None:
    for seed in range(20):
        secret = bytes((seed * 7 + place * 13) % 256 for place in range(32))
        read = pyrage.x25519.Identity.from_str(escrow.identity(secret))
        assert str(read) == escrow.identity(secret)


def test_any_of_the_needed_number_open_it_and_fewer_do_not() -> None:
    secret = escrow.new_secret()
    lists = escrow.split(secret, needed=3, shares=5)
    assert len(set(lists)) == 5
    for chosen in itertools.combinations(lists, 3):
        assert escrow.combine([chosen[0].upper(), *chosen[1:]]) == secret
    for few in (lists[:2], [lists[0]], [], [lists[0], lists[0], lists[1]]):
        with pytest.raises(Untrusted, match=r"escrow\.shares_do_not_fit"):
            escrow.combine(few)
    others = escrow.split(secret, needed=3, shares=5)
    with pytest.raises(Untrusted, match=r"escrow\.shares_do_not_fit"):
        escrow.combine([*lists[:2], others[2]])


@pytest.mark.parametrize(("needed", "shares"), [(1, 1), (1, 3), (4, 3), (2, 17)])
def test_one_officer_alone_is_never_enough(needed: int, shares: int) -> None:
    with pytest.raises(ValueError, match="needed"):
        escrow.split(escrow.new_secret(), needed=needed, shares=shares)


def test_age_and_slip39_open_it_without_us(tmp_path: Path) -> None:
    secret = escrow.new_secret()
    (tmp_path / "escrow.age").write_bytes(escrow.seal({"vault-root.key": bytes(32)}, secret))
    words = escrow.split(secret, needed=2, shares=3)[1:]
    (tmp_path / "identity").write_text(escrow.identity(combine_mnemonics(words)) + "\n")
    opened = subprocess.run(
        ["age", "-d", "-i", "identity", "escrow.age"], cwd=tmp_path, capture_output=True, check=True
    )
    assert json.loads(opened.stdout) == {"vault-root.key": "00" * 32}


def test_a_changed_bundle_or_another_secret_opens_nothing() -> None:
    secret = escrow.new_secret()
    bundle = bytearray(escrow.seal({"vault-root.key": bytes(32)}, secret))
    with pytest.raises(Untrusted, match=r"escrow\.bundle_not_opened"):
        escrow.unseal(bytes(bundle), escrow.new_secret())
    bundle[-1] ^= 1
    with pytest.raises(Untrusted, match=r"escrow\.bundle_not_opened"):
        escrow.unseal(bytes(bundle), secret)


@pytest.mark.django_db
def test_the_drill_passes_with_this_nodes_keys_and_is_recorded() -> None:
    bundle, lists = actions.escrow_keys(ACTOR, shares=3, needed=2)
    keys = actions.drill(ACTOR, bundle, lists[1:])
    assert keys["vault-root.key"] == Keyring(settings.COMITY_KEYS).vault_root
    with pytest.raises(Untrusted, match=r"escrow\.shares_do_not_fit"):
        actions.drill(ACTOR, bundle, lists[:1])
    other = escrow.new_secret()
    strange = escrow.seal(dict.fromkeys(keys, bytes(32)), other)
    with pytest.raises(Untrusted, match=r"escrow\.other_keys"):
        actions.drill(ACTOR, strange, escrow.split(other, needed=2, shares=2))
    said = [
        (row.kind, row.committed.as_mapping().get("reason"))
        for row in Entry.objects.order_by("pk").select_related("committed")
    ]
    assert said == [
        ("vault.keys_escrowed", None),
        ("vault.escrow_drilled", None),
        ("vault.escrow_drill_failed", "escrow.shares_do_not_fit"),
        ("vault.escrow_drill_failed", "escrow.other_keys"),
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.django_db
def test_without_a_terminal_no_two_lists_come_out_in_one_place(tmp_path: Path, capsys) -> None:
    bundle, folder = tmp_path / "escrow.age", tmp_path / "lists"
    with pytest.raises(CommandError, match="This is no terminal"):
        call_command("keys_escrow", shares=3, needed=2, out=bundle)
    for missing in (folder, tmp_path):  # it is not there; it is not empty
        (tmp_path / "something").touch()
        with pytest.raises(CommandError, match="not an empty folder"):
            call_command("keys_escrow", shares=3, needed=2, out=bundle, lists_into=missing)
    folder.mkdir()
    with pytest.raises(CommandError, match="The folder of --out"):
        call_command(
            "keys_escrow", shares=3, needed=2, out=tmp_path / "no/where", lists_into=folder
        )
    assert not Entry.objects.filter(kind="vault.keys_escrowed").exists()
    call_command("keys_escrow", shares=3, needed=2, out=bundle, lists_into=folder)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["officer-1.txt", "officer-2.txt", "officer-3.txt"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    lists = [file.read_text() for file in files]
    assert actions.drill(ACTOR, bundle.read_bytes(), lists[1:])
    said = "".join(capsys.readouterr())
    assert not any(words.split()[20] in said.split() for words in lists)


@pytest.mark.django_db
def test_the_commands_lead_from_the_escrow_to_the_drill(tmp_path, capsys, monkeypatch) -> None:
    bundle = tmp_path / "escrow.age"
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _words: "")
    call_command("keys_escrow", shares=3, needed=2, out=bundle)
    shown = capsys.readouterr().out
    assert shown.count("\x1b[2J") == 3
    lists = [
        " ".join(word for word in part.split() if word.isalpha() and word.islower())
        for part in (each.partition("Write down:")[2] for each in shown.split("Officer ")[1:])
    ]
    lists = [" ".join(each.split()[:33]) for each in lists]
    assert bundle.stat().st_mode & 0o077 == 0
    assert not any(each.split()[0] in bundle.read_bytes().decode("latin-1") for each in lists)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lists[:2])))
    call_command("keys_drill", bundle)
    assert "The drill passed" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO(lists[0]))
    with pytest.raises(CommandError, match="do not fit together"):
        call_command("keys_drill", bundle)
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(CommandError, match="exists"):
        call_command("keys_escrow", shares=3, needed=2, out=bundle)
