"""The hub app."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "comity.hub"
    label = "hub"
    default_auto_field = "django.db.models.BigAutoField"
