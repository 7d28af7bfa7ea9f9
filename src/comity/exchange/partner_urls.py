"""Addresses that a partner's node calls."""

from django.urls import path, re_path

from comity.exchange import partner_views

urlpatterns = [
    path(".well-known/comity", partner_views.descriptor),
    path("x/1/messages/<uuid:message_id>", partner_views.message),
    re_path(r"^x/1/blobs/(?P<sealed_sha256>[0-9a-f]{64})$", partner_views.blob),
    path("x/1/receipts", partner_views.receipts),
    path("x/1/ping", partner_views.ping),
    path("x/1/witness", partner_views.witness),
    re_path(r"^", partner_views.unknown),
]
