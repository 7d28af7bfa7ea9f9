"""How long until the first frame of a large encrypted film, and until one in its middle.

A real film (H.264, 8 Mbit/s, over an hour) is taken into evidence twice: with its index at the end,
as cameras write it, and at the start. A player reads it as browsers do: one request for the rest of
the file from where it stands, cut off and asked anew where it must jump. The server is the one that
`comity serve` starts, reached over loopback with an officer's session; the decoder is FFmpeg's.
Beside it in the same run: the same film unencrypted, read from the same disk without a server.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import av
import measure

GOAL_MS = 200.0
PIECE = 64 * 1024
MEBIBYTE = 1 << 20
INDEX = {"end": [], "start": ["-movflags", "+faststart"]}


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.set_defaults(rounds=9)
    parser.add_argument("--size", type=int, default=4096, help="MiB of the film")
    parser.add_argument("--folder", type=Path, help="where to write; the disk to be measured")
    parser.add_argument("--take-in", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.take_in:
        print(json.dumps(taken_in(chosen.take_in)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        rows = measured(Path(folder), chosen)
    measure.write("viewer", rows, chosen.output)


class Ranged(io.RawIOBase):
    """A film on a server, read as a browser does."""

    def __init__(self, port: int, path: str, cookie: str) -> None:
        super().__init__()
        self._port, self._path, self._headers = port, path, {"Cookie": cookie}
        self._at, self._size, self.requests = 0, 0, 0
        self._connection: http.client.HTTPConnection | None = None
        self._ask(0)

    def _ask(self, start: int) -> None:
        if self._connection:
            self._connection.close()
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        self._connection.request(
            "GET", self._path, headers=self._headers | {"Range": f"bytes={start}-"}
        )
        self._answer = self._connection.getresponse()
        assert self._answer.status == 206, self._answer.status
        self._size = int(self._answer.headers["Content-Range"].rpartition("/")[2])
        self._at = self._from = start
        self.requests += 1

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        if 0 <= self._at - self._from <= PIECE:  # close enough to read on
            self._answer.read(self._at - self._from)
        elif self._at != self._from:
            self._ask(self._at)
        count = self._answer.readinto(buffer)
        self._at += count
        self._from = self._at
        return count

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        super().close()


def first_frame(source: Any, at_seconds: float = 0) -> None:
    """Decode the first frame, or the first one after a place."""
    with av.open(source, "r") as container:
        if at_seconds:
            container.seek(int(at_seconds * av.time_base))
        next(iter(container.decode(video=0)))


def measured(folder: Path, chosen: argparse.Namespace) -> list[measure.Row]:
    films = {place: made(folder, place, chosen.size) for place in INDEX}
    home = folder / "node"
    home.mkdir()
    environment = os.environ | {
        "COMITY_HOME": str(home),
        "SECRET_KEY": "only-for-benchmarks",
        "DJANGO_SETTINGS_MODULE": "comity.node.settings",
        "COMITY_RESERVED_DISK_BYTES": "0",
        "COMITY_LISTENER": "pages",
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
    }
    command = [sys.executable, __file__, "--take-in", str(folder)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    known = json.loads(done.stdout.splitlines()[-1])
    port, server = served(home, environment)
    try:
        return [row for place, film in films.items()
                for row in rows(place, film, known, port, chosen)]  # fmt: skip
    finally:
        server.terminate()
        server.wait()


def rows(
    place: str, film: Path, known: dict[str, Any], port: int, chosen: argparse.Namespace
) -> list[measure.Row]:
    """Figures of one film; every round takes our own and the plain one, one after another."""
    length = known["seconds"][place]
    seen: dict[str, list[float]] = {}
    counts = []

    def through(at: float) -> None:
        with Ranged(port, known["paths"][place], known["cookie"]) as source:
            first_frame(source, at)
            counts.append(source.requests)

    through(0)  # the server's first answer loads its code
    for _ in range(chosen.rounds):
        for name, work in {
            "own": lambda: through(0),
            "middle": lambda: through(length / 2),
            "plain": lambda: first_frame(str(film)),
            "plain_middle": lambda: first_frame(str(film), length / 2),
        }.items():
            seen.setdefault(name, []).append(took_ms(work))
    median = {name: measure.median(values) for name, values in seen.items()}
    size = film.stat().st_size / 1e9
    what = f"of a film of {size:.1f} GB with its index at the {place}, {max(counts)} requests"
    return [
        measure.Row(
            f"viewer.{place}.{name}",
            f"{words} {what}",
            median[name],
            "ms",
            f"<= {GOAL_MS:.0f} ms",
            median[name] <= GOAL_MS,
            limit={"what": "the plain file, no server", "median": median[plain]},
            spread=seen[name],
        )
        for name, words, plain in (
            ("own", "first frame", "plain"),
            ("middle", "a frame in the middle", "plain_middle"),
        )
    ]  # fmt: skip


def took_ms(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def made(folder: Path, place: str, megabytes: int) -> Path:
    """A film of that size: one clip again and again, with a real index over all of it."""
    clip = folder / "clip.mp4"
    if not clip.exists():
        _ffmpeg("-f", "lavfi", "-i", "testsrc2=duration=20:size=1280x720:rate=25",
                "-vf", "noise=alls=30:allf=t", "-c:v", "libx264", "-preset", "ultrafast",
                "-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "8M",
                "-g", "50", "-pix_fmt", "yuv420p", str(clip))  # fmt: skip
    loops = megabytes * MEBIBYTE // clip.stat().st_size
    film = folder / f"{place}.mp4"
    _ffmpeg("-stream_loop", str(loops), "-i", str(clip), "-c", "copy", *INDEX[place], str(film))
    return film


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", *arguments], check=True)


def served(home: Path, environment: dict[str, str]) -> tuple[int, subprocess.Popen[bytes]]:
    os.environ.update(environment)
    import django

    django.setup()
    from tests.conftest import free_port, wait_for_port

    from comity.node.management.commands.serve import listener_command

    port = free_port()
    command = listener_command("pages", host="127.0.0.1", port=port, workers=1, keys=home / "keys")
    server = subprocess.Popen(command, env=environment)
    wait_for_port(port, server, seconds=60)
    return port, server


def taken_in(folder: Path) -> dict[str, Any]:
    """In a process of its own: a node, both films in it, and a session that has opened them."""
    from vault import _ingest, _node

    officer, access = _node()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse
    from tests.officers import give_second_step

    from comity.evidence.models import Item

    call_command("createcachetable", verbosity=0)
    client = Client()
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    give_second_step(officer)
    known: dict[str, Any] = {"paths": {}, "seconds": {}}
    for place in INDEX:
        with (folder / f"{place}.mp4").open("rb", buffering=0) as source:
            _ingest(officer, access, source)
        item = Item.objects.first()
        opened = client.post(reverse("item_open", args=[item.pk]), {"purpose": "case_work"})
        assert opened.status_code == 302, opened.status_code
        known["paths"][place] = reverse("item_show", args=[item.pk])
        with av.open(str(folder / f"{place}.mp4"), "r") as container:
            known["seconds"][place] = container.duration / av.time_base
    name = settings.SESSION_COOKIE_NAME
    known["cookie"] = f"{name}={client.cookies[name].value}"
    return known


if __name__ == "__main__":
    main()
