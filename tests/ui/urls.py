"""A node of which only the frame exists: gallery, a form, sign-in, error pages."""

from django.core.exceptions import PermissionDenied
from django.urls import include, path

from tests.ui import views


def forbidden(request):
    raise PermissionDenied


def broken(request):
    raise RuntimeError("on purpose")


urlpatterns = [
    path("", views.gallery, name="today"),
    path("people/", views.person, name="people"),
    path("form/", views.form, name="cases"),
    path("letters/", views.gallery, name="letters"),
    path("letters/find/", views.gallery, name="search"),
    path("entries/", views.gallery, name="own_entries"),
    path("verify/", views.gallery, name="verify_package"),
    path("forbidden/", forbidden),
    path("broken/", broken),
    path("", include("comity.ui.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("account/", include("allauth.urls")),
    path("invitation/", views.gallery, name="invitation"),
]
