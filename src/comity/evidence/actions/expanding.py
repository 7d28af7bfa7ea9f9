"""The contents of an archive as items: the archive stays what it is, its names stay words."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import tee
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.core import archives, canonical
from comity.core.access import Act, require
from comity.core.errors import NotAllowed, Refused, Untrusted
from comity.evidence.actions.conditions import require_look
from comity.evidence.actions.deriving import Making, keep_derived
from comity.evidence.actions.intake import new_item
from comity.evidence.actions.opening import read_item, read_opened, record_look
from comity.evidence.models import Derivation, Expansion, Item
from comity.evidence.rules import TITLE_AT_MOST, Derived, kept_name, plain_line
from comity.evidence.rules.tools import MOST_DEEP, UNPACKED_TYPES
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault.storage import TakenIn

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TOOL = "comity archives 1"
TAKEN_OVER_AFTER = timedelta(minutes=10)
AT_ONCE_MEMBERS, AT_ONCE_BYTES = 200, 64 << 20  # up to here an officer need not wait for the worker
LISTED_GZIP_BYTES = 64 << 20  # a larger one is unpacked by the worker only, not for a page
MOST_REFUSALS = 10_000
LISTS_KEPT, MEMBERS_KEPT = 4, 200_000
_LOOKED_UP = 500
_lists: dict[tuple[int, str], archives.Contents] = {}


def list_members(actor: Officer, item: Item) -> archives.Contents:
    """Read what an archive says it holds, after recording the look; nothing is unpacked.

    Raises NotAllowed, NotVisible, Refused("evidence.use_ended" | "evidence.not_unpacked" |
    "evidence.listing_too_large"), Untrusted("archives.…").
    """
    require_unpacked(item)
    if item.media_type_sniffed == "application/gzip" and item.size > LISTED_GZIP_BYTES:
        raise Refused("evidence.listing_too_large")
    with read_opened(actor, item) as reader:
        record_look(actor, item, part="archive")
        return _listed(item, cast("BinaryIO", reader))


def _listed(item: Item, source: BinaryIO) -> archives.Contents:
    """What was listed last is kept in memory: a page of a long list does not read it all again."""
    key = (item.pk, item.sha256)
    held = _lists.get(key)
    if held is None:
        held = archives.read_contents(source)
        while _lists and (
            len(_lists) >= LISTS_KEPT
            or sum(len(one.members) for one in _lists.values()) > MEMBERS_KEPT
        ):
            _lists.pop(next(iter(_lists)), None)
        if len(held.members) <= MEMBERS_KEPT:
            _lists[key] = held
    return held


def require_unpacked(item: Item) -> None:
    """Raise Refused("evidence.not_unpacked") for what is kept as it is, such as a disk image."""
    if item.media_type_sniffed not in UNPACKED_TYPES:
        raise Refused("evidence.not_unpacked")


@transaction.atomic
def ask_expansion(actor: Officer, item: Item) -> Expansion:
    """Ask for an archive's contents as items; `expand` does the work, now or in the background.

    Asking again goes on where it stopped and doubles nothing. Raises NotAllowed, NotVisible,
    Refused("evidence.not_unpacked" | "evidence.too_deep" | "evidence.use_ended").
    """
    require(actor, Act.ADD_ITEM)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_look(item)
    require_unpacked(item)
    if depth_of(item) >= MOST_DEEP:
        raise Refused("evidence.too_deep", most=MOST_DEEP)
    Item.objects.select_for_update().get(pk=item.pk)
    expansion, is_new = Expansion.objects.get_or_create(item=item, defaults={"asked_by": actor})
    if not is_new and expansion.done_at is None:
        return expansion
    expansion.asked_by, expansion.asked_at, expansion.done_at = actor, timezone.now(), None
    expansion.beat_at, expansion.failure, expansion.report = None, "", {}
    expansion.save()
    ledger.append(actor, "evidence.expansion_asked", item.subject, sha256=item.sha256)
    return expansion


def depth_of(item: Item) -> int:
    """How many archives an item lies in, one in the other, as far as they were taken apart here."""
    depth, at = 0, item.pk
    while depth < MOST_DEEP:
        line = Derivation.objects.filter(item=at).values_list("original", "how").first()
        if line is None:
            return depth
        at = line[0]
        depth += line[1] == Derived.MEMBER
    return depth


def expansions_due() -> list[Expansion]:
    """What was asked for and nobody is at work on."""
    return list(_free(Expansion.objects.all()).select_related("item", "asked_by").order_by("pk"))


def _free(rows: Any) -> Any:
    long_ago = timezone.now() - TAKEN_OVER_AFTER
    return rows.filter(Q(beat_at=None) | Q(beat_at__lt=long_ago), done_at=None)


def expand(actor: Officer, expansion: Expansion, *, seconds: float | None = None) -> Expansion:
    """Take an archive's members out as items of their own, group by group, and report.

    seconds: after so long it stops behind a group and is due again; None works to the end. Safe to
    run twice and at once: one run has it, each member has one uid. What cannot be taken out is in
    the report with its reason and stops no other. Names are kept to be read; links and special
    files are named only. Raises NotAllowed, NotVisible, Refused("vault.disk_full").
    """
    require(actor, Act.ADD_ITEM)
    item = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=expansion.item_id)
    if not _free(Expansion.objects.filter(pk=expansion.pk)).update(beat_at=timezone.now()):
        expansion.refresh_from_db()
        return expansion
    try:
        require_look(item)
        report = _taken_apart(actor, item, expansion, seconds)
    except (Untrusted, NotAllowed) as doubt:
        return _finish(actor, expansion, {}, doubt.code)
    except Refused as refusal:
        if refusal.code == "vault.disk_full":
            raise  # it stays asked for, and is tried again after a while
        return _finish(actor, expansion, {}, refusal.code)
    if report.stands_at is not None:
        expansion.report, expansion.beat_at = report.as_json(), None
        expansion.save(update_fields=["report", "beat_at"])
        return expansion
    return _finish(actor, expansion, report.as_json(), "")


def give_up_expansion(actor: Officer, expansion: Expansion, code: str) -> Expansion:
    """Write down why nobody can take it apart, such as an officer whose rights ended meanwhile."""
    return _finish(actor, expansion, {}, code)


@dataclass
class _Report:
    """What is written down. stands_at: place of the next member, of work that stopped between."""

    members: int
    unlisted_bytes: int
    form: str
    taken: int
    refused: dict[int, str]
    stands_at: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "members": self.members,
            "unlisted_bytes": self.unlisted_bytes,
            "taken": self.taken,
            "refused_count": len(self.refused),
            "refused": [list(pair) for pair in sorted(self.refused.items())[:MOST_REFUSALS]],
            "stands_at": self.stands_at,
        }


def _taken_apart(
    actor: Officer, item: Item, expansion: Expansion, seconds: float | None
) -> _Report:
    begun = time.monotonic()
    with read_item(actor, item) as reader:
        source = cast("BinaryIO", reader)
        contents = archives.read_contents(source)
        files = [each for each in contents.members if each.thing is not archives.Thing.FOLDER]
        report = _begun_report(contents, files, expansion)
        reached = expansion.report.get("stands_at") or 0
        there = _there_already(item, [each for each in files if each.index >= reached])
        report.taken += len(there)
        wanted = [
            each
            for each in files
            if not each.refusal and each.index >= reached and uid_of(item, each.index) not in there
        ]
        first, second = tee(wanted)
        for group in vault.take_in_many(_opener(source, contents, each) for each in first):
            named = [next(second) for _ in group]
            report.taken += _keep_group(actor, item, named, group, report.refused)
            Expansion.objects.filter(pk=expansion.pk).update(beat_at=timezone.now())
            at_end = named[-1] is wanted[-1]
            # A gzip is unpacked from its start each time: it is not begun again between.
            is_late = seconds is not None and time.monotonic() - begun > seconds
            if is_late and not at_end and "gz" not in contents.form:
                report.stands_at = named[-1].index + 1
                break
    return report


def _begun_report(
    contents: archives.Contents, files: Sequence[archives.Member], expansion: Expansion
) -> _Report:
    """What the archive's list tells, with what an earlier part of the same work found."""
    refused = {each.index: each.refusal for each in files if each.refusal}
    taken = 0
    if expansion.report.get("stands_at"):
        refused |= {int(index): code for index, code in expansion.report.get("refused", [])}
        taken = int(expansion.report.get("taken", 0))
    return _Report(len(contents.members), contents.unlisted_bytes, contents.form, taken, refused)


