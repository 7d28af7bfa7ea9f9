"""What a partner's node can call; served by the exchange listener only."""

from django.urls import include, path

urlpatterns = [path("", include("comity.exchange.partner_urls"))]

handler400 = "comity.node.views.not_understood_by_partners"
