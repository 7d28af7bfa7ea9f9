"""The screening app."""

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    name = "comity.screening"
    label = "screening"
    default_auto_field = "django.db.models.BigAutoField"
