"""Envelopes: what opens, and everything that must not."""

import base64
import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.sealing import keys
from comity.core.sealing.envelope import (
    MAGIC,
    Opened,
    Recipient,
    SealedDigest,
    open_stream,
    read_header,
    seal_stream,
)

CHUNK = 4096
PUBLIC = {
    "message_id": "019397c2-5a00-7000-8000-000000000001",
    "from": "kyiv.example",
    "to": "tokyo.example",
    "kind": "message",
}
TOKYO, TOKYO_CURVE, KYIV, OTHER = (keys.generate(suite) for suite in (1, 2, 1, 1))
PRIVATE = {key.key_id: key.private for key in (TOKYO, TOKYO_CURVE)}
VECTORS = Path(__file__).parents[1] / "vectors/exchange/envelope.json"


def _recipient(key: keys.RecipientKey, node_id: str = "tokyo.example") -> Recipient:
    return Recipient(node_id, keys.suite_of(key.private), key.key_id, key.public)


def _seal(
    plain: bytes, *recipients: Recipient, chunk_size: int = CHUNK, **public: str
) -> tuple[bytes, SealedDigest]:
    target = io.BytesIO()
    digest = seal_stream(
        io.BytesIO(plain),
        target,
        PUBLIC | public,
        recipients or [_recipient(TOKYO)],
        chunk_size=chunk_size,
    )
    return target.getvalue(), digest


def _open(sealed: bytes, **options: Any) -> tuple[bytes, Opened]:
    target = io.BytesIO()
    opened = open_stream(io.BytesIO(sealed), target, options.pop("keys", PRIVATE), **options)
    return target.getvalue(), opened


def _refusal(sealed: bytes, **options: Any) -> Untrusted:
    with pytest.raises(Untrusted) as refusal:
        _open(sealed, **options)
    return refusal.value


def _parts(sealed: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Take an envelope apart: header and chunks."""
    size = int.from_bytes(sealed[16:20])
    header, body = json.loads(sealed[20 : 20 + size]), sealed[20 + size :]
    step = header["chunk_size"] + 16
    return header, [body[at : at + step] for at in range(0, len(body), step)]


def _whole(header: dict[str, Any] | bytes, chunks: list[bytes]) -> bytes:
    raw = header if isinstance(header, bytes) else canonical.encode(header)
    return MAGIC + len(raw).to_bytes(4) + raw + b"".join(chunks)


@pytest.mark.parametrize("key", [TOKYO, TOKYO_CURVE], ids=["hybrid", "p256"])
@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_was_sealed_opens(key: keys.RecipientKey, size: int) -> None:
    plain = bytes(range(256)) * (size // 256 + 1)
    plain = plain[:size]
    sealed, digest = _seal(plain, _recipient(key))
    found, opened = _open(sealed)
    assert found == plain
    assert opened.public == PUBLIC
    assert opened.opened_as == "tokyo.example"
    assert opened.digest == digest
    assert digest.sha256 == hashlib.sha256(sealed).hexdigest()
    assert digest.plain_sha256 == hashlib.sha256(plain).hexdigest()
    assert (digest.size, digest.plain_size) == (len(sealed), size)


class _Trickle(io.BytesIO):
    """A source that, like a socket, answers with fewer bytes than asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 1000) if size and size > 0 else size)


def test_a_source_may_answer_in_small_pieces() -> None:
    plain = bytes(3 * CHUNK + 5)
    target, opened = io.BytesIO(), io.BytesIO()
    seal_stream(_Trickle(plain), target, PUBLIC, [_recipient(TOKYO)], chunk_size=CHUNK)
    open_stream(_Trickle(target.getvalue()), opened, PRIVATE)
    assert opened.getvalue() == plain


def test_each_recipient_opens_and_the_sender_keeps_a_copy() -> None:
    sealed, _ = _seal(b"account", _recipient(TOKYO), _recipient(KYIV, "kyiv.example"))
    assert _open(sealed)[0] == b"account"
    plain, opened = _open(sealed, keys={KYIV.key_id: KYIV.private})
    assert (plain, opened.opened_as) == (b"account", "kyiv.example")


def test_the_same_content_never_seals_to_the_same_bytes() -> None:
    assert _seal(b"account")[0] != _seal(b"account")[0]


