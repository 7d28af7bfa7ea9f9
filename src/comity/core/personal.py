"""Personal fields at rest: sealed under a key of the person's own, found again by keyed digests.

The person's key is wrapped by the node's person root; destroying the wrapped key erases the fields.
Names are searched by digests of folded words, so the database holds no readable name.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from comity.core import canonical, vaultfile
from comity.core.errors import Untrusted

KEY_BYTES = 32
NONCE_BYTES = 12
DIGEST_BYTES = 16
_APOSTROPHES = re.compile("['’ʼ`´]")
_NOT_WORD = re.compile(r"[^\w]+", re.UNICODE)


def _derive(root: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(hashes.SHA256(), KEY_BYTES, b"comity/person/1/" + purpose).derive(root)


def new_key(root: bytes, person: str) -> bytes:
    """Return a fresh key for one person, wrapped under the root. person: their uid."""
    return vaultfile.wrap_key(_derive(root, b"wrap"), vaultfile.new_key(), _context(person))


def _context(person: str) -> bytes:
    return b"comity/person/1/" + person.encode("ascii")


def _unwrap(root: bytes, wrapped: bytes, person: str) -> bytes:
    return vaultfile.unwrap_key(_derive(root, b"wrap"), wrapped, _context(person))


def seal(root: bytes, wrapped: bytes, person: str, fields: dict[str, str]) -> bytes:
    """Seal fields (name → text) under the person's key.

    Raises Untrusted("vaultfile.key_not_unwrapped") for a key of another person or another root.
    """
    nonce = os.urandom(NONCE_BYTES)
    key = _unwrap(root, wrapped, person)
    return nonce + AESGCM(key).encrypt(nonce, canonical.encode(fields), person.encode("ascii"))


def open_fields(root: bytes, wrapped: bytes, person: str, sealed: bytes) -> dict[str, str]:
    """Return the sealed fields. Raises Untrusted when key, person or bytes do not fit."""
    key = _unwrap(root, wrapped, person)
    try:
        plain = AESGCM(key).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], person.encode("ascii")
        )
    except (InvalidTag, ValueError) as broken:
        raise Untrusted("person.fields_do_not_open") from broken
    fields = canonical.decode(plain)
    if not isinstance(fields, dict):
        raise Untrusted("person.fields_do_not_open")
    return {str(name): str(value) for name, value in fields.items()}


def folded_words(text: str) -> list[str]:
    """Return the words of a name as they are compared: NFKC, no case, no apostrophes, ґ as г."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text)).casefold().replace("ґ", "г")
    return [word for word in _NOT_WORD.split(plain) if word]


def search_digests(root: bytes, text: str) -> list[bytes]:
    """Return one keyed digest (16 bytes) for each word of a name or number, in order."""
    key = _derive(root, b"search")
    return [
        hmac.new(key, word.encode("utf-8"), hashlib.sha256).digest()[:DIGEST_BYTES]
        for word in folded_words(text)
    ]
