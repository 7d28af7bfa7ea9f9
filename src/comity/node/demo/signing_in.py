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
        "The nodes stay up until Ctrl-C. Sign in with address, password and the present code;",
        "codes change every 30 s: press Enter to print them again, or add the secret to an app.",
    ]
    for place in stage.places:
        lines += ["", f"{place.names['en']}: {place.pages_url}"]
        for part in CAST[place.state]:
            secret = part.totp_secret(place.node_id)
            lines.append(
                f"  {part.address(place.node_id):41} {part.password:33} "
                f"{code(secret, now)}  {secret}"
            )
    return "\n".join(lines)
