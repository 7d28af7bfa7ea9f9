"""Take files and folders of this machine into evidence, for a case and in an officer's name."""

from __future__ import annotations

import json
import os
import sys
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Compartment
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.management.progress import Progress
from comity.evidence.models import Item
from comity.evidence.rules import OTHER_KIND, TITLE_AT_MOST, Origin, plain_line
from comity.ui.labels import label
from comity.vault.storage import RegularFile


class Command(BaseCommand):
    help = "Take files and whole folders into evidence: evidence_add PATH... --case --officer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--case", required=True, type=uuid.UUID)
        parser.add_argument("--officer", required=True, metavar="EMAIL")
        parser.add_argument("--kind", default=OTHER_KIND, help="an id of evidence_types.yaml")
        parser.add_argument("--title", help="for every file; by default its name")
        parser.add_argument("--authority", default="", help="decision or order, with its number")
        parser.add_argument("--compartment", default=Compartment.INVESTIGATION, choices=Compartment)
        parser.add_argument(
            "--report",
            type=Path,
            help="write a line of JSON for each file; run again with the same report and paths, "
            "the command goes on where it was stopped",
        )

    def handle(self, *args: Any, paths: list[Path], officer: str, **options: Any) -> None:
        actor = Officer.objects.filter(email__iexact=officer, is_active=True).first()
        if actor is None:
            raise CommandError("No officer signs in with this address.")
        actor.signed_in_by = "command_line"
        report = Report(options["report"])
        try:
            refused, count = self._take(actor, list(_files(paths)), report, options)
        except Refused as refusal:
            raise CommandError(str(label(refusal))) from refusal
        finally:
            report.close()
        if refused:
            raise CommandError(f"{refused} of {count} files were not taken in.")

    def _take(
        self, actor: Officer, files: list[str], report: Report, options: dict[str, Any]
    ) -> tuple[int, int]:
        left = self._left(actor, files, report)
        self._progress = Progress(left, sys.stderr)
        incoming = (
            actions.Incoming(
                opened=RegularFile(path, self._progress.read),
                title=options["title"] or plain_line(_name(path))[:TITLE_AT_MOST] or "-",
                original_name=_name(path),
                once=report.uid_of(path),
            )
            for path in left
        )
        results = actions.ingest_many(actor, incoming, _shared(actor, options))
        refused = 0
        for number, (path, result) in enumerate(zip(left, results, strict=True), 1):
            refused += not isinstance(result, Item)
            self._progress.clear()
            self._say(number, result)
            report.note(path, result)
            self._progress.file_done()
        self._progress.clear()
        return refused, len(left)

    def _left(self, actor: Officer, files: list[str], report: Report) -> list[str]:
        """The files that an earlier, stopped run of this intake did not take in."""
        if not report.goes_on:
            return files
        once = {path: report.uid_of(path) for path in files}
        there = actions.taken_already(actor, list(once.values()))
        left = [path for path in files if once[path] not in there]
        for path in files:
            if once[path] in there:
                report.note(path, there[once[path]])
        if there:
            self.stdout.write(f"{len(there)} files were taken in before; {len(left)} are left.")
        return left

    def _say(self, number: int, result: Item | Refused | OSError) -> None:
        if isinstance(result, Item):
            self.stdout.write(f"File {number}: {result.number} {result.sha256} {result.size}")
        else:
            self.stderr.write(f"File {number}: {_reason(result)}")


def _files(paths: list[Path]) -> Iterator[str]:
    """The files named, and of a folder every file under it, in the order of their names.

    As text: of hundreds of thousands, paths would take ten times the memory.
    """
    for path in paths:
        if not path.is_dir() or path.is_symlink():
            yield str(path)
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            before = str(Path(folder) / "-")[:-1]
            yield from (before + name for name in sorted([*names, *links]))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _reason(result: Refused | OSError) -> str:
    return str(label(result)) if isinstance(result, Refused) else str(result.strerror)


def _shared(actor: Officer, options: dict[str, Any]) -> actions.Shared:
    return actions.Shared(
        kind=options["kind"],
        access=[("case", options["case"])],
        origin=Origin.INVESTIGATION,
        acquisition=actions.Acquisition(
            acquired_by=actor.name,
            acquired_at=timezone.now(),
            method="command line",
            legal_authority=options["authority"],
        ),
        compartment=options["compartment"],
    )


class Report:
    """What became of each file, one line of JSON each; its first line names the intake.

    The uid of an item follows from the intake and the path, so the database tells what was taken
    in before a stop, whatever the report still had to say.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        self._intake, self._noted = uuid.uuid4(), set[str]()
        self._here = os.fsencode(Path.cwd() / "-")[:-1]
        self.goes_on = False
        if path is None:
            return
        if path.exists():
            self._read(path)
        # It names files, so nobody else on this machine reads it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)
        if path.stat().st_size == 0:
            self._write({"intake": str(self._intake)})
        else:
            self._file.write("\n")  # a stop may have left half a line

    def _read(self, path: Path) -> None:
        stated = [_json(line) for line in path.read_text("utf-8", "replace").split("\n")]
        try:
            self._intake = uuid.UUID(str(stated[0].get("intake")))
        except ValueError:
            raise CommandError("This report is not one of this command.") from None
        self.goes_on = True
        self._noted = {str(one.get("path")) for one in stated if one.get("item")}

    def uid_of(self, path: str) -> uuid.UUID:
        """The uid of the item that this file becomes in this intake."""
        absolute = os.fsencode(path) if path.startswith("/") else self._here + os.fsencode(path)
        return uuid.uuid5(self._intake, absolute.hex())

    def note(self, path: str, result: Item | Refused | OSError) -> None:
        """Write what became of a file, once."""
        stated: dict[str, Any] = {"path": path}
        if isinstance(result, Item):
            stated |= {"item": result.number, "sha256": result.sha256, "size": result.size}
        else:
            stated["refused"] = result.code if isinstance(result, Refused) else result.strerror
        if stated["path"] not in self._noted:
            self._write(stated)

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
