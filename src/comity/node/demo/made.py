"""Invented evidence, made on the spot when none is given: text, pictures, sound, records."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import wave
import zlib
from dataclasses import dataclass
from pathlib import Path

STATEMENT_UK = """Заява (вигадана особа, навчальний приклад)

17 березня 2022 року близько 16:20 я була біля школи в селищі Вербівка. Спершу я почула гул, потім
два удари один за одним. Шибки вилетіли. У підвалі школи були діти й літні люди.
Коли осів пил, я побачила уламки з написами. Один уламок із платою я віддала слідчому, на платі був
номер партії КН-4471. Мій син зняв подвір'я на телефон.
"""


@dataclass(frozen=True)
class Made:
    """One file of the story. kind: a code of evidence_types.yaml; scope: of the hub's consent."""

    name: str
    kind: str
    scope: str
    title: str
    media_type: str


def picture(path: Path, *, width: int, height: int, seed: int) -> None:
    """Write a PNG of a grey yard with a darker crater: nobody's photograph."""
    rows = bytearray()
    centre = (width * (3 + seed % 3) // 8, height * 5 // 8)
    for y in range(height):
        rows.append(0)
        for x in range(width):
            away = math.hypot(x - centre[0], (y - centre[1]) * 1.6)
            ground = 150 + ((x * 7 + y * 13 + seed * 29) % 23) - (60 if away < width // 7 else 0)
            sky = 205 - y * 40 // height
            grey = sky if y < height // 3 else ground
            rows += bytes((grey, grey, max(0, grey - 8)))
    body = zlib.compress(bytes(rows), 6)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def sound(path: Path, *, seconds: int = 4, rate: int = 16_000) -> None:
    """Write a WAV of a low hum with two strikes."""
    frames = bytearray()
    for number in range(seconds * rate):
        moment = number / rate
        hum = 0.12 * math.sin(2 * math.pi * 92 * moment)
        strike = sum(
            math.exp(-9 * (moment - at)) * math.sin(2 * math.pi * 44 * moment)
            for at in (1.2, 2.1)
            if moment >= at
        )
        frames += struct.pack("<h", int(max(-1, min(1, hum + 0.7 * strike)) * 32_000))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(frames))


def document(path: Path, title: str, lines: list[str]) -> None:
    """Write a one-page PDF with the fonts of the documents."""
    import typst

    from comity.core import documents

    fonts = Path(documents.__file__).parent / "fonts"
    text = "\n\n".join(lines)
    source = (
        '#set text(font: ("Noto Serif", "Noto Serif JP"), size: 11pt)\n'
        "#set document(date: datetime(year: 2026, month: 11, day: 1))\n"
        "#let given = json(bytes(sys.inputs.given))\n"
        "= #given.title\n#given.text\n"
    )
    path.write_bytes(
        typst.compile(  # type: ignore[misc]  # its stubs cannot tell one output from many
            source.encode("utf-8"),
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
            sys_inputs={"given": json.dumps({"title": title, "text": text})},
            pdf_standards=["a-2b"],
        )
    )


def testimony(folder: Path) -> list[tuple[Path, Made]]:
    """Make what the person hands over: a statement, two pictures, a recording, a document."""
    folder.mkdir(parents=True, exist_ok=True)
    statement, first, second = (folder / name for name in ("statement.txt", "1.png", "2.png"))
    statement.write_text(STATEMENT_UK, "utf-8")
    picture(first, width=640, height=420, seed=1)
    picture(second, width=640, height=420, seed=2)
    recording, certificate = folder / "recording.wav", folder / "certificate.pdf"
    sound(recording)
    document(
        certificate,
        "Довідка про пошкодження (вигадана)",
        ["Школа в селищі Вербівка, вул. Шкільна, 1. Оглянуто 18 березня 2022 року."],
    )
    return [
        (
            statement,
            Made("statement.txt", "witness-statement", "statement", "Заява", "text/plain"),
        ),
        (first, Made("1.png", "photo", "media", "Подвір’я школи, перший знімок", "image/png")),
        (second, Made("2.png", "photo", "media", "Подвір’я школи, уламок", "image/png")),
        (recording, Made("recording.wav", "audio", "media", "Звук влучань", "audio/wav")),
        (
            certificate,
            Made(
                "certificate.pdf",
                "civil-registry",
                "summary",
                "Довідка про пошкодження",
                "application/pdf",
            ),
        ),
    ]


def described(path: Path) -> tuple[Path, Made]:
    """Describe a file that was given on the command line by its ending."""
    kinds = {
        ".txt": ("witness-statement", "statement", "text/plain"),
        ".pdf": ("third-party-report", "summary", "application/pdf"),
        ".png": ("photo", "media", "image/png"),
        ".jpg": ("photo", "media", "image/jpeg"),
        ".jpeg": ("photo", "media", "image/jpeg"),
        ".mp4": ("user-video", "media", "video/mp4"),
        ".wav": ("audio", "media", "audio/wav"),
        ".mp3": ("audio", "media", "audio/mpeg"),
    }
    kind, scope, media_type = kinds.get(
        path.suffix.lower(), ("other", "media", "application/octet-stream")
    )
    return path, Made(path.name, kind, scope, f"Handed over: {kind}", media_type)


def execution(folder: Path) -> list[tuple[Path, Made]]:
    """Make what Tokyo's officers obtain: a provider's log and the holder's certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    log, certificate = folder / "log.csv", folder / "holder.pdf"
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["time_jst", "account", "event", "address"])
    for number in range(240):
        writer.writerow(
            [
                f"2022-02-{1 + number % 27:02d}T{number % 24:02d}:{number * 7 % 60:02d}:00+09:00",
                "parts-broker-4471",
                ("sign-in", "message", "download")[number % 3],
                f"203.0.113.{number % 250}",
            ]
        )
    log.write_text(table.getvalue(), "utf-8")
    document(
        certificate,
        "業務記録証明書（架空）",
        [
            "添付の記録は当社の通常業務において作成されたものであることを証明する。",
            "令和8年11月20日",
        ],
    )
    return [
        (log, Made("log.csv", "telecom-data", "", "Account log of the provider", "text/csv")),
        (
            certificate,
            Made("holder.pdf", "admin-decision", "", "Holder's certificate", "application/pdf"),
        ),
    ]
