"""The node's own keys as files in one folder: made once, read by whoever seals, signs or unwraps.

Layout, all files mode 0600:
`seal.key`, `seal.pem`              ECDSA P-256: CAdES seals and receipts
`ca.key`, `ca.pem`                  the node's own authority
`tls.key`, `tls.pem`                server of the exchange
`tls-client.key`, `tls-client.pem`  our calls to partners
`ledger.key`, `http.key`            Ed25519 seeds: note signer, RFC 9421 signer
`vault-root.key`                    32 bytes, wraps every object key
`person-root.key`                   32 bytes, wraps every person's key
`kem/<key_id>.{key,json}`           HPKE keys, old ones kept for what was sealed to them
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from comity.core import certificates, notes
from comity.core.sealing import keys as hpke_keys

DEFAULT_SUITE = 1


@dataclass(frozen=True)
class Keyring:
    """Reads the keys in `folder` when they are first asked for."""

    folder: Path

    def read(self, name: str) -> bytes:
        """Return the bytes of one key file."""
        return (self.folder / name).read_bytes()

    @cached_property
    def seal_key_pem(self) -> bytes:
        """PKCS#8 PEM of the ECDSA P-256 seal key."""
        return self.read("seal.key")

    @cached_property
    def seal_key(self) -> ec.EllipticCurvePrivateKey:
        """The seal key, loaded."""
        key = load_pem_private_key(self.seal_key_pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("seal.key is not an elliptic-curve key")
        return key

    @cached_property
    def seal_certificate_pem(self) -> bytes:
        """PEM of the seal certificate."""
        return self.read("seal.pem")

    def ledger_signer(self, origin: str) -> notes.Signer:
        """The note signer of the ledger's checkpoints, under the ledger's name."""
        return notes.Signer(origin, self.read("ledger.key"))

    @cached_property
    def http_key(self) -> Ed25519PrivateKey:
        """The signer of calls to partners."""
        return Ed25519PrivateKey.from_private_bytes(self.read("http.key"))

    @cached_property
    def vault_root(self) -> bytes:
        """32 bytes that wrap every object key."""
        return self.read("vault-root.key")

    @cached_property
    def person_root(self) -> bytes:
        """32 bytes that wrap the personal fields of the hub."""
        return self.read("person-root.key")

    def kem_private(self) -> dict[str, bytes]:
        """Return every HPKE private key by key id, old ones too."""
        return {path.stem: path.read_bytes() for path in (self.folder / "kem").glob("*.key")}

    def kem_public(self) -> list[dict[str, object]]:
        """Return [{key_id, suite, public (base64)}], for the descriptor."""
        return [
            json.loads(path.read_text("utf-8"))
            for path in sorted((self.folder / "kem").glob("*.json"))
        ]


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def create(folder: Path, *, node_id: str, hosts: list[str], now: datetime) -> Keyring:
    """Make every key of a new node in `folder`, which must not hold keys yet.

    hosts: DNS names and addresses of the exchange listener.
    Raises FileExistsError rather than overwrite a key.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "kem").mkdir(exist_ok=True, mode=0o700)
    authority = certificates.make_ca(f"{node_id} authority", now, 3650)
    seal = certificates.make_certificate(authority, node_id, "seal", [], now, 1095)
    server = certificates.make_certificate(authority, node_id, "tls_server", hosts, now, 825)
    client = certificates.make_certificate(authority, node_id, "tls_client", [], now, 825)
    private, public, key_id = hpke_keys.generate(DEFAULT_SUITE)
    described = {
        "key_id": key_id,
        "suite": DEFAULT_SUITE,
        "public": base64.b64encode(public).decode("ascii"),
    }
    for name, data in {
        "ca.key": authority.key_pem,
        "ca.pem": authority.certificate_pem,
        "seal.key": seal.key_pem,
        "seal.pem": seal.certificate_pem,
        "tls.key": server.key_pem,
        "tls.pem": server.certificate_pem,
        "tls-client.key": client.key_pem,
        "tls-client.pem": client.certificate_pem,
        "ledger.key": os.urandom(32),
        "http.key": os.urandom(32),
        "vault-root.key": os.urandom(32),
        "person-root.key": os.urandom(32),
        f"kem/{key_id}.key": private,
        f"kem/{key_id}.json": json.dumps(described).encode("ascii"),
    }.items():
        _write(folder / name, data)
    return Keyring(folder)
