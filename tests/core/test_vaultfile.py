"""Stored files: published vectors, a second implementation, and every way to damage one."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import vaultfile
from comity.core.errors import Untrusted

FOLDER = Path(__file__).parents[1] / "vectors/vault"
VECTORS = json.loads((FOLDER / "vaultfile.json").read_text("utf-8"))
WRAPPED = json.loads((FOLDER / "wrapped_key.json").read_text("utf-8"))["wrapped"]
KEY = bytes(range(32))
CHUNK = 16 * 1024
STORED_CHUNK = CHUNK + 16
# Lengths at which a chunk, a step or a slot of the writer becomes full.
EDGES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 8 * CHUNK - 1, 8 * CHUNK, 64 * CHUNK, 64 * CHUNK + 1]


def pattern(size, multiplier=7):
    return bytes(number * multiplier % 251 for number in range(251)) * (size // 251) + bytes(
        number * multiplier % 251 for number in range(size % 251)
    )


def sealed(plain, key=KEY):
    target = io.BytesIO()
    result = vaultfile.seal_stream(io.BytesIO(plain), target, key)
    return result, target.getvalue()


def opened(stored, key=KEY, digest=None, context=vaultfile.CONTEXT):
    target = io.BytesIO()
    vaultfile.open_stream(io.BytesIO(stored), target, key, digest or "", context)
    return target.getvalue()


def reference_sealed(plain, key, salt, context):
    """The specification, written out plainly."""
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + context
    material = HKDFExpand(SHA512(), 76, info).derive(key)
    cipher, base = AESGCM(material[:32]), int.from_bytes(material[32:44], "big")
    stored = salt + material[44:]
    for number in range(len(plain) // CHUNK + 1):
        nonce = (base ^ number).to_bytes(12, "big")
        stored += cipher.encrypt(nonce, plain[number * CHUNK : (number + 1) * CHUNK], None)
    return stored


@pytest.mark.parametrize("vector", VECTORS["published"], ids=lambda vector: vector["what"])
def test_published_files_open_or_are_refused(vector):
    stored = zlib.decompressobj().decompress(bytes.fromhex(vector["stored_zlib_hex"]))
    key, context = bytes.fromhex(vector["key_hex"]), bytes.fromhex(vector["context_hex"])
    if vector["code"]:
        with pytest.raises(Untrusted) as caught:
            opened(stored, key, None, context)
        assert caught.value.code == vector["code"]
        return
    plain = vaultfile.Reader(io.BytesIO(stored), key, context).read()
    assert hashlib.sha512(plain).hexdigest() == vector["plain_sha512"]
    assert opened(stored, key, hashlib.sha256(plain).hexdigest(), context) == plain


@pytest.mark.parametrize("vector", VECTORS["own"], ids=lambda vector: vector["what"])
def test_our_own_vectors_hold(vector):
    plain = pattern(vector["plain_size"], vector["multiplier"])
    key, salt = bytes.fromhex(vector["key_hex"]), bytes.fromhex(vector["salt_hex"])
    stored = reference_sealed(plain, key, salt, vector["context"].encode())
    assert hashlib.sha256(stored).hexdigest() == vector["stored_sha256"]
    assert stored[24:56].hex() == vector["commitment_hex"]
    assert opened(stored, key, vector["plain_sha256"]) == plain


@pytest.mark.parametrize("size", [*EDGES, 5 * 64 * CHUNK + 12345])
def test_what_is_sealed_opens_with_another_implementation(size):
    plain = pattern(size)
    result, stored = sealed(plain)
    other = Cobblestone256Decryptor(KEY, vaultfile.CONTEXT)
    assert other.update(stored) + other.finalize() == plain
    assert result == vaultfile.Sealed(
        hashlib.sha256(plain).hexdigest(), size, hashlib.sha256(stored).hexdigest(), len(stored)
    )
    assert len(stored) == vaultfile.stored_size(size)


@pytest.mark.parametrize("size", EDGES)
def test_what_is_sealed_opens(size):
    plain = pattern(size)
    result, stored = sealed(plain)
    assert opened(stored, KEY, result.plain_sha256) == plain


@pytest.mark.parametrize("size", EDGES)
def test_what_is_in_memory_opens_alike(size):
    plain = pattern(size)
    stored = sealed(plain)[1]
    assert vaultfile.open_bytes(stored, KEY) == plain
    for damaged in (
        stored[:-1],
        stored + b"x",
        stored[:70] + bytes([stored[70] ^ 1]) + stored[71:],
    ):
        with pytest.raises(Untrusted):
            vaultfile.open_bytes(damaged, KEY)
    with pytest.raises(Untrusted):
        vaultfile.open_bytes(stored, bytes(32))


def test_the_same_bytes_are_stored_differently_each_time():
    assert sealed(b"same")[1] != sealed(b"same")[1]


def test_one_sealer_seals_many_files():
    sealer = vaultfile.Sealer()
    for size in (10, 3_000_000, 0, 3_000_000, 10):
        plain, target = pattern(size), io.BytesIO()
        result = sealer.seal(io.BytesIO(plain), target, KEY)
        assert opened(target.getvalue(), KEY, result.plain_sha256) == plain


PLAIN = pattern(5 * CHUNK + 777)
STORED = sealed(PLAIN)[1]
DIGEST = hashlib.sha256(PLAIN).hexdigest()


@settings(deadline=None)
@given(st.integers(0, len(PLAIN) + 50), st.integers(0, len(PLAIN)))
def test_any_range_can_be_read(offset, length):
    reader = vaultfile.Reader(io.BytesIO(STORED), KEY)
    assert b"".join(reader.pieces(offset, length)) == PLAIN[offset : offset + length]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-99_999, 99_999), st.integers(0, 40_000))))
def test_a_reader_moves_like_a_file(moves):
    reader, like = vaultfile.Reader(io.BytesIO(STORED), KEY), io.BytesIO(PLAIN)
    buffered = io.BufferedReader(reader)
    for whence, offset, size in moves:
        base = [0, like.tell(), len(PLAIN)][whence]
        if base + offset >= 0:
            assert buffered.seek(offset, whence) == like.seek(base + offset)
        assert buffered.read(size) == like.read(size)


def test_a_reader_closes_what_it_reads():
    source = io.BytesIO(STORED)
    with vaultfile.Reader(source, KEY) as reader:
        assert reader.size == len(PLAIN)
    assert source.closed


def test_a_range_reads_only_the_chunks_it_touches():
    damaged = bytearray(STORED)
    damaged[56 + 2 * STORED_CHUNK + 5] ^= 1
    reader = vaultfile.Reader(io.BytesIO(damaged), KEY)
    assert b"".join(reader.pieces(0, 2 * CHUNK)) == PLAIN[: 2 * CHUNK]
    assert b"".join(reader.pieces(3 * CHUNK, 9)) == PLAIN[3 * CHUNK : 3 * CHUNK + 9]
    with pytest.raises(Untrusted) as caught:
        list(reader.pieces(2 * CHUNK - 1, 2))
    assert (caught.value.code, caught.value.facts) == ("vaultfile.altered", {"chunk": 2})


def both_refuse(stored, key=KEY, context=vaultfile.CONTEXT):
    """Return the codes with which streaming and random access refuse."""
    codes = []
    for read in (opened_whole, read_whole):
        with pytest.raises(Untrusted) as caught:
            read(stored, key, context)
        codes.append(caught.value.code.removeprefix("vaultfile."))
    return codes


def opened_whole(stored, key, context):
    opened(stored, key, DIGEST, context)


def read_whole(stored, key, context):
    vaultfile.Reader(io.BytesIO(stored), key, context).read()


def chunks(*numbers):
    starts = [56 + number * STORED_CHUNK for number in numbers]
    return b"".join(STORED[start : start + STORED_CHUNK] for start in starts)


def test_another_key_or_context_is_named_as_such():
    assert both_refuse(STORED, bytes(32)) == ["wrong_key"] * 2
    assert both_refuse(STORED, KEY, b"another") == ["wrong_key"] * 2


@pytest.mark.parametrize("at", [0, 23, 24, 55])
def test_a_changed_header_is_refused(at):
    assert both_refuse(STORED[:at] + bytes([STORED[at] ^ 1]) + STORED[at + 1 :]) == [
        "wrong_key",
        "wrong_key",
    ]


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (0, "truncated"),
        (55, "truncated"),
        (56, "truncated"),
        (56 + 15, "truncated"),
        (56 + STORED_CHUNK, "truncated"),
        (56 + STORED_CHUNK + 15, "truncated"),
        (56 + STORED_CHUNK + 16, "end_not_authentic"),
        (56 + 5 * STORED_CHUNK, "truncated"),
        (len(STORED) - 1, "end_not_authentic"),
    ],
)
def test_a_cut_file_is_refused(size, code):
    assert both_refuse(STORED[:size]) == [code] * 2


@pytest.mark.parametrize("more", [b"\x00", bytes(16), bytes(STORED_CHUNK), STORED[-793:]])
def test_a_lengthened_file_is_refused(more):
    assert both_refuse(STORED + more)


def test_moved_repeated_and_missing_chunks_are_refused():
    header, end = STORED[:56], STORED[56 + 5 * STORED_CHUNK :]
    assert both_refuse(header + chunks(1, 0, 2, 3, 4) + end) == ["altered"] * 2
    assert both_refuse(header + chunks(0, 0, 2, 3, 4) + end) == ["altered"] * 2
    assert both_refuse(header + chunks(0, 1, 3, 4) + end)
    assert both_refuse(header + end)


@settings(deadline=None)
@given(st.integers(0, len(STORED) - 1), st.integers(1, 255))
def test_every_changed_byte_is_noticed_with_and_without_the_key(at, change):
    damaged = STORED[:at] + bytes([STORED[at] ^ change]) + STORED[at + 1 :]
    assert both_refuse(damaged)
    with pytest.raises(Untrusted, match="stored_digest_mismatch"):
        vaultfile.check_stored(io.BytesIO(damaged), hashlib.sha256(STORED).hexdigest())


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_rubbish_is_untrusted(data):
    assert both_refuse(data)


def test_an_authentic_file_that_is_not_the_recorded_one_is_refused():
    with pytest.raises(Untrusted, match="digest_mismatch"):
        opened(STORED, KEY, hashlib.sha256(b"another").hexdigest())


def test_a_file_that_shrinks_under_a_reader_is_noticed():
    source = io.BytesIO(STORED)
    reader = vaultfile.Reader(source, KEY)
    source.truncate(56 + 2 * STORED_CHUNK)
    with pytest.raises(Untrusted, match="truncated"):
        reader.read()


def test_sha256sum_checks_a_stored_file_without_keys(tmp_path):
    path = tmp_path / "stored"
    with path.open("wb") as target:
        result = vaultfile.seal_stream(io.BytesIO(PLAIN), target, KEY)
    printed = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    assert printed.stdout.split()[0] == result.stored_sha256
    with path.open("rb") as source:
        assert vaultfile.check_stored(source, result.stored_sha256) == result.stored_size


class Reluctant(io.RawIOBase):
    """Gives and takes little at a time, as pipes and sockets do."""

    def __init__(self, data=b""):
        self.inner = io.BytesIO(data)

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        return self.inner.readinto(memoryview(buffer)[:1000])

    def write(self, data):
        return self.inner.write(bytes(data[:1000]))


class OnlyRead:
    """A source with read() and nothing else."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


