"""Text out of items: typed by a person, or made by a machine and always marked as that."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from comity.accounts.models import fetch
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, Untrusted
from comity.evidence import media
from comity.evidence.actions.conditions import require_look
from comity.evidence.actions.deriving import Making, derive
from comity.evidence.actions.examining import TRIES_AT_MOST, ask, copy_limits
from comity.evidence.models import Item, TextJob
from comity.evidence.rules import Derived, plain_line
from comity.evidence.rules.tools import OCR_LANGUAGES, NotExaminedWhy, Writing
from comity.evidence.sandbox import MIB, NotExamined
from comity.ledger import actions as ledger

AT_ONCE = 4
TYPED_AT_MOST = 2_000_000
_DERIVED = {
    Writing.RECOGNITION: Derived.RECOGNISED_TEXT,
    Writing.SPEECH: Derived.TRANSCRIPT,
    Writing.TRANSLATION: Derived.TRANSLATION,
}


@dataclass(frozen=True)
class Written:
    """A text and what made it, as the columns of `Derivation`."""

    text: str
    tool: str
    model: str


def ways_to_write(item: Item) -> list[Writing]:
    """Say how a machine of this node can make text of an item; the rest has no button."""
    family = item.media_type_sniffed.partition("/")[0]
    ways = [Writing.RECOGNITION] if media.is_text_read(item.media_type_sniffed) else []
    if settings.COMITY_SPEECH_COMMAND and family in {"audio", "video"}:
        ways.append(Writing.SPEECH)
    if settings.COMITY_TRANSLATE_COMMAND and family == "text":
        ways.append(Writing.TRANSLATION)
    return ways


def recognise_text(actor: Actor, item: Item, languages: Sequence[str]) -> TextJob:
    """Ask for the text that stands in an image or on pages: see `ask_for_text`.

    languages: of what is written there, codes of OCR_LANGUAGES.
    """
    return ask_for_text(actor, item, Writing.RECOGNITION, languages)


@transaction.atomic
def ask_for_text(actor: Actor, item: Item, how: Writing, languages: Sequence[str]) -> TextJob:
    """Have the worker make a text of an item, as an item of its own, under the officer's right.

    The same wish that still waits is returned. Raises NotAllowed, NotVisible,
    Refused("evidence.use_ended" | "evidence.no_such_writing" | "evidence.unknown_language").
    """
    require(actor, Act.OPEN_ITEM)
    require(actor, Act.ADD_ITEM)
    found = fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_look(found)
    if how not in ways_to_write(found):
        raise Refused("evidence.no_such_writing")
    wanted = list(dict.fromkeys(languages))
    needed = {Writing.RECOGNITION: range(1, 5), Writing.TRANSLATION: range(1, 2)}
    if not set(wanted) <= set(OCR_LANGUAGES) or len(wanted) not in needed.get(how, range(5)):
        raise Refused("evidence.unknown_language")
    stated = {"item": found, "how": how, "languages": "+".join(wanted), "asked_by": actor}
    waiting: TextJob | None = TextJob.objects.filter(**stated, ended_at=None).first()
    if waiting is not None:
        return waiting
    job: TextJob = TextJob.objects.create(**stated)
    ledger.append(
        actor, "evidence.text_asked", found.subject, how=str(how), languages=job.languages
    )
    return job


def add_transcript(
    actor: Actor, item: Item, text: str, *, how: Derived, title: str, reason: str = ""
) -> Item:
    """Take in what a person typed while listening, watching or reading; not machine-made.

    how: TRANSCRIPT or TRANSLATION. Raises as `derive`, and Incomplete("evidence.incomplete"),
    Refused("evidence.too_long").
    """
    require(actor, Act.OPEN_ITEM)
    plain = text.replace("\r\n", "\n").strip()
    if not plain:
        raise Incomplete("evidence.incomplete", missing=["text"])
    if len(plain) > TYPED_AT_MOST:
        raise Refused("evidence.too_long", field="text")
    making = Making(how, tool="typed by a person", reason=reason)
    source = io.BytesIO(plain.encode() + b"\n")
    return derive(actor, item, source, making, title=title, declared_type="text/plain")


def text_is_due() -> bool:
    """Say whether a text is waited for."""
    return _due().exists()


def _due() -> QuerySet[TextJob]:
    free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
    return TextJob.objects.filter(free, ended_at=None)


def make_due_texts(actor: Actor, *, at_most: int = AT_ONCE) -> int:
    """Make texts that officers wait for, each claimed by one worker; return how many ended."""
    count = 0
    rows = _due().select_related("item__stored_file__pack", "asked_by")
    for job in rows[:at_most]:
        long = timedelta(seconds=settings.COMITY_PLUGIN_SECONDS) + timedelta(minutes=30)
        claim = TextJob.objects.filter(pk=job.pk, claimed_until=job.claimed_until, ended_at=None)
        if claim.update(claimed_until=timezone.now() + long, tries=F("tries") + 1):
            _make(actor, job)
            count += 1
    return count


def _make(actor: Actor, job: TextJob) -> None:
    try:
        if job.tries >= TRIES_AT_MOST:
            raise NotExamined(NotExaminedWhy.GAVE_UP)
        require(job.asked_by, Act.OPEN_ITEM)
        fetch(Item.objects.visible_to(job.asked_by), pk=job.item_id)
        require_look(job.item)
        written = _written(actor, job)
        _finish(job.asked_by, job, written)
    except NotExamined as failure:
        _give_up(actor, job, failure.code)
    except Untrusted:
        _give_up(actor, job, NotExaminedWhy.DAMAGED)
    except (Refused, NotAllowed, NotVisible):
        _give_up(actor, job, NotExaminedWhy.REFUSED)


@transaction.atomic
def _finish(actor: Actor, job: TextJob, written: Written) -> None:
    making = Making(
        _DERIVED[Writing(job.how)],
        tool=written.tool,
        model=written.model,
        machine_made=True,
        detail={"languages": job.languages},
    )
    source = io.BytesIO(written.text.encode())
    job.made = derive(
        actor, job.item, source, making, title=job.item.title, declared_type="text/plain"
    )
    job.ended_at = timezone.now()
    job.save(update_fields=["made", "ended_at"])


@transaction.atomic
def _give_up(actor: Actor, job: TextJob, code: str) -> None:
    job.failed, job.ended_at = code, timezone.now()
    job.save(update_fields=["failed", "ended_at"])
    ledger.append(
        actor, "evidence.text_not_made", job.item.subject, how=str(job.how), reason=str(code)
    )


def _written(actor: Actor, job: TextJob) -> Written:
    if job.how == Writing.RECOGNITION:
        return _recognised(actor, job)
    return _plugged_in(actor, job)


def _recognised(actor: Actor, job: TextJob) -> Written:
    media_type = job.item.media_type_sniffed
    codes = "+".join(OCR_LANGUAGES[language] for language in job.languages.split("+"))
    arguments = [media.drawn_as(media_type), media.ending(media_type)]
    arguments += [str(settings.COMITY_PAGES_AT_MOST), codes]
    limits = copy_limits(job.item, wall_seconds=1800, cpu_seconds=1800, memory_bytes=4096 * MIB)
    answers = ask(actor, job.item, "text", *arguments, limits=limits)
    pages = [content.decode("utf-8", "replace").strip() for header, content in answers
             if "page" in header]  # fmt: skip
    return _as_written("\n\n\f".join(pages) + "\n", answers[-1][0] if answers else {})


def _plugged_in(actor: Actor, job: TextJob) -> Written:
    command = {
        Writing.SPEECH: settings.COMITY_SPEECH_COMMAND,
        Writing.TRANSLATION: settings.COMITY_TRANSLATE_COMMAND,
    }[Writing(job.how)]
    if not command:
        raise NotExamined(NotExaminedWhy.NO_TOOL)
    limits = copy_limits(
        job.item,
        wall_seconds=settings.COMITY_PLUGIN_SECONDS,
        cpu_seconds=settings.COMITY_PLUGIN_SECONDS * 4,
        memory_bytes=settings.COMITY_PLUGIN_MEMORY_BYTES,
        processes=256,
    )
    answers = ask(actor, job.item, "plugin", job.languages or "-", *command, limits=limits)
    if len(answers) != 1:
        raise NotExamined(NotExaminedWhy.TOOL_FAILED)
    header, content = answers[0]
    return _as_written(content.decode("utf-8", "replace"), header)


def _as_written(text: str, header: dict[str, Any]) -> Written:
    tool = plain_line(str(header.get("tool", "")))
    if not tool:
        raise NotExamined(NotExaminedWhy.TOOL_FAILED)
    return Written(text, tool, plain_line(str(header.get("model", ""))))