def uid_of(item: Item, index: int) -> uuid.UUID:
    """The uid of the item that an archive's member becomes; always the same."""
    return uuid.uuid5(item.uid, f"member {index}")


def _there_already(item: Item, members: Sequence[archives.Member]) -> set[uuid.UUID]:
    uids = [uid_of(item, each.index) for each in members]
    found: set[uuid.UUID] = set()
    for at in range(0, len(uids), _LOOKED_UP):
        part = uids[at : at + _LOOKED_UP]
        found |= set(Item.objects.filter(uid__in=part).values_list("uid", flat=True))
    return found


def _opener(
    source: BinaryIO, contents: archives.Contents, member: archives.Member
) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        return cast("BinaryIO", _Refusing(archives.open_member(source, contents, member)))

    return opened


class _Refusing(io.RawIOBase):
    """A member whose doubts refuse it alone: the vault goes on with the next one."""

    def __init__(self, member: archives.MemberReader) -> None:
        super().__init__()
        self._member = member

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._member.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._member.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            return self._member.readinto(buffer)
        except Untrusted as doubt:
            if not doubt.code.startswith("archives."):
                raise  # the archive itself is damaged in the vault
            raise Refused(doubt.code) from doubt


@transaction.atomic
def _keep_group(
    actor: Officer,
    archive: Item,
    named: Sequence[archives.Member],
    group: Sequence[TakenIn | Refused | OSError],
    refused: dict[int, str],
) -> int:
    Item.objects.select_for_update().get(pk=archive.pk)
    there = _there_already(archive, named)  # of a run that was taken for dead
    taken = [one for one in group if isinstance(one, TakenIn)]
    files = iter(vault.keep_many(actor, taken))
    made: list[tuple[Item, Making]] = []
    for member, found in zip(named, group, strict=True):
        if isinstance(found, TakenIn):
            item = _item_of(actor, archive, member, found, next(files))
            if item.uid not in there:
                made.append((item, _making_of(member)))
        elif isinstance(found, Refused) and found.code == "vault.disk_full":
            raise found
        else:
            code = found.code if isinstance(found, Refused) else "archives.broken"
            refused[member.index] = code
    if made:
        Item.objects.bulk_create([item for item, _ in made])
        keep_derived(actor, archive, made)
    return len(made) + len(there)


