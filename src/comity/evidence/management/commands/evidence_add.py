"""Take files and folders of this machine into evidence, for a case and in an officer's name."""

from __future__ import annotations

import json
import os
import sys
import uuid
from argparse import ArgumentParser
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Compartment, NodeActor
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.management.officers import officer_of_command
from comity.evidence.management.progress import Progress
from comity.evidence.models import Item
from comity.evidence.rules import OTHER_KIND, STATED_FACTS, TITLE_AT_MOST, Origin, plain_line
from comity.ui.labels import label
from comity.vault import actions as vault
from comity.vault.storage import RegularFile

FORM = 2  # of the report: the uids follow from the files' states too


class Command(BaseCommand):
    help = "Take files and whole folders into evidence: evidence_add PATH... --case --officer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--case", required=True, type=uuid.UUID)
        parser.add_argument("--officer", required=True, metavar="EMAIL")
        parser.add_argument("--kind", default=OTHER_KIND, help="an id of evidence_types.yaml")
        parser.add_argument("--title", help="for every file; by default its name")
        parser.add_argument(
            "--compartment",
            default=Compartment.INVESTIGATION.value,
            choices=[each.value for each in Compartment],
        )
        parser.add_argument(
            "--report",
            type=Path,
            help="write a line of JSON for each file; run again with the same report and paths, "
            "the command goes on where it was stopped and takes in what changed",
        )
        _add_custody(parser)

    def handle(self, *args: Any, paths: list[Path], officer: str, **options: Any) -> None:
        actor = officer_of_command(officer)
        shared = _shared(options)
        report = Report(options["report"])
        if left := vault.sweep_stopped(NodeActor("command")):
            self.stdout.write(f"{left} unfinished files of a stopped intake were removed.")
        try:
            tree = Tree(paths)
            refused, count = self._take(actor, tree.files, report, shared, options["title"])
            hidden = self._tell_folders(tree, report)
        except Refused as refusal:
            raise CommandError(str(label(refusal))) from refusal
        finally:
            report.close()
        said = [f"{refused} of {count} files were not taken in."] if refused else []
        said += [f"{hidden} folders could not be read."] if hidden else []
        if said:
            raise CommandError(" ".join(said))

    def _take(
        self,
        actor: Officer,
        found: list[Named],
        report: Report,
        shared: actions.Shared,
        title: str | None,
    ) -> tuple[int, int]:
        left = self._left(actor, found, report)
        self._progress = Progress([one.path for one in left], sys.stderr)
        incoming = (
            actions.Incoming(
                opened=RegularFile(one.path, self._progress.read),
                title=title or plain_line(_last(one.path))[:TITLE_AT_MOST] or "-",
                original_name=one.name,
                once=report.uid_of(one.path),
            )
            for one in left
        )
        results = actions.ingest_many(actor, incoming, shared)
        refused = 0
        for number, (one, result) in enumerate(zip(left, results, strict=True), 1):
            refused += not isinstance(result, Item)
            self._progress.clear()
            self._say(number, result, report.note(one.path, result))
            self._progress.file_done()
        self._progress.clear()
        return refused, len(left)

    def _left(self, actor: Officer, found: list[Named], report: Report) -> list[Named]:
        """The files that an earlier, stopped run of this intake did not take in."""
        if not report.goes_on:
            return found
        once = {one.path: report.uid_of(one.path) for one in found}
        there = actions.taken_already(actor, list(once.values()))
        left = [one for one in found if once[one.path] not in there]
        for one in found:
            if once[one.path] in there:
                report.note(one.path, there[once[one.path]])
        if there:
            self.stdout.write(f"{len(there)} files were taken in before; {len(left)} are left.")
        return left

    def _say(self, number: int, result: Item | Refused | OSError, before: str) -> None:
        if isinstance(result, Item):
            changed = f" (changed since {before} was made of it)" if before else ""
            digest = f"{result.sha256} {result.size}"
            self.stdout.write(f"File {number}: {result.number} {digest}{changed}")
        else:
            self.stderr.write(f"File {number}: {_reason(result)}")

    def _tell_folders(self, tree: Tree, report: Report) -> int:
        """Name the folders that hold nothing or cannot be read; return how many cannot."""
        for path in tree.empty:
            report.note_folder(path, "empty")
        for path, failure in tree.unread:
            report.note_folder(path, failure.strerror or "")
            self.stderr.write(f"A folder cannot be read: {failure.strerror}")
        if tree.empty:
            self.stdout.write(f"{len(tree.empty)} folders are empty; the report names them.")
        return len(tree.unread)


