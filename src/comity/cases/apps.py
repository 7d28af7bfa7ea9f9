"""The cases app."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "comity.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"
