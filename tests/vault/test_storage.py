"""Taking bytes in: durable, sealed, named by what is stored; or refused whole."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from comity.core.errors import Refused, Untrusted
from comity.vault import storage
from tests.vault.conftest import objects

SIZES = [0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 3 * 1024 * 1024 + 7]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_taken_in_opens_as_the_same_bytes(size: int) -> None:
    plain = os.urandom(size)
    taken = storage.take_in(io.BytesIO(plain))
    assert (taken.size, taken.sha256) == (size, hashlib.sha256(plain).hexdigest())
    with storage.open_object(taken.stored_name, taken.wrapped_key) as reader:
        assert reader.read() == plain
    assert storage.check_object(taken.stored_name, taken.wrapped_key, taken.sha256) == size


def test_sha256sum_checks_a_store_without_keys(vault: Path) -> None:
    storage.take_in(io.BytesIO(b"a page of a register" * 5000))
    (stored,) = objects(vault)
    said = subprocess.run(["sha256sum", stored], capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == stored.name
    assert stored.parent.name == stored.name[:2]
    assert b"a page of a register" not in stored.read_bytes()


def test_nobody_else_may_read_and_nobody_may_change_an_object(vault: Path) -> None:
    storage.take_in(io.BytesIO(b"x"))
    (stored,) = objects(vault)
    assert stat.S_IMODE(stored.stat().st_mode) == 0o400
    assert stat.S_IMODE(stored.parent.stat().st_mode) == 0o700


def test_the_same_bytes_are_stored_differently_but_looked_up_alike(vault: Path) -> None:
    first, second = (storage.take_in(io.BytesIO(b"the same")) for _ in range(2))
    assert first.stored_name != second.stored_name
    assert first.lookup == second.lookup
    assert first.lookup != hashlib.sha256(b"the same").digest()


class _Growing(io.FileIO):
    """A file that somebody appends to while it is read."""

    def readinto(self, buffer: object) -> int:
        count = super().readinto(buffer)  # type: ignore[arg-type]
        with Path(str(self.name)).open("ab") as other:
            other.write(b"more" if self.tell() < 10_000_000 else b"")
        return count


class _Rewritten(io.FileIO):
    """A file whose first byte somebody changes, in place, while it is read."""

    def readinto(self, buffer: object) -> int:
        count = super().readinto(buffer)  # type: ignore[arg-type]
        with Path(str(self.name)).open("r+b") as other:
            other.write(b"X")
        return count


@pytest.mark.parametrize("kind", [_Growing, _Rewritten])
def test_a_file_that_changes_while_it_is_read_is_refused(
    vault: Path, tmp_path: Path, kind: type[io.FileIO]
) -> None:
    path = tmp_path / "changing"
    path.write_bytes(os.urandom(1_000_000))
    with kind(path) as source, pytest.raises(Refused) as refused:
        storage.take_in(source)  # type: ignore[arg-type]
    assert refused.value.code == "vault.source_changed"
    assert objects(vault) == []
    assert list((vault / "incoming").iterdir()) == []


@pytest.mark.parametrize("announced", [0, 4, 6])
def test_fewer_or_more_bytes_than_announced_are_refused(vault: Path, announced: int) -> None:
    with pytest.raises(Refused) as refused:
        storage.take_in(io.BytesIO(b"12345"), expected_size=announced)
    assert refused.value.code == "vault.source_changed"
    assert objects(vault) == []


class _Broken(io.RawIOBase):
    """A connection that ends in the middle."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise ConnectionResetError


def test_a_source_that_breaks_leaves_nothing(vault: Path) -> None:
    with pytest.raises(ConnectionResetError):
        storage.take_in(_Broken())  # type: ignore[arg-type]
    assert objects(vault) == []
    assert list((vault / "incoming").iterdir()) == []


def test_a_link_a_folder_and_a_pipe_are_not_opened(tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "file", tmp_path / "link", tmp_path / "pipe"
    file.write_bytes(b"real")
    link.symlink_to(file)
    os.mkfifo(pipe)
    for wrong in (link, pipe, tmp_path):
        with pytest.raises(Refused) as refused:
            storage.open_regular(wrong)
        assert refused.value.code == "vault.not_a_regular_file"
        assert str(tmp_path) not in str(refused.value.facts)
    with storage.open_regular(file) as opened:
        assert opened.read() == b"real"


def _flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.mark.parametrize("offset", [0, 30, 60, 20_000, -1])
def test_a_flipped_bit_anywhere_is_seen_with_and_without_keys(vault: Path, offset: int) -> None:
    taken = storage.take_in(io.BytesIO(os.urandom(40_000)))
    (stored,) = objects(vault)
    _flip(stored, offset)
    with pytest.raises(Untrusted):
        storage.check_object(taken.stored_name, taken.wrapped_key, taken.sha256)
    with pytest.raises(Untrusted):
        storage.check_stored(taken.stored_name)


def test_a_missing_object_says_so() -> None:
    taken = storage.take_in(io.BytesIO(b"here today"))
    storage.remove(taken.stored_name)
    for look in (
        lambda: storage.open_object(taken.stored_name, taken.wrapped_key),
        lambda: storage.check_object(taken.stored_name, taken.wrapped_key, taken.sha256),
        lambda: storage.check_stored(taken.stored_name),
    ):
        with pytest.raises(Untrusted) as doubt:
            look()
        assert doubt.value.code == "vault.object_missing"


def test_a_wrapped_key_opens_only_its_own_object() -> None:
    one, other = (storage.take_in(io.BytesIO(name)) for name in (b"one", b"other"))
    with pytest.raises(Untrusted) as doubt:
        storage.open_object(one.stored_name, other.wrapped_key)
    assert doubt.value.code == "vaultfile.key_not_unwrapped"


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63 + "/"])
def test_only_our_own_names_reach_the_disk(name: str) -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        storage.remove(name)


def test_intake_is_refused_before_it_starts_when_the_reserve_would_be_used(
    vault: Path, tmp_path: Path, settings: LazySettings
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"small")
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    with path.open("rb") as source, pytest.raises(Refused) as refused:
        storage.take_in(source)
    assert refused.value.code == "vault.disk_full"
    assert list((vault / "incoming").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system; run as root to test a full disk")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a small file system is not allowed here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_in_the_middle_refuses_cleanly(
    small_disk: Path, settings: LazySettings
) -> None:
    settings.COMITY_VAULT = small_disk / "vault"
    settings.COMITY_RESERVED_DISK_BYTES = 0
    kept = storage.take_in(io.BytesIO(b"kept before"))
    with pytest.raises(Refused) as refused:
        storage.take_in(io.BytesIO(os.urandom(8 * 1024 * 1024)))  # a stream of unknown length
    assert refused.value.code == "vault.disk_full"
    assert list((small_disk / "vault/incoming").iterdir()) == []
    assert len(objects(small_disk / "vault")) == 1
    with storage.open_object(kept.stored_name, kept.wrapped_key) as reader:
        assert reader.read() == b"kept before"
    assert storage.take_in(io.BytesIO(b"room again")).size == 10


def test_memory_does_not_grow_with_the_file(tmp_path: Path, vault: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(400 * 1024 * 1024)
    code = (
        "import resource, sys, django; from pathlib import Path; django.setup()\n"
        "from comity.vault import storage\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "import io; storage.take_in(io.BytesIO(b'warm'))\n"
        "before = peak(); storage.take_in(Path(sys.argv[1]).open('rb', buffering=0))\n"
        "print(peak() - before)"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "COMITY_VAULT": str(vault),
    }
    said = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(said.stdout) < 32 * 1024, "KiB more than for four bytes"