def _add_custody(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how the files were obtained, as the custody of each says")
    group.add_argument("--acquired-by", default="", metavar="NAME", help="who obtained them")
    group.add_argument("--acquired-at", default="", metavar="TIME", help="2026-11-20T09:30+02:00")
    group.add_argument("--not-stated", action="store_true", help="nobody knows who, or when")
    group.add_argument("--place", default="")
    group.add_argument("--device", default="")
    group.add_argument("--method", default="command line", help="an id of the ways, or words")
    group.add_argument("--authority", default="", help="decision or order, with its number")
    group.add_argument(
        "--fact",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help=f"more of the custody: {', '.join(STATED_FACTS)}",
    )


class Named(NamedTuple):
    """A file, and its path from the folder that was named, that one included, as bytes.

    path: text, for of hundreds of thousands, paths would take ten times the memory.
    """

    path: str
    name: bytes


class Tree:
    """The files named, and of a folder every file under it, in the order of their names.

    empty: folders in which nothing lies. unread: folders that cannot be read, and why.
    """

    def __init__(self, paths: list[Path]) -> None:
        self.files: list[Named] = []
        self.empty: list[Path] = []
        self.unread: list[tuple[Path, OSError]] = []
        for path in paths:
            if not path.is_dir() or path.is_symlink():
                self.files.append(Named(str(path), os.fsencode(path.name)))
            else:
                self._walk(path)

    def _walk(self, root: Path) -> None:
        above = len(str(root.absolute().parent / "-")) - 1
        for at, folders, names in os.walk(root, onerror=self._note_unread):
            folder = Path(at)
            if not folders and not names:
                self.empty.append(folder)
            folders.sort()
            links = [name for name in folders if (folder / name).is_symlink()]
            before = str(folder / "-")[:-1]
            kept = str(folder.absolute() / "-")[above:-1]
            self.files += (
                Named(before + name, os.fsencode(kept + name)) for name in sorted([*names, *links])
            )

    def _note_unread(self, failure: OSError) -> None:
        self.unread.append((Path(failure.filename), failure))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _reason(result: Refused | OSError) -> str:
    return str(label(result)) if isinstance(result, Refused) else str(result.strerror)


def _shared(options: dict[str, Any]) -> actions.Shared:
    by, at = options["acquired_by"], options["acquired_at"]
    if not (options["not_stated"] or (by and at)):
        raise CommandError(
            "Say who obtained the files and when: --acquired-by and --acquired-at. If nobody "
            "knows, --not-stated: the custody then says so."
        )
    return actions.Shared(
        kind=options["kind"],
        access=[("case", options["case"])],
        origin=Origin.INVESTIGATION,
        acquisition=actions.Acquisition(
            acquired_by=by,
            acquired_at=_moment(at) if at else None,
            place=options["place"],
            device=options["device"],
            method=options["method"],
            legal_authority=options["authority"],
            facts=dict(map(_fact, options["fact"])),
        ),
        compartment=options["compartment"],
    )


def _moment(stated: str) -> datetime:
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        raise CommandError("--acquired-at is no time such as 2026-11-20T09:30+02:00.") from None
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _fact(stated: str) -> tuple[str, str]:
    name, _, text = stated.partition("=")
    if name not in STATED_FACTS or not text:
        raise CommandError(f"--fact is NAME=TEXT, with a name of: {', '.join(STATED_FACTS)}.")
    return name, text


class Report:
    """What became of each file, one line of JSON each; its first line names the intake.

    The uid of an item follows from the intake, the path and the file's state, so the database
    tells what was taken in before a stop, whatever the report still had to say.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        self._intake, self._form = uuid.uuid4(), FORM
        self._noted: dict[str, list[str]] = {}
        self._here = os.fsencode(Path.cwd() / "-")[:-1]
        self.goes_on = False
        if path is None:
            return
        try:
            if path.exists():
                self._read(path)
            # It names files, so nobody else on this machine reads it.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as failure:
            raise CommandError(f"The report cannot be written: {failure.strerror}.") from failure
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)
        if path.stat().st_size == 0:
            self._write({"intake": str(self._intake), "form": FORM})
        else:
            self._file.write("\n")  # a stop may have left half a line

    def _read(self, path: Path) -> None:
        stated = [_json(line) for line in path.read_text("utf-8", "replace").split("\n")]
        if not any(stated) and path.stat().st_size == 0:
            return
        try:
            self._intake = uuid.UUID(str(stated[0].get("intake")))
        except ValueError:
            raise CommandError("This report is not one of this command.") from None
        self.goes_on = True
        self._form = int(stated[0].get("form", 1))
        for one in stated:
            if one.get("item"):
                self._noted.setdefault(str(one.get("path")), []).append(str(one["item"]))

    def uid_of(self, path: str) -> uuid.UUID:
        """The uid of the item that this file becomes in this intake; of a changed one, another."""
        absolute = os.fsencode(path) if path.startswith("/") else self._here + os.fsencode(path)
        words = absolute.hex()
        if self._form > 1:  # a report of an earlier version goes on as it began
            with suppress(OSError):
                state = os.lstat(path)
                words += f":{state.st_size}:{state.st_mtime_ns}"
        return uuid.uuid5(self._intake, words)

    def note(self, path: str, result: Item | Refused | OSError) -> str:
        """Write what became of a file, once; return the number of an item of its earlier bytes."""
        stated: dict[str, Any] = {"path": path}
        before = self._noted.setdefault(stated["path"], [])
        if not isinstance(result, Item):
            stated["refused"] = result.code if isinstance(result, Refused) else result.strerror
            self._write(stated)
            return ""
        if result.number in before:
            return ""
        earlier = before[-1] if before else ""
        stated |= {"item": result.number, "sha256": result.sha256, "size": result.size}
        self._write(stated | ({"changed_since": earlier} if earlier else {}))
        before.append(result.number)
        return earlier

    def note_folder(self, path: Path, what: str) -> None:
        """Write that a folder is empty, or why it cannot be read."""
        self._write({"folder": os.fspath(path), "state": what})

    def _write(self, stated: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(stated) + "\n")

    def close(self) -> None:
        """End the report."""
        if self._file is not None:
            self._file.close()


def _json(line: str) -> dict[str, Any]:
    try:
        stated = json.loads(line)
    except ValueError:
        return {}
    return stated if isinstance(stated, dict) else {}
