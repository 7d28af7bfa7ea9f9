"""How to sign in to the demonstration: addresses, passwords, and the code of the moment."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from typing import TYPE_CHECKING

from comity.node.demo.cast import CAST

if TYPE_CHECKING:
    from comity.node.demo.command import Stage

STEP_SECONDS = 30


def code(secret: str, at: float) -> str:
    """The six digits of RFC 6238 (HMAC-SHA-1, 30 seconds) for a base32 secret at a Unix time."""
    counter = struct.pack(">Q", int(at) // STEP_SECONDS)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def table(stage: Stage) -> str:
    """What a stranger needs to look round: every officer of both nodes."""
    now = time.time()
    lines = [
        "",
        "The nodes stay up until Ctrl-C. The second step is the code shown here; it changes every 30 s:",
        "`.venv/bin/comity demo --codes` prints the present ones. Or add the secret to an authenticator app.",
    ]
    for place in stage.places:
        lines += ["", f"{place.names['en'].splitlines()[0]}: {place.pages_url}"]
        for part in CAST[place.state]:
            secret = part.totp_secret(place.node_id)
            lines.append(
                f"  {part.address(place.node_id):42} {part.password:34} {code(secret, now)}  {secret}"
            )
    return "\n".join(lines)
