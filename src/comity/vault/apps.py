"""The vault app."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "comity.vault"
    label = "vault"
    default_auto_field = "django.db.models.BigAutoField"
