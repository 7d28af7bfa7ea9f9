"""Words of tus 1.0.0, the resumable upload protocol (https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from comity.core.errors import Refused

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
# The protocol asks every server for sha1; it guards a piece on its way, not an item.
ALGORITHMS = ("sha256", "sha1")
OFFSET_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460  # the status that the protocol made up
METADATA_AT_MOST = 4096
_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[!-+\--~]+")  # ASCII without space and comma


class Hash(Protocol):
    """What is needed of a hash that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """Return the hash of what was taken."""


@dataclass(frozen=True)
class Checksum:
    """What a client says that one piece hashes to."""

    algorithm: str
    digest: bytes

    def new(self) -> Hash:
        """Begin the hash."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def number(text: str) -> int | None:
    """Return a number of bytes as a header gives it; None if it is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


def checksum(header: str) -> Checksum | None:
    """Read Upload-Checksum; None if the header is empty. Raises Refused("tus.checksum_unread")."""
    if not header:
        return None
    algorithm, _space, encoded = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise Refused("tus.checksum_unread")
    digest = _decoded(encoded)
    if digest is None or len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise Refused("tus.checksum_unread")
    return Checksum(algorithm, digest)


def metadata(header: str) -> Mapping[str, str]:
    """Read Upload-Metadata: keys, and values that are text. Raises Refused("tus.metadata_unread").

    What is not UTF-8 keeps its bytes (surrogateescape), as a file's name may need it.
    """
    found: dict[str, str] = {}
    if len(header) > METADATA_AT_MOST:
        raise Refused("tus.metadata_unread")
    for pair in filter(None, (each.strip() for each in header.split(","))):
        key, _space, encoded = pair.partition(" ")
        value = _decoded(encoded)
        if value is None or key in found or not _KEY.fullmatch(key):
            raise Refused("tus.metadata_unread")
        found[key] = value.decode("utf-8", "surrogateescape")
    return found


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
