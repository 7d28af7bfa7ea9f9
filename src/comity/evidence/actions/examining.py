"""Looking at items with foreign tools in the sandbox; failing never touches the item."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.core import canonical
from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.evidence import media, sandbox
from comity.evidence.actions._joined_items import JoinedItems
from comity.evidence.actions.opening import read_item
from comity.evidence.models import Examination, Item, Rendition
from comity.evidence.rules import plain_line
from comity.evidence.rules.tools import Examiner, NotExaminedWhy, Picture
from comity.evidence.sandbox import MIB, Limits, NotExamined
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault import storage

TRIES_AT_MOST = 3
TOGETHER_ITEM_BYTES = 16 << 20  # up to here a file is read together with others
# Sound and film are read from where they lie, whatever their size.
STREAMED = frozenset({"audio", "video"})
_DRAWN_TYPES = frozenset({"image/jpeg", "image/png"})


@dataclass(frozen=True)
class Found:
    """What one tool found. pictures: header and bytes of each, as the tool sent them."""

    tool: Examiner
    version: str = ""
    facts: tuple[tuple[str, str, str], ...] = ()
    pictures: tuple[tuple[dict[str, Any], bytes], ...] = ()
    failed: str = ""
    kept: list[storage.TakenIn] = field(default_factory=list)


def examine(
    actor: Actor, item: Item, *, gave_up: bool = False, statements: Found | None = None
) -> None:
    """Have each tool that fits the item's type look at it, and keep what they found.

    What was found before is replaced. gave_up: workers died over it; the tools are not run again.
    statements: what `read_statements` has found in it already.
    """
    found: list[Found] = []
    why = NotExaminedWhy.GAVE_UP if gave_up else ""
    for tool in media.examiners(item.media_type_sniffed):
        if tool is Examiner.EXIFTOOL and statements and not why:
            found.append(statements)
        else:
            found.append(Found(tool, failed=why) if why else _taken_in(_asked(actor, item, tool)))
        if found[-1].failed == NotExaminedWhy.DAMAGED:  # recorded once is enough
            why = NotExaminedWhy.DAMAGED
    try:
        _keep(actor, item, found)
    except Refused:  # a sweep was faster than this: the claim ends and the item is looked at again
        return


def _asked(actor: Actor, item: Item, tool: Examiner) -> Found:
    try:
        return _TOOLS[tool](actor, item)
    except NotExamined as failure:
        return Found(tool, failed=failure.code)
    except Untrusted:  # recorded as an anomaly where it was read
        return Found(tool, failed=NotExaminedWhy.DAMAGED)


def ask(actor: Actor, item: Item, tool: str, *arguments: str, limits: Limits) -> list[Any]:
    """Run a tool on an item and return its answers; raises NotExamined and Untrusted."""
    with read_item(actor, item) as reader:
        source = cast("BinaryIO", reader)
        return sandbox.run_tool(tool, arguments, source, item.size, limits)


def copy_limits(item: Item, **changes: Any) -> Limits:
    """The limits of a tool that needs the whole file in the sandbox's memory.

    Raises NotExamined("too_large").
    """
    if item.size > settings.COMITY_EXAMINE_AT_MOST_BYTES:
        raise NotExamined(NotExaminedWhy.TOO_LARGE)
    return Limits(**({"room_bytes": item.size + 512 * MIB} | changes))


def read_statements(actor: Actor, items: Sequence[Item]) -> dict[int, Found]:
    """Have one run of exiftool read several items, by their keys.

    What is not in the answer is to be read alone: a run that fails for one fails for all.
    """
    small = [item for item in items if item.size <= TOGETHER_ITEM_BYTES]
    if len(small) < 2:
        return {}
    sizes = [str(item.size) for item in small]
    total = sum(item.size for item in small)
    limits = Limits(room_bytes=total + 512 * MIB)
    with JoinedItems(small, partial(read_item, actor)) as source:
        try:
            answers = sandbox.run_tool("exif", sizes, cast("BinaryIO", source), total, limits)
            if len(answers) != len(small):
                return {}
            return {
                item.pk: _facts(Examiner.EXIFTOOL, [answer])
                for item, answer in zip(small, answers, strict=True)
            }
        except (NotExamined, Refused):
            return {}
        except Untrusted:  # recorded as an anomaly where it was read
            damaged = source.being_read
            return {damaged.pk: Found(Examiner.EXIFTOOL, failed=NotExaminedWhy.DAMAGED)}


def _exiftool(actor: Actor, item: Item) -> Found:
    answers = ask(actor, item, "exif", str(item.size), limits=copy_limits(item))
    return _facts(Examiner.EXIFTOOL, answers)


def _streams(actor: Actor, item: Item) -> Found:
    return _facts(Examiner.STREAMS, ask(actor, item, "streams", limits=Limits()))


def _facts(tool: Examiner, answers: list[Any]) -> Found:
    """Take facts out of what a tool said: it read a hostile file and may say anything."""
    if len(answers) != 1:
        raise NotExamined(NotExaminedWhy.TOOL_FAILED)
    header = answers[0][0]
    facts = header.get("facts")
    if not isinstance(facts, list) or not all(_is_fact(fact) for fact in facts):
        raise NotExamined(NotExaminedWhy.TOOL_FAILED)
    plain = tuple(cast("tuple[str, str, str]", tuple(map(plain_line, fact))) for fact in facts)
    return Found(tool, plain_line(str(header.get("version", "")))[:200], plain)


def _is_fact(fact: Any) -> bool:
    return isinstance(fact, list) and len(fact) == 3 and all(isinstance(one, str) for one in fact)


def _pictures(actor: Actor, item: Item) -> Found:
    how = media.drawn_as(item.media_type_sniffed)
    wide = {"answer_bytes": 256 * MIB, "wall_seconds": 180, "cpu_seconds": 180}
    wide |= {"memory_bytes": 4096 * MIB} if how == "office" else {}
    limits = Limits(**wide) if how in STREAMED else copy_limits(item, **wide)
    arguments = (how, media.ending(item.media_type_sniffed), str(settings.COMITY_PAGES_AT_MOST))
    answers = ask(actor, item, "pictures", *arguments, limits=limits)
    return _drawn(answers)


def _drawn(answers: list[Any]) -> Found:
    """Take pictures out of what a tool sent: it read a hostile file and may send anything."""
    made_by = [header.get("tool") for header, _ in answers if header.get("kind") == "made_by"]
    drawn = [(header, content) for header, content in answers if content]
    places = {f"{header.get('kind')} {header.get('number')}" for header, _ in drawn}
    sound = all(_is_picture(header, content) for header, content in drawn)
    if not sound or len(places) < len(drawn) or len(made_by) != 1:
        raise NotExamined(NotExaminedWhy.TOOL_FAILED)
    return Found(Examiner.PICTURES, plain_line(str(made_by[0]))[:200], pictures=tuple(drawn))


def _is_picture(header: dict[str, Any], content: bytes) -> bool:
    numbers = [header.get(name) for name in ("number", "width", "height")]
    return (
        header.get("kind") in [each.value for each in Picture]
        and all(isinstance(number, int) and 0 < number < 100_000 for number in numbers)
        and media.sniff(content[: storage.HEAD_BYTES]) in _DRAWN_TYPES
    )


_TOOLS = {
    Examiner.EXIFTOOL: _exiftool,
    Examiner.STREAMS: _streams,
    Examiner.PICTURES: _pictures,
}


def _taken_in(found: Found) -> Found:
    """Seal a tool's pictures into the vault, before any transaction."""
    sources = [partial(io.BytesIO, content) for _, content in found.pictures]
    for one in _each(vault.take_in_many(sources)):
        if not isinstance(one, storage.TakenIn):
            return Found(found.tool, found.version, failed=NotExaminedWhy.DISK_FULL)
        found.kept.append(one)
    return found


