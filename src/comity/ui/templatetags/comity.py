"""Every component of the interface as a template tag; their use is in comity/ui/README.md."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from comity.ui import formats, labels
from comity.ui.templatetags.icons import icon

register = template.Library()
register.simple_tag(icon)

TONES = {
    "urgent": "circle-x",
    "caution": "circle-dot-dashed",
    "good": "circle-check",
    "note": "info",
    "sealed": "lock-keyhole",
    "plain": "circle-dashed",
}
SURE = {
    "lawyer": "badge-check",
    "read": "book-check",
    "excerpt": "quote",
    "recalled": "book-dashed",
}
RECEIPTS = ("E1", "E2", "E3", "E4", "E5")
COMPONENTS = "ui/components/"


def _language() -> str:
    return (get_language() or "en").split("-")[0]


# Words and values


@register.filter
def label(code: labels.Code | None, kind: str = "") -> str:
    return labels.label(code, kind)


@register.filter
def nbsp(text: Any) -> str:
    if text is None:
        return ""
    if hasattr(text, "__html__"):
        return mark_safe(formats.no_break(str(text)))  # noqa: S308 - spaces only are changed
    return formats.no_break(str(text))


@register.filter
def plainly(value: Any) -> str:
    """A value of an entry's details: a list with commas, nothing as a dash."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)


@register.filter
def size(count: int | None) -> str:
    return "–" if count is None else formats.size(int(count), _language())


@register.simple_tag
def when(
    value: datetime | date | None, style: str = "full", beside: str | None = None, place: str = ""
) -> SafeString | str:
    """Write a moment in the node's time zone, if wished with a partner's time beside it."""
    if value is None:
        return "–"
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value, _written(value, style))
    aware = value if timezone.is_aware(value) else value.replace(tzinfo=UTC)
    text = _written(timezone.localtime(aware), style)
    if beside:
        theirs = f"{aware.astimezone(ZoneInfo(beside)):%H:%M}"
        text = f"{text} ({gettext('%(time)s in %(place)s') % {'time': theirs, 'place': place}})"
    stamp = aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return format_html('<time datetime="{}">{}</time>', stamp, text)


def _written(value: datetime | date, style: str) -> str:
    language = _language()
    if style == "long":
        return formats.long_date(value, language)
    if style == "day":
        return formats.day(value, language)
    if style == "date" or not isinstance(value, datetime):
        return formats.full_date(value, language)
    if style == "time":
        return f"{value:%H:%M}"
    return formats.moment(value, language, with_year=style != "short")


@register.simple_tag
def digest(value: str, chars: int = 12, full: bool = False) -> SafeString:
    return _render("digest", value=value, shown=formats.digest(value, 999 if full else chars))


@register.simple_tag
def who(names: dict[str, str], actor: str) -> SafeString:
    """Who acted: the officer's name if it is known, and always what the ledger says."""
    if name := names.get(actor):
        return format_html("{} <small>{}</small>", name, actor)
    return format_html("<small>{}</small>", actor)


@register.simple_tag
def person_code(code: str, url: str | None = None, sealed: bool = False) -> SafeString:
    return _render("code", code=code, url=url, sealed=sealed)


# Status and source


@register.simple_tag
def tag(tone: str, text: str, icon: str | None = None, bare: bool = False) -> SafeString:
    """A status word; raises KeyError for a tone that the design does not have."""
    return _render("tag", tone=tone, text=text, icon=icon or TONES[tone], bare=bare)


@register.simple_tag
def state(code: labels.Code | None, kind: str = "", bare: bool = False) -> SafeString | str:
    if not code:
        return "–"
    tone, name = labels.tone(code, kind)
    return tag(tone, labels.label(code, kind), name, bare)


@register.simple_tag
def source(
    provision: str,
    sure: str = "",
    date: date | None = None,
    by: str | None = None,
    url: str | None = None,
) -> SafeString:
    """Where a legal statement comes from and how sure it is."""
    words = labels.label(sure, "Sure") if sure else ""
    name = SURE.get(sure, "book-open")
    return _render(
        "source", provision=provision, sure=sure, words=words, icon=name, date=date, by=by, url=url
    )


@register.simple_tag
def receipts(have: Collection[str] | str | None) -> SafeString:
    codes = set(have.replace(",", " ").split() if isinstance(have, str) else have or ())
    held = {str(code) for code in codes}
    marks = [(code, labels.label(code, "Receipt"), code in held) for code in RECEIPTS]
    failed = [(code, labels.label(code, "Receipt")) for code in sorted(held) if code[0] == "F"]
    return _render("receipts", marks=marks, failed=failed)


# Page furniture


@register.simple_block_tag
def head(content: str, title: str, text: str = "") -> SafeString:
    return _render("head", title=title, text=text, content=content.strip())


@register.simple_block_tag
def idbar(
    content: str,
    title: str,
    number: str = "",
    note: str = "",
    tags: Sequence[Sequence[str]] | None = None,
    facts: Sequence[Sequence[Any]] | None = None,
    lang: str | None = None,
) -> SafeString:
    marks = [(mark[0], mark[1], (*mark, None)[2] or TONES[mark[0]]) for mark in tags or ()]
    known = [(fact[0], fact[1], (*fact, None)[2]) for fact in facts or ()]
    return _render(
        "idbar",
        title=title,
        number=number,
        note=note,
        tags=marks,
        facts=known,
        lang=lang,
        content=content.strip(),
    )


