"""Taking many files into the vault: small ones into packs, beside the reading and the rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import chain
from typing import BinaryIO, cast

from comity.core.errors import Refused, Untrusted
from comity.vault import apart, packs, storage
from comity.vault.apart import Apart
from comity.vault.models import StoredFile
from comity.vault.reading import open_stored
from comity.vault.sealer import Answer, Given, Read, Refusal

SEALED_AT_ONCE_BYTES = 2 << 20

Source = Callable[[], BinaryIO]
Taken = storage.TakenIn | Refused | OSError
_Found = packs.Small | storage.TakenIn | Refused | OSError
_Item = Source | _Found


def take_in_many(sources: Iterable[Source]) -> Iterator[list[Taken]]:
    """Take many files into the vault, in groups; each group is durable when it is given.

    sources: each opens one seekable file, which is closed here. Small ones go into packs of about
    16 MiB, and bytes that the vault has already are not stored again. What is refused or cannot be
    read stands in its place, and the others go on; memory does not grow with their number. After
    the first pack of files of this machine (`storage.RegularFile`) a second process reads and
    seals the rest, if there is a core for it.
    """
    with ThreadPoolExecutor(1) as beside:
        before: _Group | _GroupApart | None = None
        for group in _groups(iter(sources), beside):
            if before is not None:
                yield before.durable()
            before = group
        if before is not None:
            yield before.durable()


def _groups(sources: Iterator[_Item], beside: Executor) -> Iterator[_Group | _GroupApart]:
    while group := _read_group(sources, beside):
        yield group
        if group.is_large and group.is_of_files and apart.is_worth_it():
            rest: list[_Item] = []
            with suppress(apart.Gone), Apart() as helper:
                yield from _groups_apart(sources, rest, len(group), helper, beside)
            sources = chain(rest, sources)  # nothing is left unless the helper ended


def _read_group(sources: Iterable[_Item], beside: Executor) -> _Group | None:
    group = _Group(beside)
    try:
        for one in sources:
            group.read(one)
            if group.is_large:
                break
        group.close()
    except BaseException:
        group.leave()
        raise
    return group if len(group) else None


class _Group:
    """Files that come into one pack. They are sealed, written and synced beside the reading, and
    beside the rows of the group before; few of them are in memory at a time.
    """

    def __init__(self, beside: Executor) -> None:
        self._beside, self._packing = beside, packs.Packing()
        self._order: list[str | Taken] = []
        self._known: dict[str, storage.TakenIn] = {}
        self._waiting: list[packs.Small] = []
        self._size = self._waiting_size = 0
        self._adding: list[Future[None]] = []
        self._finished: Future[dict[str, storage.TakenIn]] | None = None
        self.is_of_files = True

    def __len__(self) -> int:
        return len(self._order)

    @property
    def is_large(self) -> bool:
        """Whether the pack is to be closed."""
        return self._size >= packs.PACK_BYTES or len(self) >= packs.PACK_FILES

    def read(self, one: _Item) -> None:
        """Read one file, or take what became of it."""
        self.is_of_files = self.is_of_files and isinstance(one, storage.RegularFile)
        found = _read_one(one) if callable(one) else one
        if not isinstance(found, packs.Small):
            self._order.append(found)
            return
        self._order.append(found.sha256)
        self._waiting.append(found)
        self._size += len(found.content)
        self._waiting_size += len(found.content)
        if self._waiting_size >= SEALED_AT_ONCE_BYTES:
            self._seal()

    def close(self) -> None:
        """Nothing more comes into the pack."""
        self._seal()
        self._finished = self._beside.submit(self._finish)

    def _seal(self) -> None:
        """Have what was read sealed, but for bytes that the vault has already."""
        self._known |= _known([one.read() for one in self._waiting])
        fresh = [one for one in self._waiting if one.sha256 not in self._known]
        for earlier in self._adding[-1:]:
            wait([earlier])
        self._adding.append(self._beside.submit(self._packing.add, fresh))
        self._waiting, self._waiting_size = [], 0

    def leave(self) -> None:
        """Remove a pack that is not finished; harmless for any other."""
        self._beside.submit(self._packing.leave)

    def _finish(self) -> dict[str, storage.TakenIn]:
        for added in self._adding:
            added.result()
        return self._packing.finish()

    def durable(self) -> list[Taken]:
        """Return what became of each file, in order, when all of it is durable."""
        if self._finished is None:
            raise RuntimeError("close() the group first")
        return _in_order(self._order, self._known, self._finished)


def _in_order(
    order: Sequence[str | Taken],
    known: dict[str, storage.TakenIn],
    finished: Future[dict[str, storage.TakenIn]],
) -> list[Taken]:
    try:
        stored = known | finished.result()
    except Refused as refusal:
        return [refusal if isinstance(one, str) else one for one in order]
    return [stored[one] if isinstance(one, str) else one for one in order]


def _read_one(opened: Source) -> _Found:
    if isinstance(opened, storage.RegularFile):
        return _read_file(opened)
    try:
        with opened() as source:
            return packs.read_small(source) or storage.take_in(source)
    except (Refused, OSError) as failure:
        return failure


def _read_file(file: storage.RegularFile) -> _Found:
    try:
        small = packs.read_small_regular(file.path)
    except (Refused, OSError) as failure:
        return failure
    if small is None:
        return _read_whole(file)
    file.has_been_read(len(small.content))
    return small


def _known(files: Sequence[Read]) -> dict[str, storage.TakenIn]:
    """Which bytes the vault has already, by their digest."""
    lookup = storage.lookups()
    named = {one.sha256: lookup(one.sha256) for one in files}
    rows = StoredFile.objects.filter(lookup__in=list(named.values())).select_related("pack")
    sound = {bytes(row.lookup): row for row in rows if is_sound(row)}
    return {
        one.sha256: _as_taken(row, one) for one in files if (row := sound.get(named[one.sha256]))
    }


def _as_taken(row: StoredFile, file: Read) -> storage.TakenIn:
    return storage.TakenIn(
        sha256=file.sha256,
        size=row.size,
        stored_name=row.stored_name,
        stored_size=row.stored_size,
        wrapped_key=bytes(row.wrapped_key),
        lookup=bytes(row.lookup),
        section=row.section,
        head=file.head,
    )


def is_sound(file: StoredFile) -> bool:
    """Say whether a file is there, whole, and opens; the scrub looks at the bytes in between."""
    section = file.section
    name, size = (
        (section.pack, section.pack_size) if section else (file.stored_name, file.stored_size)
    )
    if file.damage or not storage.is_whole(name, size):
        return False
    try:
        open_stored(file).close()
    except Untrusted:
        return False
    return True


def _groups_apart(
    sources: Iterator[_Item], waiting: list[_Item], ahead: int, helper: Apart, beside: Executor
) -> Iterator[_GroupApart]:
    """Let the helper read and seal. It reads a group while the rows of another are written.

    waiting: is left with what was asked for, if the helper ends. ahead: how many files a pack
    takes, as far as one knows. Raises apart.Gone.
    """
    group: _GroupApart | None = None
    answers = _ask(sources, waiting, ahead, helper, beside)
    while answers is not None:
        answered = answers.result()
        group = _GroupApart(waiting[: len(answered)], answered, helper, beside)
        del waiting[: len(answered)]
        try:
            answers = _ask(sources, waiting, len(answered), helper, beside)
        except apart.Gone:
            yield group  # it was asked for before, and is no longer in `waiting`
            raise
        yield group
    if group is not None:
        wait([group.finished])


def _ask(
    sources: Iterator[_Item], waiting: list[_Item], ahead: int, helper: Apart, beside: Executor
) -> Future[list[Answer]] | None:
    """Ask for the next files, somewhat more than are likely to come into a pack."""
    at_most = min(packs.PACK_FILES, ahead * 3 // 2 + 16)
    size = sum(len(one.content) for one in waiting if isinstance(one, packs.Small))
    while len(waiting) < at_most and size < packs.PACK_BYTES:
        one = next(sources, None)
        if one is None:
            break
        if callable(one) and not isinstance(one, storage.RegularFile):
            one = _read_one(one)
        size += len(one.content) if isinstance(one, packs.Small) else 0
        waiting.append(one)
    if not waiting:
        return None
    helper.ask_to_read([_given(one) for one in waiting], packs.PACK_BYTES)
    return beside.submit(helper.what_was_read)


def _given(one: _Item) -> Given:
    if isinstance(one, storage.RegularFile):
        return os.fspath(one.path)
    return one.content if isinstance(one, packs.Small) else b""


class _GroupApart:
    """Files that come into one pack and that the helper holds: it seals what is new of them."""

    def __init__(
        self, items: list[_Item], answers: list[Answer], helper: Apart, beside: Executor
    ) -> None:
        self._items, self._beside, self._packing = items, beside, packs.Packing()
        self._order = [_outcome(*each) for each in zip(items, answers, strict=True)]
        numbers = {one.sha256: at for at, one in enumerate(self._order) if isinstance(one, Read)}
        held = {one.sha256: one for one in self._order if isinstance(one, Read)}
        self._known = _known(list(held.values()))
        fresh = [one for sha256, one in held.items() if sha256 not in self._known]
        self.finished = self._begun(fresh, [numbers[one.sha256] for one in fresh], helper)

    def _begun(
        self, fresh: list[Read], numbers: list[int], helper: Apart
    ) -> Future[dict[str, storage.TakenIn]]:
        if not fresh:
            return self._beside.submit(self._packing.finish)
        keys = packs.new_keys(len(fresh))
        try:
            path = self._packing.begin(sum(one.size for one in fresh))
            helper.ask_to_seal(path, numbers, keys)
        except Refused as refusal:
            return self._beside.submit(_raising, refusal)
        except BaseException:
            self._packing.leave()
            raise
        return self._beside.submit(self._finish, fresh, keys, helper)

    def _finish(self, fresh: list[Read], keys: bytes, helper: Apart) -> dict[str, storage.TakenIn]:
        try:
            self._packing.filled(fresh, keys, helper.what_was_sealed())
        except BaseException:
            self._packing.leave()
            raise
        return self._packing.finish()

    def durable(self) -> list[Taken]:
        """Return what became of each file, in order, when all of it is durable."""
        order = [one.sha256 if isinstance(one, Read) else one for one in self._order]
        try:
            return _in_order(order, self._known, self.finished)
        except apart.Gone:
            return self._read_here()

    def _read_here(self) -> list[Taken]:
        """The helper ended before the pack was written: read the files again."""
        group = _Group(self._beside)
        for item, one in zip(self._items, self._order, strict=True):
            group.read(item if isinstance(one, Read) else one)
        group.close()
        return group.durable()


def _outcome(item: _Item, answer: Answer) -> Read | Taken:
    if isinstance(item, (storage.TakenIn, Refused, OSError)):
        return item
    if isinstance(answer, Refusal):
        return Refused(answer.code)
    if answer is None:
        return _read_whole(cast("storage.RegularFile", item))
    if isinstance(answer, Read) and isinstance(item, storage.RegularFile):
        item.has_been_read(answer.size)
    return answer


def _read_whole(file: storage.RegularFile) -> Taken:
    try:
        with file() as source:
            taken = storage.take_in(source)
    except (Refused, OSError) as failure:
        return failure
    file.has_been_read(taken.size)
    return taken


def _raising(refusal: Refused) -> dict[str, storage.TakenIn]:
    raise refusal
