"""Addresses of the coordination pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
