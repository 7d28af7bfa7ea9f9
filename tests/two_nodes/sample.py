"""Bytes that both sides of a test can make."""

import hashlib


def bytes_of(number: int, size: int) -> bytes:
    """The bytes of attachment `number` of this size."""
    seed = hashlib.sha256(f"{number}:{size}".encode()).digest()
    return (seed * (size // 32 + 1))[:size]
