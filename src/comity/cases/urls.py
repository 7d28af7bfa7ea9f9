"""Addresses of the cases pages."""

from django.urls import path

from comity.cases import views

urlpatterns = [
    path("", views.cases, name="cases"),
    path("new/", views.case_new, name="case_new"),
    path("<int:pk>/", views.case, name="case"),
    path("<int:pk>/exhibits/", views.file_exhibit, name="file_exhibit"),
    path("<int:pk>/incidents/new/", views.incident_new, name="incident_new"),
    path("incidents/<int:pk>/", views.incident, name="incident"),
    path("incidents/<int:pk>/items/", views.incident_items, name="incident_items"),
    path("incidents/<int:pk>/people/", views.incident_person, name="incident_person"),
    path("incidents/<int:pk>/charges/new/", views.charge_new, name="charge_new"),
    path("charges/<int:pk>/decide/", views.charge_decide, name="charge_decide"),
    path("charges/<int:pk>/elements/<str:element>/", views.element, name="element"),
]
