"""Addresses that a partner's node calls."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
