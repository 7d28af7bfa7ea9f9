"""Addresses of the ledger's pages."""

from django.urls import path

from comity.ledger import views

urlpatterns = [
    path("", views.entries, name="ledger"),
    path("mine/", views.own_entries, name="own_entries"),
    path("<int:number>/", views.entry, name="ledger_entry"),
    path("<int:number>/proof", views.proof, name="ledger_proof"),
    path("<int:number>/body", views.body, name="ledger_body"),
    path("epoch/", views.epoch, name="ledger_epoch"),
    path("growth", views.growth, name="ledger_growth"),
    path("checkpoints/<int:size>", views.checkpoint_note, name="ledger_checkpoint"),
    path("checkpoints/<int:size>/time", views.time_token, name="ledger_time_token"),
]
