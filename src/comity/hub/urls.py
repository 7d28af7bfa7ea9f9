"""Addresses of the hub pages."""

from django.urls import path

from comity.hub.views import accounts, consent, people

urlpatterns = [
    path("", people.people, name="people"),
    path("new/", people.person_new, name="person_new"),
    path("<int:pk>/", people.person, name="person"),
    path("<int:pk>/consent/", consent.person_consent, name="person_consent"),
    path(
        "<int:pk>/consent/<int:grant>/withdraw/", consent.consent_withdraw, name="consent_withdraw"
    ),
    path("<int:pk>/consent-sheet/<slug:language>.pdf", consent.consent_sheet, name="consent_sheet"),
    path("<int:pk>/accounts/new/", accounts.account_new, name="account_new"),
    path("<int:pk>/items/<int:item>/share/", accounts.item_share, name="item_share"),
]
