"""Programs that touch media of strangers; each runs in a process of its own: see `untrusted.run`.

No Django here, no database, no network and no files but standard input and output.
"""

from __future__ import annotations


class Unfit(Exception):
    """The input cannot be worked on as asked; the code is one of `untrusted.CODES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