def _each(groups: Iterator[list[Any]]) -> Iterator[Any]:
    for group in groups:
        yield from group


@transaction.atomic
def _keep(actor: Actor, item: Item, found: list[Found]) -> None:
    for each in found:
        Examination.objects.update_or_create(
            item=item,
            tool=each.tool,
            defaults={
                "version": each.version,
                "facts": [list(fact) for fact in each.facts],
                "failed": each.failed,
                "at": timezone.now(),
            },
        )
        _keep_pictures(actor, item, each)
    Item.objects.filter(pk=item.pk).update(examined_at=timezone.now(), examine_tries=0)
    ledger.append(
        actor,
        "evidence.item_examined",
        item.subject,
        sha256=item.sha256,
        tools=[_stated(each) for each in found],
    )


def _stated(found: Found) -> dict[str, str]:
    facts = [list(fact) for fact in found.facts]
    return {
        "tool": str(found.tool),
        "version": found.version,
        "failed": str(found.failed),
        "facts_sha256": canonical.digest_hex({"facts": facts}),
        "pictures_sha256": canonical.digest_hex({"pictures": [one.sha256 for one in found.kept]}),
    }


def _keep_pictures(actor: Actor, item: Item, found: Found) -> None:
    if not found.kept:
        return
    files = vault.keep_many(actor, found.kept)
    Rendition.objects.filter(item=item).delete()
    Rendition.objects.bulk_create(
        Rendition(
            item=item,
            kind=header["kind"],
            number=header["number"],
            stored_file=file,
            sha256=taken.sha256,
            width=header["width"],
            height=header["height"],
        )
        for (header, _), taken, file in zip(found.pictures, found.kept, files, strict=True)
    )
