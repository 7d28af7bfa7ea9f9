"""The settings of a live test node: one more message type, whose handler lives in the tests."""

from comity.node.settings import *  # noqa: F403
from comity.node.settings import INSTALLED_APPS as APPS
from comity.node.settings import MESSAGE_HANDLERS as HANDLERS

INSTALLED_APPS = [*APPS, "tests.two_nodes.notes"]
MESSAGE_HANDLERS = {**HANDLERS, "note/1": "tests.two_nodes.notes.handling.receive_note"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
COMITY_EXCHANGE_LEASE_SECONDS = 3
COMITY_RESERVED_DISK_BYTES = 1024 * 1024

if COMITY_LISTENER == "exchange":  # noqa: F405 - partners' nodes do not sign in
    INSTALLED_APPS = [name for name in INSTALLED_APPS if not name.startswith("allauth")]
