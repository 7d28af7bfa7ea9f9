"""The command `comity-verify`: says offline, in plain words, how far a file can be believed.

Ends with 0 if everything that could be checked holds, with 1 if anything does not or nothing could
be checked, with 2 if the command itself cannot be followed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from comity.core import certificates, notes
from comity.core.errors import Untrusted
from comity.core.findings import Report
from comity.core.package import verify_growth, verify_package, verify_receipts
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing.descriptor import Descriptor
from comity.core.trust import Trust
from comity.core.verdict_words import LANGUAGES, finding_words, report_lines, verdict_words

HOLDS, DOES_NOT_HOLD, USAGE = 0, 1, 2
MAX_TRUST_BYTES = 1 << 20
_BROKE_OFF = {
    "uk": "НЕ ПІДТВЕРДЖЕНО. Перевірку цього файлу не вдалося довести до кінця.",
    "ja": "不合格。このファイルの検証を最後まで行えませんでした。",
    "en": "FAILED. The check of this file could not be carried through.",
}


class _Unusable(Exception):
    """What was named on the command line cannot be used."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign gets a question mark, never a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        code = _run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DOES_NOT_HOLD
    except _Unusable as error:
        sys.stderr.write(f"comity-verify: {error}\n")
        code = USAGE
    raise SystemExit(code)


def _run(options: argparse.Namespace) -> int:
    trust = Trust(
        descriptors=tuple(_descriptors(options.trust)),
        stamp_roots=tuple(_stamp_root(path) for path in options.tsa_root),
        witnesses=tuple(key for path in options.witness for key in _witnesses(path)),
    )
    try:
        report = _verify(options.package, trust, options.since)
    except _Unusable:
        raise
    except Exception as error:  # noqa: BLE001 - a hostile file may find what we did not foresee
        _write_broken(options, error)
        return DOES_NOT_HOLD
    if options.json:
        sys.stdout.writelines(_as_json(report, options.lang))
    else:
        sys.stdout.writelines(f"{line}\n" for line in report_lines(report, options.lang))
    return HOLDS if report.verdict.holds else DOES_NOT_HOLD


def _verify(path: Path, trust: Trust, since: Path | None) -> Report:
    try:
        if not path.is_file():
            raise _Unusable(f"not a file: {path}")
        with path.open("rb") as source:
            start = source.read(3)
            source.seek(0)
            if since is not None:
                return verify_growth(source.read(MAX_TRUST_BYTES), _trusted_bytes(since), trust)
            if start == b"eyJ":  # the head of a JWS: {"… in base64url
                return verify_receipts(source, trust)
            return verify_package(source, trust, datetime.now(UTC))
    except OSError as error:
        raise _Unusable(f"cannot read {path}: {error.strerror}") from error


def _write_broken(options: argparse.Namespace, error: Exception) -> None:
    kind = type(error).__name__
    if options.json:
        broken = {"verdict": "FAILED", "text": _BROKE_OFF[options.lang], "error": kind}
        sys.stdout.write(json.dumps(broken, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{_BROKE_OFF[options.lang]} ({kind})\n")


def _as_json(report: Report, language: str) -> Iterator[str]:
    """Give one object in pieces, a finding a line: there may be tens of thousands."""
    written = json.JSONEncoder(ensure_ascii=False).encode
    head = {
        "kind": report.kind,
        "verdict": report.verdict.value,
        "holds": report.verdict.holds,
        "text": verdict_words(report.verdict, language),
    }
    yield written(head).removesuffix("}") + ', "findings": ['
    for number, finding in enumerate(report.findings):
        stated = {
            "code": finding.code,
            "ok": finding.ok,
            "subject": finding.subject,
            "facts": finding.facts,
            "text": finding_words(finding, language),
        }
        yield f"{',' if number else ''}\n{written(stated)}"
    yield "\n]}\n"


def _descriptors(paths: Sequence[Path]) -> list[Descriptor]:
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.jws")) if path.is_dir() else [path]
        if not found:
            raise _Unusable(f"no descriptor (*.jws) in {path}")
        files += found
    return [_descriptor(path) for path in files]


def _descriptor(path: Path) -> Descriptor:
    try:
        return descriptors.parse(_trusted_bytes(path).decode("ascii").strip())
    except (Untrusted, UnicodeDecodeError) as error:
        raise _Unusable(f"not a node descriptor: {path} ({error})") from error


def _stamp_root(path: Path) -> bytes:
    pem = _trusted_bytes(path)
    try:
        certificates.load_certificates(pem)
    except Untrusted as error:
        raise _Unusable(f"no PEM certificate: {path}") from error
    return pem


def _witnesses(path: Path) -> list[notes.Verifier]:
    try:
        lines = _trusted_bytes(path).decode("utf-8").split("\n")
        return [notes.Verifier.parse(line) for line in lines if line]
    except (Untrusted, UnicodeDecodeError) as error:
        raise _Unusable(f"no verifier keys: {path}") from error


def _trusted_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TRUST_BYTES + 1)
    except OSError as error:
        raise _Unusable(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_TRUST_BYTES:
        raise _Unusable(f"too large: {path}")
    return data


# What the verifier is to believe; each may be given several times.
_FROM_OUTSIDE = (
    (
        "--trust",
        "DESCRIPTOR_OR_DIR",
        "descriptor (.jws) of a node you trust, or a folder of them; repeatable",
    ),
    (
        "--tsa-root",
        "PEM",
        "root certificate of a time-stamp authority you trust; repeatable",
    ),
    (
        "--witness",
        "FILE",
        "verifier keys of further ledger witnesses, one a line; repeatable",
    ),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="comity-verify",
        description="Check offline a court package, a message container (.asice) or a bundle of"
        " receipts, and say how far it can be believed.",
        epilog="Exit code: 0 all that could be checked holds, 1 something does not, 2 wrong use.",
    )
    parser.add_argument("package", type=Path, help="the file to check")
    for name, metavar, words in _FROM_OUTSIDE:
        parser.add_argument(
            name, type=Path, action="append", default=[], metavar=metavar, help=words
        )
    parser.add_argument(
        "--since",
        type=Path,
        metavar="CHECKPOINT",
        help="the file is a proof of growth: check it from this older checkpoint of the ledger",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    parser.add_argument(
        "--lang", choices=LANGUAGES, default=_language(), help="language of the answer"
    )
    return parser


def _language() -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        stated = os.environ.get(name, "")[:2]
        if stated:
            return stated if stated in LANGUAGES else "en"
    return "en"


if __name__ == "__main__":
    main()