def test_the_header_says_only_what_the_carrier_must_know() -> None:
    sealed, _ = _seal(b"account", kind="blob")
    header = read_header(io.BytesIO(sealed))
    assert header.payload == PUBLIC | {"kind": "blob"}
    assert header.suite == 1
    assert [entry.to for entry in header.recipients] == ["tokyo.example"]


def test_a_package_for_somebody_else_is_not_opened() -> None:
    sealed, _ = _seal(b"account", _recipient(OTHER))
    assert _refusal(sealed).code == "envelope.not_for_us"
    assert _refusal(sealed, keys={}).code == "envelope.not_for_us"


def test_a_wrong_key_under_the_right_name_does_not_open() -> None:
    sealed, _ = _seal(b"account")
    assert _refusal(sealed, keys={TOKYO.key_id: OTHER.private}).code == "envelope.key"
    assert _refusal(sealed, keys={TOKYO.key_id: TOKYO_CURVE.private}).code == "envelope.key"


def test_a_suite_below_the_minimum_is_refused() -> None:
    sealed, _ = _seal(b"account", _recipient(TOKYO_CURVE))
    refusal = _refusal(sealed, accepted_suites=keys.at_least(keys.Suite.MLKEM768_X25519))
    assert (refusal.code, refusal.facts) == ("envelope.suite_refused", {"suite": 2})


def test_an_unknown_suite_is_refused() -> None:
    header, chunks = _parts(_seal(b"account")[0])
    assert _refusal(_whole(header | {"suite": 3}, chunks)).code == "envelope.suite_unknown"


def test_a_weak_key_under_the_name_of_a_strong_suite_is_refused() -> None:
    """A sender of bad will claims suite 1 and wraps to our suite 2 key."""
    content_key = bytes(32)
    header, _ = _parts(_seal(b"account")[0])
    header, derive = _rewrapped(header, content_key, TOKYO_CURVE)
    aad = hashlib.sha256(canonical.encode(header)).digest()
    chunk = AESGCM(derive(b"payload")).encrypt(bytes(11) + b"\x01", b"account", aad)
    sealed = _whole(header, [chunk])
    assert _refusal(sealed, accepted_suites=keys.at_least(1)).code == "envelope.key"


def test_every_truncation_is_refused() -> None:
    sealed, _ = _seal(b"a" * (2 * CHUNK + 3))
    ends = [*range(64), *range(64, len(sealed), 97), len(sealed) - 1]
    header_end = len(sealed) - (2 * CHUNK + 3) - 3 * 16
    ends += [header_end, header_end + CHUNK + 16, header_end + 2 * (CHUNK + 16)]
    for end in ends:
        _refusal(sealed[:end])


@pytest.mark.parametrize("added", [b"\x00", b"x" * 16, b"x" * (CHUNK + 16)])
@pytest.mark.parametrize("size", [0, 3, CHUNK, CHUNK + 3])
def test_every_extension_is_refused(added: bytes, size: int) -> None:
    assert _refusal(_seal(bytes(size))[0] + added).code == "envelope.chunk"


def test_an_empty_chunk_at_the_end_is_refused_even_with_a_right_tag() -> None:
    content_key = bytes(32)
    header, _ = _parts(_seal(b"account")[0])
    header, derive = _rewrapped(header, content_key)
    aad = hashlib.sha256(canonical.encode(header)).digest()
    cipher = AESGCM(derive(b"payload"))
    chunks = [
        cipher.encrypt(bytes(7) + (0).to_bytes(4) + b"\x00", bytes(CHUNK), aad),
        cipher.encrypt(bytes(7) + (1).to_bytes(4) + b"\x01", b"", aad),
    ]
    refusal = _refusal(_whole(header, chunks))
    assert (refusal.code, refusal.facts) == ("envelope.chunk", {"number": 1})
    whole = [cipher.encrypt(bytes(7) + (0).to_bytes(4) + b"\x01", bytes(CHUNK), aad)]
    assert _open(_whole(header, whole))[0] == bytes(CHUNK)


def test_reordered_repeated_and_missing_chunks_are_refused() -> None:
    header, (first, second, third) = _parts(_seal(bytes(range(256)) * 40)[0])
    assert _open(_whole(header, [first, second, third]))
    for chunks in (
        [second, first, third],
        [first, third, second],
        [first, first, third],
        [first, second, second, third],
        [first, third],
        [second, third],
        [third],
        [first, second],
        [first],
        [],
    ):
        assert _refusal(_whole(header, chunks)).code == "envelope.chunk"


