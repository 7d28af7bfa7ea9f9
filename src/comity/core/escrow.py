"""Root keys in the hands of several officers: an age file, its identity split by SLIP-39.

The bundle is an ordinary age file (C2SP `age.md`) of JSON; its identity is 32 random bytes, split
into word lists of which some, but not fewer, give it back. `age` and SLIP-39 tools open it too.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from comity.core.errors import Untrusted

SECRET_SIZE = 32
MOST_SHARES = 16
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_PREFIX = "age-secret-key-"


def new_secret() -> bytes:
    """Return a fresh secret, for one bundle."""
    return secrets.token_bytes(SECRET_SIZE)


def identity(secret: bytes) -> str:
    """Return the secret as an age identity, `AGE-SECRET-KEY-1…` (Bech32, BIP 173)."""
    if len(secret) != SECRET_SIZE:
        raise ValueError("a secret has 32 bytes")
    bits = int.from_bytes(secret, "big") << 4  # 256 bits fill 52 digits of five bits, less four
    digits = [bits >> shift & 31 for shift in range(255, -1, -5)]
    prefix = [ord(sign) >> 5 for sign in _PREFIX] + [0] + [ord(sign) & 31 for sign in _PREFIX]
    check = _polymod([*prefix, *digits, 0, 0, 0, 0, 0, 0]) ^ 1
    digits += [check >> shift & 31 for shift in range(25, -1, -5)]
    return (_PREFIX + "1" + "".join(_ALPHABET[digit] for digit in digits)).upper()


def _polymod(values: Sequence[int]) -> int:
    generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(generators):
            check ^= generator if top >> place & 1 else 0
    return check


def split(secret: bytes, *, needed: int, shares: int) -> list[str]:
    """Return one word list for each officer; any `needed` of them give the secret back.

    Raises ValueError unless 2 <= needed <= shares <= 16: one officer alone must never do.
    """
    if not 2 <= needed <= shares <= MOST_SHARES:
        raise ValueError("2 <= needed <= shares <= 16")
    from shamir_mnemonic import generate_mnemonics  # needed on one day in years

    lists: list[str] = generate_mnemonics(1, [(needed, shares)], secret)[0]
    return lists


def combine(lists: Sequence[str]) -> bytes:
    """Return the secret. Raises Untrusted("escrow.shares_do_not_fit")."""
    from shamir_mnemonic import MnemonicError, combine_mnemonics

    try:
        secret: bytes = combine_mnemonics([" ".join(each.lower().split()) for each in lists])
    except (MnemonicError, ValueError) as failure:
        raise Untrusted("escrow.shares_do_not_fit") from failure
    return secret


def seal(keys: Mapping[str, bytes], secret: bytes) -> bytes:
    """Return the bundle: keys by name, readable with the secret only."""
    import pyrage

    stated = json.dumps({name: key.hex() for name, key in sorted(keys.items())}).encode()
    recipient = pyrage.x25519.Identity.from_str(identity(secret)).to_public()
    return bytes(pyrage.encrypt(stated, [recipient]))


def unseal(bundle: bytes, secret: bytes) -> dict[str, bytes]:
    """Return the keys of a bundle by name. Raises Untrusted("escrow.bundle_not_opened")."""
    import pyrage

    try:
        opened = pyrage.decrypt(bundle, [pyrage.x25519.Identity.from_str(identity(secret))])
        return {str(name): bytes.fromhex(key) for name, key in json.loads(opened).items()}
    except (pyrage.DecryptError, ValueError, AttributeError, TypeError) as failure:
        raise Untrusted("escrow.bundle_not_opened") from failure
