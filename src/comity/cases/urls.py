"""Addresses of the cases pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
