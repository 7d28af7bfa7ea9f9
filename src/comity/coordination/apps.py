"""The coordination app."""

from django.apps import AppConfig


class CoordinationConfig(AppConfig):
    name = "comity.coordination"
    label = "coordination"
    default_auto_field = "django.db.models.BigAutoField"
