"""The one page of the frame itself: a blank screen."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET


@require_GET
def blank(request: HttpRequest) -> HttpResponse:
    """Show nothing that tells what this computer is for (the blank-screen link without scripts)."""
    return render(request, "ui/blank.html")
