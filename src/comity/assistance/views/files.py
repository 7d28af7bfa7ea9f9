"""Documents and papers of a letter as files."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest

from comity.accounts import actions as accounts
from comity.accounts.models import fetch, officer_of
from comity.assistance.views.shared import letter_of
from comity.vault import actions as vault
from comity.vault.models import StoredFile

_ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/plain": "txt",
}


@login_required
def document(request: HttpRequest, pk: int, document: int) -> FileResponse:
    """A printed document, as signed or as received."""
    letter = letter_of(request, pk)
    found = fetch(letter.documents.select_related("stored_file"), pk=document)
    accounts.record_look(officer_of(request), letter.subject, part=f"document.{found.kind}")
    name = f"{letter.number}-{found.kind}-{found.language}.pdf"
    return _file(request, found.stored_file, name, "application/pdf")


@login_required
def paper(request: HttpRequest, pk: int, paper: int) -> FileResponse:
    """A paper that goes or came with the letter."""
    letter = letter_of(request, pk)
    found = fetch(letter.papers.select_related("stored_file"), pk=paper)
    accounts.record_look(officer_of(request), letter.subject, part="paper")
    known = found.media_type in _ENDINGS
    ending = _ENDINGS.get(found.media_type, "bin")
    media_type = found.media_type if known else "application/octet-stream"
    return _file(
        request, found.stored_file, f"{letter.number}-paper-{found.pk}.{ending}", media_type
    )


def _file(request: HttpRequest, stored: StoredFile, name: str, media_type: str) -> FileResponse:
    file = vault.open_file(officer_of(request), stored)
    response = FileResponse(file, as_attachment=True, filename=name, content_type=media_type)
    response["Content-Length"] = str(stored.size)
    response["X-Content-Type-Options"] = "nosniff"
    return response