def test_chunks_of_another_envelope_are_refused() -> None:
    header, chunks = _parts(_seal(bytes(2 * CHUNK))[0])
    _, others = _parts(_seal(bytes(2 * CHUNK))[0])
    assert _refusal(_whole(header, [chunks[0], others[1]])).facts == {"number": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["payload"].update({"to": "osaka.example"}),
        lambda header: header["payload"].update({"from": "odesa.example"}),
        lambda header: header["payload"].update({"kind": "blob"}),
        lambda header: header["payload"].update(message_id=PUBLIC["message_id"][:-1] + "2"),
        lambda header: header["payload"].update(note="x"),
        lambda header: header["recipients"][0].update(to="osaka.example"),
        lambda header: header["recipients"][0].update(key_id=TOKYO.key_id[::-1]),
        lambda header: header["recipients"].append(dict(header["recipients"][0])),
        lambda header: header["recipients"].clear(),
        lambda header: header.update(commitment="0" * 64),
        lambda header: header.update(chunk_size=2 * CHUNK),
        lambda header: header.update(chunk_size=CHUNK + 1),
        lambda header: header.update(chunk_size=1 << 40),
        lambda header: header.update(suite=2),
        lambda header: header.update(suite=True),
        lambda header: header.update(more=1),
        lambda header: header.pop("commitment"),
    ],
)
def test_every_change_of_the_header_is_refused(change: Callable[[dict[str, Any]], Any]) -> None:
    header, chunks = _parts(_seal(b"account")[0])
    change(header)
    _refusal(_whole(header, chunks))


def test_a_recipient_added_by_a_carrier_breaks_every_copy() -> None:
    header, chunks = _parts(_seal(b"account")[0])
    added, _ = _parts(_seal(b"account", _recipient(OTHER))[0])
    header["recipients"].append(added["recipients"][0])
    assert _refusal(_whole(header, chunks)).code == "envelope.chunk"


def test_another_spelling_of_the_header_is_refused() -> None:
    header, chunks = _parts(_seal(b"account")[0])
    spaced = json.dumps(header).encode("ascii")
    assert _refusal(_whole(spaced, chunks)).code == "canonical.not_canonical"


def test_a_flipped_bit_anywhere_is_refused() -> None:
    sealed, _ = _seal(b"account", _recipient(TOKYO_CURVE))
    for at in range(len(sealed)):
        _refusal(sealed[:at] + bytes([sealed[at] ^ 1 << at % 8]) + sealed[at + 1 :])


def test_one_envelope_cannot_hold_two_contents() -> None:
    """Two content keys under one commitment: refused by whoever got the uncommitted one."""
    honest, chunks = _parts(_seal(b"account")[0])
    other, _ = _rewrapped(honest, bytes(32))
    honest["recipients"] = other["recipients"]
    assert _refusal(_whole(honest, chunks)).code == "envelope.key"


@pytest.mark.parametrize("size", [0, (1 << 18) + 1, (1 << 32) - 1])
def test_a_header_of_no_or_enormous_length_is_refused(size: int) -> None:
    assert _refusal(MAGIC + size.to_bytes(4) + bytes(64)).code == "envelope.header"


@pytest.mark.parametrize(
    ("public", "recipients"),
    [
        ({"to": "Tokyo Prosecutor"}, None),
        ({"kind": "letter"}, None),
        ({"message_id": "12"}, None),
        ({"subject": "about somebody"}, None),
        ({"to": "osaka.example"}, None),
        ({}, []),
        ({}, [_recipient(TOKYO), _recipient(TOKYO_CURVE)]),
        ({}, [_recipient(TOKYO), _recipient(TOKYO)]),
    ],
)
def test_a_header_that_the_other_side_would_refuse_is_not_sealed(
    public: dict[str, str], recipients: list[Recipient] | None
) -> None:
    target = io.BytesIO()
    with pytest.raises(ValueError, match=r"envelope|suite"):
        seal_stream(
            io.BytesIO(b"account"),
            target,
            PUBLIC | public,
            [_recipient(TOKYO)] if recipients is None else recipients,
        )
    assert target.getvalue() == b""


