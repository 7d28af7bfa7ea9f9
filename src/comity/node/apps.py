"""The node app."""

from django.apps import AppConfig


class NodeConfig(AppConfig):
    name = "comity.node"
    label = "node"
    default_auto_field = "django.db.models.BigAutoField"
