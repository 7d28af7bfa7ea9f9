"""Addresses of the exchange pages."""

from django.urls import path

from comity.exchange import views

urlpatterns = [
    path("", views.exchange, name="exchange"),
    path("partners/new/", views.propose, name="propose_partner"),
    path("partners/<int:pk>/", views.partner, name="partner"),
    path("partners/<int:pk>/revoke/", views.revoke, name="revoke_partner"),
    path("partners/<int:pk>/test/", views.test_connection, name="test_connection"),
    path("partners/<int:pk>/descriptor", views.partner_descriptor_file, name="partner_descriptor"),
    path("sent/", views.outgoing, name="outgoing"),
    path("sent/<int:pk>/", views.outgoing_message, name="outgoing_message"),
    path("sent/<int:pk>/again/", views.resend, name="resend_message"),
    path("received/", views.incoming, name="incoming"),
    path("received/<int:pk>/", views.incoming_message, name="incoming_message"),
    path("receipts/<int:pk>", views.receipt, name="receipt"),
    path("refused/", views.rejections, name="rejections"),
    path("this-node/", views.own_descriptor, name="own_descriptor"),
    path("this-node/descriptor", views.own_descriptor_file, name="own_descriptor_file"),
    path("this-node/seal", views.own_seal_certificate, name="own_seal_certificate"),
]
