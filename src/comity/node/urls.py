"""Every page of a node."""

from django.urls import include, path, re_path

from comity.accounts import step_up
from comity.accounts import views as accounts
from comity.node import emergency, search, views

urlpatterns = [
    path("", views.today, name="today"),
    path("search/", search.search, name="search"),
    path("emergency/", emergency.emergency, name="emergency"),
    path("invitation/", accounts.invitation, name="invitation"),
    path("healthz", views.health, name="health"),
    path("", include("comity.ui.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    # No mail leaves a node, so nothing is reset or confirmed by mail.
    re_path(r"^account/(password/reset|email|confirm-email)", views.not_found),
    path("account/reauthenticate/again/", step_up.confirm_again, name="confirm_again"),
    path("account/", include("allauth.urls")),
    path("people/", include("comity.hub.urls")),
    path("cases/", include("comity.cases.urls")),
    path("evidence/", include("comity.evidence.urls")),
    path("letters/", include("comity.assistance.urls")),
    path("exchange/", include("comity.exchange.urls")),
    path("ledger/", include("comity.ledger.urls")),
    path("administration/", include("comity.accounts.urls")),
]

handler400 = "comity.node.views.not_understood"
handler403 = "comity.node.views.forbidden"
handler404 = "comity.node.views.not_found"
handler500 = "comity.node.views.broken"