def _item_of(
    actor: Officer, archive: Item, member: archives.Member, taken: TakenIn, file: Any
) -> Item:
    place = f" · {member.index + 1}"
    made = new_item(
        actor,
        taken,
        file,
        taken.head,
        once=uid_of(archive, member.index),
        title=plain_line(archive.title)[: TITLE_AT_MOST - len(place)] + place,
        kind=archive.kind,
        origin=archive.origin,
        original_name=member.name,
        compartment=archive.compartment,
    )
    made.examine_turn = member.index
    return made


def _making_of(member: archives.Member) -> Making:
    detail = {
        "index": member.index,
        "path": kept_name(member.name),
        "size": member.size,
        "crc32": None if member.crc32 is None else f"{member.crc32:08x}",
        "modified": member.modified,
        "remark": member.remark,
    }
    return Making(Derived.MEMBER, TOOL, detail=detail)


@transaction.atomic
def _finish(
    actor: Officer, expansion: Expansion, report: dict[str, Any], failure: str
) -> Expansion:
    expansion.report, expansion.failure = report, failure
    expansion.done_at = timezone.now()
    expansion.save(update_fields=["report", "failure", "done_at"])
    ledger.append(
        actor,
        "evidence.archive_expanded",
        expansion.item.subject,
        taken=report.get("taken", 0),
        refused=report.get("refused_count", 0),
        report_sha256=canonical.digest_hex(report),
        failure=failure,
    )
    return expansion


def members_of(actor: Officer, item: Item, indexes: Iterable[int]) -> Iterator[tuple[int, Item]]:
    """The items that members of an archive became, with their places, as far as visible."""
    places = {uid_of(item, index): index for index in indexes}
    for made in Item.objects.visible_to(actor).filter(uid__in=list(places)):
        yield places[made.uid], made