def test_short_reads_and_short_writes_change_nothing():
    target = Reluctant()
    result = vaultfile.seal_stream(Reluctant(PLAIN), target, KEY)
    assert opened(target.inner.getvalue(), KEY, result.plain_sha256) == PLAIN
    back = Reluctant()
    vaultfile.open_stream(Reluctant(target.inner.getvalue()), back, KEY, DIGEST)
    assert back.inner.getvalue() == PLAIN


def test_a_source_with_read_alone_is_enough():
    target = io.BytesIO()
    vaultfile.seal_stream(OnlyRead(PLAIN), target, KEY)
    assert opened(target.getvalue(), KEY, DIGEST) == PLAIN


@pytest.mark.parametrize("size", [100, 20_000_000])
def test_a_full_disk_is_an_error_and_no_success(size):
    with Path("/dev/full").open("wb", buffering=0) as target, pytest.raises(OSError) as caught:  # noqa: PT011
        vaultfile.seal_stream(io.BytesIO(bytes(size)), target, KEY)
    assert caught.value.errno == errno.ENOSPC


class Recalcitrant(io.BytesIO):
    """A disk on which one write fails and all others succeed."""

    def __init__(self, failing):
        super().__init__()
        self.until = failing

    def write(self, data):
        self.until -= 1
        if not self.until:
            raise OSError(errno.EIO, "bad sector")
        return super().write(data)


