"""Addresses of the administration pages."""

from django.urls import path

from comity.accounts import views

urlpatterns = [
    path("", views.officers, name="officers"),
    path("new/", views.add_officer, name="add_officer"),
    path("officers/<int:pk>/", views.officer, name="officer"),
    path("officers/<int:pk>/deactivate/", views.deactivate, name="deactivate_officer"),
    path("officers/<int:pk>/new-way-in/", views.new_way_in, name="new_way_in"),
    path("proposals/<int:pk>/", views.proposal, name="officer_proposal"),
    path("proposals/<int:pk>/confirm/", views.confirm, name="confirm_proposal"),
    path("proposals/<int:pk>/reject/", views.reject, name="reject_proposal"),
    path("team/<slug:kind>/<uuid:record>/", views.team, name="team"),
    path("emergency/<int:pk>/", views.review, name="break_glass_review"),
]
