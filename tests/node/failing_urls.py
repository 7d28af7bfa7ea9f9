"""A node's pages, and one whose fault names a person."""

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from comity.node import urls

NAMED = "Halyna Petrenchuk"


def failing(request: HttpRequest) -> HttpResponse:
    try:
        raise ValueError(NAMED)
    except ValueError as cause:
        detail = f"duplicate key\nDETAIL:  Key (name)=({NAMED}) already exists."
        raise IntegrityError(detail) from cause


urlpatterns = [path("failing", failing), *urls.urlpatterns]
handler400, handler500 = urls.handler400, urls.handler500
