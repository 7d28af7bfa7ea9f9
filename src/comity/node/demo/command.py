"""`comity demo`: start two nodes, play the story, print where to look, stay up until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from comity.node.demo import processes, script
from comity.node.demo.processes import DemoStopped, Place

PORTS = {"kyiv": (8101, 8102), "tokyo": (8201, 8202), "tsa": (8301,)}


def arguments() -> argparse.ArgumentParser:
    """What `comity demo` takes."""
    parser = argparse.ArgumentParser(
        prog="comity demo",
        description="Two nodes on this machine play the main job: from a testimony in a hub near "
        "Kyiv to evidence from Tokyo that anyone can verify.",
    )
    parser.add_argument("--once", action="store_true", help="end when the story is told")
    parser.add_argument("--report", type=Path, help="write the steps as JSON to this file")
    parser.add_argument(
        "--evidence", type=Path, nargs="+", default=[], metavar="PATH",
        help="files that the person hands over, in place of invented ones",
    )  # fmt: skip
    parser.add_argument("--database-url", default="", help="a PostgreSQL server for both nodes")
    parser.add_argument("--folder", type=Path, default=Path("var/demo"))
    return parser


class Stage:
    """The demonstration while it runs: two nodes, a time-stamp authority, the steps done."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder: Path = options.folder.resolve()
        self.steps: list[dict[str, Any]] = []
        self.tsa: subprocess.Popen[Any] | None = None
        ports = self._ports()
        self.tsa_port = ports["tsa"][0]
        self.kyiv = Place(
            key="kyiv",
            node_id="opg-kyiv.comity.example",
            state="UA",
            names={
                "uk": "Офіс прокурора, Київ",
                "ja": "キーウ検察庁",
                "en": "Prosecutor's Office, Kyiv",
            },
            language="uk",
            time_zone="Europe/Kyiv",
            pages_port=ports["kyiv"][0],
            exchange_port=ports["kyiv"][1],
            home=self.folder / "kyiv",
        )
        self.tokyo = Place(
            key="tokyo",
            node_id="moj-tokyo.comity.example",
            state="JP",
            names={
                "uk": "Міністерство юстиції, Токіо",
                "ja": "法務省刑事局",
                "en": "Ministry of Justice, Tokyo",
            },
            language="ja",
            time_zone="Asia/Tokyo",
            pages_port=ports["tokyo"][0],
            exchange_port=ports["tokyo"][1],
            home=self.folder / "tokyo",
        )

    @staticmethod
    def _ports() -> dict[str, tuple[int, ...]]:
        wanted = [port for ports in PORTS.values() for port in ports]
        if all(processes.port_is_free(port) for port in wanted):
            return PORTS
        free = iter(processes.free_ports(len(wanted)))
        return {name: tuple(next(free) for _ in ports) for name, ports in PORTS.items()}

    @property
    def places(self) -> list[Place]:
        """Both nodes."""
        return [self.kyiv, self.tokyo]

    def step(self, name: str, work: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        """Do one step, time it, print it, keep it for the report."""
        started = time.perf_counter()
        try:
            found = work() or {}
        except DemoStopped:
            self.steps.append({"name": name, "ok": False, "seconds": _since(started)})
            print(f"  ✗ {name}", flush=True)  # noqa: T201
            raise
        seconds = _since(started)
        self.steps.append({"name": name, "ok": True, "seconds": seconds, **found})
        said = f" · {found['said']}" if found.get("said") else ""
        print(f"  ✓ {name} ({seconds:.1f} s){said}", flush=True)  # noqa: T201
        return found

    def prepare(self) -> None:
        """Make both nodes anew and start everything."""
        if self.folder.exists():
            if not (self.folder / "demo").exists() and any(self.folder.iterdir()):
                raise DemoStopped(f"{self.folder} holds something else; choose another folder.")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        (self.folder / "demo").touch()
        self.tsa = processes.start_tsa(self.folder / "tsa", self.tsa_port)
        root = next((self.folder / "tsa").glob("*ca*.pem"))
        if self.options.database_url:
            for place in self.places:
                place.database_url = processes.fresh_database(
                    self.options.database_url, f"comity_demo_{place.key}"
                )
        makers = [place.init(f"http://127.0.0.1:{self.tsa_port}/", root) for place in self.places]
        if any(maker.wait() for maker in makers):
            raise DemoStopped("A node could not be made; its message stands above.")
        for place in self.places:
            place.start_teller()
            place.start()
        for place in self.places:
            place.wait_until_listening()

    def stop(self) -> None:
        """End every process."""
        for place in self.places:
            place.stop()
        if self.tsa is not None:
            processes.end_group(self.tsa)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 2)


def _write_report(stage: Stage, path: Path | None, verdict: str, began: float) -> None:
    if path is None:
        return
    document = {
        "steps": stage.steps,
        "verdict": verdict,
        "seconds": _since(began),
        "story_seconds": round(sum(step["seconds"] for step in stage.steps[1:]), 2),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main(argv: list[str]) -> int:
    """Run the demonstration: 0 when the story holds, 1 when not, 2 for wrong arguments."""
    options = arguments().parse_args(argv)
    missing = [str(path) for path in options.evidence if not path.exists()]
    if missing:
        print("These files are not there: " + ", ".join(missing))  # noqa: T201
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt(stop))
    began = time.perf_counter()
    stage = Stage(options)
    verdict = "failed"
    try:
        print("Comity: two nodes on this machine. All people and events are invented.\n")  # noqa: T201
        stage.step("Make two nodes and start them", stage.prepare)
        verdict = script.play(stage)
        _write_report(stage, options.report, verdict, began)
        print(f"\nVerdict: {verdict}. {_since(began):.0f} s in all.")  # noqa: T201
        if not options.once:
            _stay_up(stage, stop)
    except (DemoStopped, KeyboardInterrupt) as ended:
        _write_report(stage, options.report, verdict, began)
        print(f"\n{ended}" if str(ended) else "\nStopped.", file=sys.stderr)  # noqa: T201
        return 1 if isinstance(ended, DemoStopped) else 130
    finally:
        stage.stop()
    return 0 if verdict == script.GOOD_VERDICT else 1


def _stay_up(stage: Stage, stop: threading.Event) -> None:
    """Keep the nodes running until Ctrl-C; Enter prints the codes of the moment."""
    script.say_where(stage)
    listening = sys.stdin is not None and sys.stdin.isatty()
    while not stop.is_set():
        ready = select.select([sys.stdin], [], [], 1.0)[0] if listening else stop.wait(1.0)
        if ready and listening and sys.stdin.readline():
            script.say_where(stage)


def _interrupt(stop: threading.Event) -> None:
    if stop.is_set():
        return
    stop.set()
    raise KeyboardInterrupt
