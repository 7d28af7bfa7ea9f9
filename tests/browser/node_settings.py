"""The settings of the two live nodes: real ones, but a second factor grows stale within a story,
and passwords are hashed quickly."""

from comity.node.settings import *  # noqa: F403

ACCOUNT_REAUTHENTICATION_TIMEOUT = 20
# Thirteen officers come in through real doors; a costly hash would only make them wait.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
