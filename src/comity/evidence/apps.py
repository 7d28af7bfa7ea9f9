"""The evidence app."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "comity.evidence"
    label = "evidence"
    default_auto_field = "django.db.models.BigAutoField"