@pytest.mark.parametrize("failing", range(1, 9))
def test_one_failed_write_is_an_error(failing):
    slots_and_end = io.BytesIO(bytes(7 * 64 * CHUNK))
    with pytest.raises(OSError, match="bad sector"):
        vaultfile.seal_stream(slots_and_end, Recalcitrant(failing), KEY)


def test_a_slow_disk_holds_the_reading_back():
    class Source(io.BytesIO):
        def readinto(self, buffer):
            count = super().readinto(buffer)
            if self.tell() > 6 * 64 * CHUNK:
                far_ahead.set()
            return count

    class Slow(io.BytesIO):
        def write(self, data):
            if not self.tell():
                found.append(far_ahead.wait(timeout=0.3))
            return super().write(data)

    far_ahead, found = threading.Event(), []
    plain = pattern(20 * 64 * CHUNK)
    target = Slow()
    result = vaultfile.seal_stream(Source(plain), target, KEY)
    assert found == [False]
    assert opened(target.getvalue(), KEY, result.plain_sha256) == plain


def test_a_source_that_fails_half_way_is_an_error():
    class Failing(io.BytesIO):
        def readinto(self, buffer):
            if self.tell() > 3_000_000:
                raise OSError(errno.EIO, "bad sector")
            return super().readinto(buffer)

    with pytest.raises(OSError, match="bad sector"):
        vaultfile.seal_stream(Failing(bytes(9_000_000)), io.BytesIO(), KEY)


