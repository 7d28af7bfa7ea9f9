"""The settings of the two live nodes: real ones, but a second factor grows stale within a story."""

from comity.node.settings import *  # noqa: F403

ACCOUNT_REAUTHENTICATION_TIMEOUT = 20
