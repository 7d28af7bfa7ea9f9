"""Addresses of the assistance pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
