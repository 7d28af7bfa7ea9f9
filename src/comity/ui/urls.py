"""URLs of the frame."""

from django.urls import path

from comity.ui import views

urlpatterns = [path("blank/", views.blank, name="blank")]
