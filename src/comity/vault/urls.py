"""Addresses of the vault pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
