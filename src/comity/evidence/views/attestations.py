"""Reading, on request, what others attached about an item's origin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts.models import fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions
from comity.evidence.models import Attestation, Item
from comity.evidence.rules import plain_line
from comity.evidence.rules.tools import Attested, Reader, readers_for
from comity.ui.labels import label


@login_required
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Read with every reader that fits."""
    actor = officer_of(request)
    require(actor, Act.OPEN_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    try:
        kept = actions.read_attestations(actor, found)
    except (Refused, Untrusted) as doubt:
        messages.error(request, label(doubt))
        return redirect("item", pk=pk)
    if not kept:
        messages.success(request, _("Nothing about its origin is attached that is read here."))
    return redirect(reverse("item", args=[pk]) + "#origin")


def attested(found: Item) -> dict[str, Any] | None:
    """What the item's page shows; None where no reader fits."""
    if not readers_for(found.media_type_sniffed):
        return None
    return {"rows": [_row(each) for each in found.attestations.all()]}


def _row(row: Attestation) -> dict[str, Any]:
    return {
        "reader": label(Reader(row.reader)),
        "verdict": label(Attested(row.verdict)),
        "tool": row.tool,
        "read_at": row.read_at,
        "said": list(_said(row.facts)),
    }


def _said(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What the outsider stated: a few names and values, as text."""
    named = (
        ("signer", _("Signer, as the certificate names it")),
        ("issuer", _("Issuer of the certificate")),
        ("signed_at", _("Signed at, as stated")),
        ("generator", _("Made with")),
        ("actions", _("What was done, as stated")),
        ("failures", _("What does not hold")),
        ("key", _("Key")),
        ("items", _("Items whose hash it states")),
        ("algorithms", _("Algorithms")),
        ("signers", _("Signer, as the certificate names it")),
        ("sidecar_signer", _("Signer, as the validator says")),
        ("sidecar_result", _("Result of the validator")),
    )
    facts = facts | {"failures": [label(code, "C2pa") for code in facts.get("failures", [])]}
    said = [(words, _text(facts[name])) for name, words in named if facts.get(name)]
    return said + [(_text(name), _text(value)) for name, value in facts.get("pairs", [])]


def _text(value: Any) -> str:
    """A stranger's words as one line that is what it looks like."""
    parts = value if isinstance(value, list) else [value]
    return ", ".join(plain_line(str(each)) for each in parts)