@register.simple_tag
def breadcrumbs(crumbs: Sequence[tuple[str, str | None]]) -> SafeString:
    return _render("breadcrumbs", crumbs=crumbs)


@register.simple_tag
def subnav(items: Sequence[Any], label: str = "") -> SafeString:
    return _render("subnav", items=items, label=label)


@register.simple_block_tag
def sheet(content: str, title: str, id: str = "", **options: Any) -> SafeString:  # noqa: A002
    """A titled area. Options: count urgent link url link2 url2 side extra wall."""
    known = {"count", "urgent", "link", "url", "link2", "url2", "side", "extra", "wall"}
    if unknown := options.keys() - known:
        raise template.TemplateSyntaxError(f"sheet does not know {sorted(unknown)}")
    anchor = id or f"s{crc32(str(title).encode()):08x}"
    return _render("sheet", title=title, id=anchor, content=content, **options)


@register.simple_block_tag
def sheetbody(content: str) -> SafeString:
    return format_html('<div class="cm-sheet__body">{}</div>', mark_safe(content))  # noqa: S308


@register.simple_block_tag
def sheetfoot(content: str) -> SafeString:
    return format_html('<div class="cm-sheet__foot">{}</div>', mark_safe(content))  # noqa: S308


@register.simple_block_tag
def notice(
    content: str, tone: str, title: str, icon: str | None = None, action: str = "", url: str = ""
) -> SafeString:
    name = icon or TONES[tone]
    return _render(
        "notice", tone=tone, title=title, icon=name, action=action, url=url, content=content.strip()
    )


# Lists


@register.simple_tag
def work_rows(rows: Sequence[Any]) -> SafeString:
    return _render("work_rows", rows=rows)


@register.simple_tag
def timeline(events: Sequence[Any]) -> SafeString:
    return _render("timeline", events=events)


@register.simple_tag
def steps(stages: Sequence[Any], label: str = "") -> SafeString:
    return _render("steps", stages=stages, label=label or gettext("Stages"))


@register.simple_tag
def checklist(lines: Sequence[Any]) -> SafeString:
    return _render("checklist", lines=lines)


@register.simple_tag
def gated_button(
    text: str,
    open: bool,  # noqa: A002
    why: str = "",
    name: str = "",
    value: str = "",
    icon: str = "",
    primary: bool = True,
) -> SafeString:
    return _render(
        "gated_button",
        text=text,
        open=open,
        why=why,
        name=name,
        value=value,
        icon=icon,
        primary=primary,
    )


@register.simple_tag
def figs(numbers: Sequence[Any]) -> SafeString:
    return _render("figs", numbers=numbers)


@register.simple_tag
def facts(pairs: Sequence[tuple[str, Any]], wide: bool = False) -> SafeString:
    return _render("facts", pairs=pairs, wide=wide)


@register.simple_tag
def parallel(
    rows: Sequence[Sequence[tuple[str, bool]]], heads: Sequence[tuple[str, str]]
) -> SafeString:
    """Three languages beside each other, one row a paragraph."""
    names = {"uk": "Українська", "ja": "日本語", "en": "English"}
    titled = [(code, names.get(code, code), note) for code, note in heads]
    cells = [
        [(code, text, stale) for (code, _note), (text, stale) in zip(heads, row, strict=True)]
        for row in rows
    ]
    return _render("parallel", heads=titled, rows=cells)


@register.simple_tag
def bar(label: str, value: float, top: float, text: str = "") -> SafeString:
    part = 0 if top <= 0 else min(100, round(100 * value / top))
    return _render("bar", label=label, part=part, text=text or value)


@register.simple_tag(takes_context=True)
def pagination(context: template.Context, page: Page[Any]) -> SafeString:
    pages = [] if page.paginator.num_pages < 2 else _pages(context, page)
    before = _query(context, page.previous_page_number()) if page.has_previous() else ""
    after = _query(context, page.next_page_number()) if page.has_next() else ""
    return _render("pagination", pages=pages, before=before, after=after)


def _pages(context: template.Context, page: Page[Any]) -> list[tuple[Any, str, bool]]:
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [
        (number, _query(context, number) if isinstance(number, int) else "", number == page.number)
        for number in shown
    ]


def _query(context: template.Context, number: int) -> str:
    request = context.get("request")
    query = request.GET.copy() if request else None
    if query is None:
        return f"?page={number}"
    query["page"] = str(number)
    return f"?{query.urlencode()}"


# Forms


@register.simple_tag
def field(
    bound: BoundField, hide_label: bool = False, hint: str | None = None, named: str = ""
) -> SafeString:
    """Label, hint, error and control of one field; `hint` and `named` replace the field's own."""
    if named:
        bound.label = named
    if hint is not None:
        bound.help_text = hint
    bound.look = {"hide_label": hide_label}  # type: ignore[attr-defined]
    return bound.as_field_group()


@register.simple_tag
def error_summary(form: BaseForm | None) -> SafeString | str:
    if form is None or not form.errors:
        return ""
    return mark_safe(render_to_string("ui/forms/error_summary.html", {"form": form}))  # noqa: S308


def _render(component: str, /, **context: Any) -> SafeString:
    if "content" in context:  # what stands between the tags is rendered, and escaped, already
        context["content"] = mark_safe(context["content"])  # noqa: S308
    return mark_safe(render_to_string(f"{COMPONENTS}{component}.html", context).strip())  # noqa: S308
