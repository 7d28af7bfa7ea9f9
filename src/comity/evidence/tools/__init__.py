"""Programs that touch media of strangers: plain Python on one file, in a process of its own.

No Django here, no database, no key, no network.
"""

from __future__ import annotations


class Unfit(Exception):
    """The input cannot be worked on as asked; the code is one of `untrusted.CODES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
