"""Addresses of the screening pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
