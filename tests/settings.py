"""The node's settings with a throw-away folder; only what tests must change."""

import os
import tempfile
from pathlib import Path

HOME = Path(os.environ.setdefault("COMITY_HOME", tempfile.mkdtemp(prefix="comity-test-")))
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
