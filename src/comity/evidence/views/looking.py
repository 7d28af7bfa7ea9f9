"""Safe pictures, what tools found, and texts that machines or people make of an item."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Incomplete, NotVisible, Refused, Untrusted
from comity.evidence import actions, media, serving
from comity.evidence.forms import TextForm, TranscriptForm
from comity.evidence.models import Derivation, Item, TextJob
from comity.evidence.rules import Derived
from comity.evidence.rules.tools import Examiner, NotExaminedWhy, Picture, Writing
from comity.evidence.views.lineage import left_out
from comity.ui.labels import label

MOST_JOBS = 10
TEXT_SHOWN_BYTES = 512 * 1024
PLAIN = "text/plain"


def _picture(request: HttpRequest, pk: int, kind: Picture, number: int = 1) -> HttpResponse:
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor), pk=pk)
    if kind != Picture.THUMBNAIL and not serving.is_open(request, found):
        return redirect("item_open", pk=pk)
    try:
        return serving.send_picture(actions.read_picture(actor, found, kind, number))
    except (Refused, Untrusted):
        return HttpResponse(status=404)


@login_required
@require_safe
def thumbnail(request: HttpRequest, pk: int) -> HttpResponse:
    """The grey, blurred picture of an item, for lists."""
    return _picture(request, pk, Picture.THUMBNAIL)


@login_required
@require_safe
def page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A clear page of an item that the officer has opened."""
    return _picture(request, pk, Picture.PAGE, number)


@login_required
@require_safe
def poster(request: HttpRequest, pk: int) -> HttpResponse:
    """The first picture of a film that the officer has opened."""
    return _picture(request, pk, Picture.POSTER)


@login_required
@require_safe
def waveform(request: HttpRequest, pk: int) -> HttpResponse:
    """The line of a sound that the officer has opened."""
    return _picture(request, pk, Picture.WAVEFORM)


def looked_at(actor: Officer, found: Item, *, is_open: bool) -> dict[str, Any]:
    """What the item's page shows of pictures, tools and texts; content only while it is open."""
    rows = list(found.renditions.values_list("kind", "number", "width", "height"))
    kinds = {kind for kind, *_ in rows}
    pages = [row[1:] for row in rows if row[0] == Picture.PAGE]
    shown = media.shown_as(found.media_type_sniffed) or ("pages" if pages else "")
    if not shown and found.media_type_sniffed == PLAIN and found.size <= TEXT_SHOWN_BYTES:
        shown = "text"
    return {
        "kind_shown": shown,
        "is_prepared_for": not shown and _is_waited_for(found),
        "pages": pages,
        "has_thumbnail": Picture.THUMBNAIL in kinds,
        "has_poster": Picture.POSTER in kinds,
        "has_waveform": Picture.WAVEFORM in kinds,
        "text": _text_of(actor, found) if is_open and shown == "text" else "",
        "examinations": _examinations(found, is_open=is_open),
        "ways_to_write": actions.ways_to_write(found) if actor.may(Act.ADD_ITEM) else [],
        "may_write": actor.may(Act.ADD_ITEM) and actor.may(Act.OPEN_ITEM) and not found.erased_at,
        **_derived(actor, found),
    }


def _is_waited_for(found: Item) -> bool:
    """Whether safe pictures of it are still to be drawn."""
    return found.examined_at is None and bool(media.drawn_as(found.media_type_sniffed))


def _text_of(actor: Officer, found: Item) -> str:
    try:
        with actions.read_opened(actor, found) as reader:
            raw = reader.read()
    except (Refused, Untrusted):
        return ""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    return raw.decode("utf-16" if wide else "utf-8", "replace")


def _examinations(found: Item, *, is_open: bool) -> list[dict[str, Any]]:
    return [
        {
            "title": label(Examiner(row.tool)),
            "version": row.version,
            "why": label(NotExaminedWhy(row.failed)) if row.failed else "",
            "count": len(row.facts),
            "facts": row.facts if is_open else [],
            "at": row.at,
        }
        for row in found.examinations.all()
    ]


def _derived(actor: Officer, found: Item) -> dict[str, Any]:
    """The original, what was made of the item, and what is being made."""
    seen = Item.objects.visible_to(actor)
    own = Derivation.objects.filter(item=found).select_related("original").first()
    jobs = TextJob.objects.filter(item=found, made=None).order_by("-id")
    shown = list(jobs[:MOST_JOBS])
    return {
        "derivation": own,
        "left_out": left_out(own),
        "original_seen": own is not None and seen.filter(pk=own.original_id).exists(),
        "jobs": [
            {
                "text": label(Writing(job.how)),
                "at": job.asked_at,
                "why": label(job.failed, "NotExaminedWhy") if job.failed else "",
            }
            for job in shown
        ],
        "more_jobs": jobs.count() - len(shown) if len(shown) == MOST_JOBS else 0,
    }


def _found(request: HttpRequest, pk: int) -> tuple[Officer, Item]:
    actor = officer_of(request)
    require(actor, Act.OPEN_ITEM)
    require(actor, Act.ADD_ITEM)
    return actor, fetch(Item.objects.visible_to(actor), pk=pk)


def _form_page(
    request: HttpRequest, found: Item, form: Any, *, title: str, about: str, button: str
) -> HttpResponse:
    actions.record_look(officer_of(request), found, part="item")
    crumbs = [
        (_("Evidence"), reverse("items")),
        (found.number, reverse("item", args=[found.pk])),
        (title, None),
    ]
    shown = {"item": found, "form": form, "crumbs": crumbs, "nav_current": "items"}
    shown |= {"title": title, "about": about, "button": button}
    return render(request, "evidence/text.html", shown, status=422 if form.errors else 200)


@login_required
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a machine make a text of the item; the worker does it."""
    actor, found = _found(request, pk)
    ways = actions.ways_to_write(found)
    if not ways:
        raise NotVisible("item has no text to make")
    form = TextForm(request.POST or None, ways=ways, initial={"how": _chosen(request, ways)})
    if form.is_valid():
        asked = form.cleaned_data
        try:
            actions.ask_for_text(actor, found, Writing(asked["how"]), asked["languages"])
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The worker makes it. It will stand on this page."))
            return redirect(reverse("item", args=[pk]) + "#derived")
    return _form_page(
        request,
        found,
        form,
        title=_("Have a text made"),
        about=_("A machine reads the item. Its text becomes an item that says so."),
        button=_("Have it made"),
    )


def _chosen(request: HttpRequest, ways: list[Writing]) -> str:
    asked = request.GET.get("how", "")
    return asked if asked in ways else ways[0].value


@login_required
def transcript(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in a transcript or translation that a person typed."""
    actor, found = _found(request, pk)
    form = TranscriptForm(request.POST or None, initial={"how": Derived.TRANSCRIPT.value})
    if form.is_valid():
        typed = form.cleaned_data
        try:
            made = actions.add_transcript(
                actor, found, typed["text"], how=Derived(typed["how"]), title=typed["title"]
            )
        except (Refused, Incomplete) as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The text is an item of its own."))
            return redirect("item", pk=made.pk)
    return _form_page(
        request,
        found,
        form,
        title=_("Type a transcript"),
        about=_("What you type becomes an item of its own, made by you out of this one."),
        button=_("Take it in"),
    )