def test_memory_does_not_grow_with_the_file(tmp_path):
    with (tmp_path / "plain").open("wb") as plain:
        plain.truncate(400_000_000)
    script = """
import sys
from pathlib import Path
from comity.core import vaultfile
with open(sys.argv[1], "rb", 0) as source, open("/dev/null", "wb", 0) as target:
    vaultfile.seal_stream(source, target, bytes(32))
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""
    command = [sys.executable, "-c", script, tmp_path / "plain"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60 * 1024


@pytest.mark.parametrize("vector", WRAPPED, ids=lambda vector: vector["context_hex"])
def test_published_wrapped_keys_unwrap(vector):
    kek, wrapped = bytes.fromhex(vector["kek_hex"]), bytes.fromhex(vector["wrapped_hex"])
    assert vaultfile.unwrap_key(kek, wrapped, bytes.fromhex(vector["context_hex"])) == (
        bytes.fromhex(vector["dek_hex"])
    )


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.data())
def test_a_wrapped_key_opens_only_as_it_was_wrapped(dek, context, data):
    wrapped = vaultfile.wrap_key(KEY, dek, context)
    assert len(wrapped) == vaultfile.WRAPPED_SIZE
    assert vaultfile.unwrap_key(KEY, wrapped, context) == dek
    at, change = data.draw(st.integers(0, len(wrapped) - 1)), data.draw(st.integers(1, 255))
    damaged = wrapped[:at] + bytes([wrapped[at] ^ change]) + wrapped[at + 1 :]
    for wrong in [
        (bytes(32), wrapped, context),
        (KEY, wrapped, context + b"x"),
        (KEY, damaged, context),
        (KEY, wrapped[:-1], context),
    ]:
        with pytest.raises(Untrusted, match="key_not_unwrapped"):
            vaultfile.unwrap_key(*wrong)


def test_a_key_of_another_length_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="32 bytes"):
        sealed(b"", bytes(31))
    with pytest.raises(ValueError, match="32 bytes"):
        vaultfile.wrap_key(KEY, bytes(16), b"")


def test_the_rescue_script_opens_a_file_without_us(tmp_path):
    """The program of docs/protocol/vault-file.md, run as it stands there."""
    page = (Path(__file__).parents[2] / "docs/protocol/vault-file.md").read_text("utf-8")
    script = page.split("<!-- rescue.py -->\n```python\n")[1].split("```")[0]
    (tmp_path / "rescue.py").write_text(script)
    (tmp_path / "stored").write_bytes(STORED)
    assert rescue(tmp_path, KEY).stdout == PLAIN
    assert rescue(tmp_path, bytes(32)).returncode == 1
    (tmp_path / "stored").write_bytes(STORED[: 56 + STORED_CHUNK])
    assert rescue(tmp_path, KEY).returncode == 1


def rescue(folder, key):
    command = [sys.executable, "rescue.py", "stored", key.hex()]
    return subprocess.run(command, cwd=folder, capture_output=True)


@given(st.lists(st.binary(max_size=40_000), max_size=12))
def test_what_comes_in_pieces_is_sealed_as_one_file(pieces) -> None:
    target = io.BytesIO()
    writer = vaultfile.Writer(target, KEY)
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    plain = b"".join(pieces)
    assert len(target.getvalue()) == vaultfile.stored_size(len(plain))
    assert opened(target.getvalue(), digest=hashlib.sha256(plain).hexdigest()) == plain


def test_a_file_that_was_not_finished_does_not_open() -> None:
    target = io.BytesIO()
    vaultfile.Writer(target, KEY).write(bytes(50_000))
    with pytest.raises(Untrusted):
        vaultfile.Reader(io.BytesIO(target.getvalue()), KEY)
