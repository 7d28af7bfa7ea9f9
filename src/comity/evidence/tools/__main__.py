"""Run one tool under limits: `python -m comity.evidence.tools NAME LIMITS ARGUMENTS…`."""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import sys

from comity.evidence.tools import Unfit

UNFIT_STATUS = 3
_LIMITS = {
    "cpu_seconds": resource.RLIMIT_CPU,
    "memory_bytes": resource.RLIMIT_AS,
    "file_bytes": resource.RLIMIT_FSIZE,
    "files": resource.RLIMIT_NOFILE,
    "core_bytes": resource.RLIMIT_CORE,
}


def main() -> int:
    """Set the limits, then read standard input with the named tool; nothing is read before."""
    name, limits, *arguments = sys.argv[1:]
    for key, most in json.loads(limits).items():
        resource.setrlimit(_LIMITS[key], (most, most))
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        return 2
    tool = importlib.import_module(f"comity.evidence.tools.{name}")
    try:
        with os.fdopen(0, "rb", closefd=False) as source, os.fdopen(1, "w+b", closefd=False) as out:
            tool.main(arguments, source, out)
    except Unfit as unfit:
        sys.stderr.write(unfit.code)
        return UNFIT_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main())
