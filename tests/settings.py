"""The node's settings with a throw-away folder; only what tests must change."""

import os
import tempfile
from pathlib import Path

# A folder for each worker of pytest-xdist; what a test starts works in the folder of its worker.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if not os.environ.get("COMITY_HOME", "").endswith(f"-{WORKER}"):
    os.environ["COMITY_HOME"] = tempfile.mkdtemp(prefix="comity-test-", suffix=f"-{WORKER}")
HOME = Path(os.environ["COMITY_HOME"])
(HOME / "static").mkdir(parents=True, exist_ok=True)
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("COMITY_NODE_ID", "kyiv.test.comity.example")
os.environ.setdefault("COMITY_HASHED_STATIC", "0")
os.environ.setdefault("COMITY_TIME_ZONE", "Europe/Kyiv")

from comity.node.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
COMITY_RESERVED_DISK_BYTES = 1024 * 1024
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.sqlite3")}  # noqa: F405
