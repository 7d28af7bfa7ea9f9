"""Bytes that are made in pieces and kept small."""

from __future__ import annotations

import hashlib
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.parts import Kept


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=20), st.integers(0, 400_000))
def test_what_is_kept_comes_back_and_is_measured(pieces: list[bytes], much: int) -> None:
    kept = Kept()
    for piece in [*pieces, b"a" * much, *pieces]:
        kept.add(piece)
    kept.close()
    whole = b"".join(pieces) + b"a" * much + b"".join(pieces)
    for _ in range(2):
        with kept() as stream:
            assert stream.read() == whole
    assert (kept.size, kept.crc32) == (len(whole), zlib.crc32(whole))
    assert kept.sha256 == hashlib.sha256(whole).digest()
