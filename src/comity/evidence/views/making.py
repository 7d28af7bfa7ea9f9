"""Copies with something left out, and excerpts: marked by an officer who has opened the item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions, media, serving
from comity.evidence.forms.making import ROW_FORMS, MadeForm, PagesExcerptForm, StretchExcerptForm
from comity.evidence.models import Item
from comity.evidence.rules import TITLE_AT_MOST
from comity.evidence.rules.tools import Worked, worked_as
from comity.ui.labels import label

EXTRA_ROWS = 4
MOST_ROWS = 500


@login_required
def redact(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark what a copy leaves out, each with its reason, and make the copy."""
    actor, found, kind = _found(request, pk, tuple(ROW_FORMS))
    if not serving.is_open(request, found):
        return redirect("item_open", pk=pk)
    form = MadeForm(request.POST or None, scopes=actions.scopes_of(found), initial=_initial(found))
    rows = _rows(request, kind)
    wants_more = bool({"more", "go"} & set(request.POST))
    if request.POST and not wants_more and form.is_valid() and rows.is_valid():
        marks = [row.mark() for row in rows if row.has_changed()]
        fields = form.cleaned_data
        made = _made(form, lambda: actions.redact(actor, found, marks, **fields))
        if made is not None:
            messages.success(request, _("The copy is in the vault; the original is unchanged."))
            return redirect("item", pk=made.pk)
    actions.record_look(actor, found, part="item")
    shown = {
        "rows": rows,
        "kind": kind.value,
        "page_number": _page_number(request),
        "picture": _picture(request, found, kind),
    }
    wrong = bool(request.POST) and not wants_more
    return _page(request, found, "evidence/redact.html", form, _("Make a redacted copy"), shown,
                 wrong=wrong)  # fmt: skip


@login_required
def excerpt(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a stretch of time or pages, and make an excerpt of it."""
    actor, found, kind = _found(request, pk, (Worked.MEDIA, Worked.PDF))
    kinds = {Worked.MEDIA: StretchExcerptForm, Worked.PDF: PagesExcerptForm}
    form = kinds[kind](
        request.POST or None, scopes=actions.scopes_of(found), initial=_initial(found)
    )
    if form.is_valid():
        fields = form.cleaned_data
        made = _made(form, lambda: actions.excerpt(actor, found, **fields))
        if made is not None:
            messages.success(request, _("The excerpt is in the vault; the original is unchanged."))
            return redirect("item", pk=made.pk)
    actions.record_look(actor, found, part="item")
    return _page(request, found, "evidence/excerpt.html", form, _("Make an excerpt"), {},
                 wrong=bool(request.POST))  # fmt: skip


@login_required
@require_safe
def page(request: HttpRequest, pk: int, page: int) -> HttpResponse:
    """A page of an opened item as a picture."""
    actor, found, _kind = _found(request, pk, (Worked.PDF, Worked.IMAGE))
    if not serving.is_open(request, found):
        return redirect("item_open", pk=pk)
    try:
        drawn = actions.page_picture(actor, found, page)
    except (Refused, Untrusted) as doubt:
        raise Http404 from doubt
    answer = HttpResponse(drawn, content_type="image/png")
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _found(
    request: HttpRequest, pk: int, kinds: tuple[Worked, ...]
) -> tuple[Officer, Item, Worked]:
    actor = officer_of(request)
    require(actor, Act.ADD_ITEM)
    require(actor, Act.OPEN_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    kind = worked_as(found.media_type_sniffed)
    if kind not in kinds:
        raise Http404
    return actor, found, kind


def _initial(found: Item) -> dict[str, str]:
    return {"title": found.title[:TITLE_AT_MOST]}


def _made(form: MadeForm, make: Callable[[], Item]) -> Item | None:
    try:
        return make()
    except (Refused, Untrusted) as doubt:
        form.add_error(None, label(doubt))
        return None


def _rows(request: HttpRequest, kind: Worked) -> Any:
    """The rows as typed, with some more where the officer asked for them."""
    rows = forms.formset_factory(
        ROW_FORMS[kind], extra=EXTRA_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS
    )
    if not request.POST:
        shown = {"shown_page": _page_number(request)} if kind in {Worked.IMAGE, Worked.PDF} else {}
        return rows(form_kwargs=shown)
    sent = request.POST.copy()
    count = sent.get("form-TOTAL_FORMS", "")
    if "more" in sent and count.isascii() and count.isdigit() and len(count) < 5:
        sent["form-TOTAL_FORMS"] = str(min(MOST_ROWS, int(count) + EXTRA_ROWS))
    return rows(sent)


def _page_number(request: HttpRequest) -> int:
    asked = request.POST.get("go") or request.POST.get("shown") or request.GET.get("page") or "1"
    return int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked) < 10_000 else 1


def _picture(request: HttpRequest, found: Item, kind: Worked) -> str:
    if kind is Worked.IMAGE and media.shown_as(found.media_type_sniffed):
        return reverse("item_show", args=[found.pk])
    if kind in {Worked.IMAGE, Worked.PDF}:
        return reverse("item_drawn", args=[found.pk, _page_number(request)])
    return ""


def _page(
    request: HttpRequest,
    found: Item,
    template: str,
    form: MadeForm,
    title: str,
    more: dict[str, Any],
    *,
    wrong: bool,
) -> HttpResponse:
    shown = {
        "item": found,
        "form": form,
        "title": title,
        "kind_shown": media.shown_as(found.media_type_sniffed),
        "is_open": serving.is_open(request, found),
        "crumbs": [
            (_("Evidence"), reverse("items")),
            (found.number, reverse("item", args=[found.pk])),
            (title, None),
        ],
        "nav_current": "items",
    }
    return render(request, template, shown | more, status=422 if wrong else 200)