def test_a_broken_key_of_the_partner_is_untrusted() -> None:
    with pytest.raises(Untrusted):
        _seal(b"account", Recipient("tokyo.example", 1, TOKYO.key_id, TOKYO.public[:-1]))


class _Endless(io.RawIOBase):
    """Zeros without the memory for them."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1) -> bytes:
        given = min(size, self._left)
        self._left -= given
        return bytes(given)


class _Relay(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def test_memory_stays_constant(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    tracemalloc.start()
    with path.open("wb") as target:
        source: Any = _Endless(64 << 20)
        seal_stream(source, target, PUBLIC, [_recipient(TOKYO)])
    with path.open("rb") as sealed:
        relay: Any = _Relay()
        opened = open_stream(sealed, relay, PRIVATE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert opened.digest.plain_size == 64 << 20
    assert peak < 8 << 20


RUBBISH = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(lambda data: MAGIC + data),
    st.binary(max_size=300).map(lambda data: MAGIC + len(data).to_bytes(4) + data),
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 1 << 50) | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["suite", "chunk_size", "commitment", "payload", "recipients", "to", "wrapped"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    ).map(lambda value: _whole(canonical.encode(value), [bytes(40)])),
)


@given(RUBBISH)
def test_rubbish_is_untrusted_and_nothing_else(rubbish: bytes) -> None:
    _refusal(rubbish)


GOOD_SEALED = _seal(bytes(CHUNK + 9), _recipient(TOKYO_CURVE))[0]


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_envelope_is_untrusted_and_nothing_else(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD_SEALED)))
    end = data.draw(st.integers(start, min(start + 40, len(GOOD_SEALED))))
    mutated = GOOD_SEALED[:start] + data.draw(st.binary(max_size=40)) + GOOD_SEALED[end:]
    if mutated == GOOD_SEALED:
        return
    _refusal(mutated)


def test_the_published_vectors_open() -> None:
    for vector in json.loads(VECTORS.read_text("ascii"))["opens"]:
        private = bytes.fromhex(vector["private_key"])
        key_id = keys.key_id_of(keys.public_of(private))
        assert key_id == vector["key_id"]
        plain, opened = _open(base64.b64decode(vector["sealed"]), keys={key_id: private})
        assert hashlib.sha256(plain).hexdigest() == vector["plain_sha256"]
        assert opened.public == vector["public"]
        content_key = bytes.fromhex(vector["content_key"])
        header = read_header(io.BytesIO(base64.b64decode(vector["sealed"])))
        assert _derivation(content_key)(b"commitment").hex() == header.commitment
        assert _derivation(content_key)(b"payload").hex() == vector["payload_key"]


def test_the_published_broken_vectors_are_refused() -> None:
    document = json.loads(VECTORS.read_text("ascii"))
    private = {one["key_id"]: bytes.fromhex(one["private_key"]) for one in document["opens"]}
    assert len(document["refused"]) >= 8
    for vector in document["refused"]:
        refusal = _refusal(base64.b64decode(vector["sealed"]), keys=private)
        assert refusal.code == vector["code"], vector["what"]


def _derivation(content_key: bytes) -> Callable[[bytes], bytes]:
    def derive(purpose: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=MAGIC + purpose).derive(
            content_key
        )

    return derive


def _rewrapped(
    header: dict[str, Any], content_key: bytes, key: keys.RecipientKey = TOKYO
) -> tuple[dict[str, Any], Callable[[bytes], bytes]]:
    """What a sender of bad will can do: choose the content key and wrap it correctly."""
    derive = _derivation(content_key)
    bound = {
        "chunk_size": header["chunk_size"],
        "key_id": key.key_id,
        "payload": header["payload"],
        "suite": 1,
        "to": "tokyo.example",
    }
    wrapped = keys.wrap(
        content_key,
        suite=keys.suite_of(key.private),
        public=key.public,
        info=MAGIC + canonical.encode(bound),
    )
    entry = {
        "key_id": key.key_id,
        "to": "tokyo.example",
        "wrapped": base64.b64encode(wrapped).decode("ascii"),
    }
    changed = header | {"commitment": derive(b"commitment").hex(), "recipients": [entry]}
    return changed, derive
