"""How long the demonstration takes: two nodes made, the story told, the package verified.

`--from-clone` clones the repository into an empty folder and runs `make demo` there, which installs
into a fresh environment first (packages come from pip's and uv's caches when they are warm).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import measure

ROOT = Path(__file__).resolve().parents[1]
GOAL_TOTAL_SECONDS = 300.0
GOAL_STORY_SECONDS = 20.0


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--from-clone", action="store_true", help="clone and install first, once")
    parser.add_argument("--database-url", default="", help="a PostgreSQL server for both nodes")
    chosen = parser.parse_args()
    reports = []
    for _ in range(1 if chosen.from_clone else chosen.rounds):
        with tempfile.TemporaryDirectory() as folder:
            reports.append(told(Path(folder), chosen))
    rows = rows_of(reports, from_clone=chosen.from_clone)
    measure.write("story", rows, chosen.output)
    if not all(report["good"] for report in reports):
        sys.exit("The story did not hold; see the last lines above.")


def told(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Run the demonstration once; return its report with the seconds of the whole command."""
    report = folder / "report.json"
    arguments = ["--once", "--report", str(report), "--folder", str(folder / "demo")]
    if chosen.database_url:
        arguments += ["--database-url", chosen.database_url]
    started = time.perf_counter()
    if chosen.from_clone:
        clone = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        done = subprocess.run(
            ["make", "demo", f"ARGS={' '.join(arguments)}"], cwd=clone, check=False
        )
    else:
        comity = Path(sys.executable).with_name("comity")
        done = subprocess.run([str(comity), "demo", *arguments], check=False)
    seconds = time.perf_counter() - started
    found: dict[str, Any] = json.loads(report.read_text("utf-8")) if report.exists() else {}
    return found | {"total": seconds, "good": done.returncode == 0 and bool(found)}


def rows_of(reports: list[dict[str, Any]], *, from_clone: bool) -> list[measure.Row]:
    good = all(report["good"] for report in reports)
    totals = [report["total"] for report in reports]
    stories = [report.get("story_seconds", float("nan")) for report in reports]
    what = "clone, install, demonstration" if from_clone else "`comity demo --once`, whole command"
    total, story = measure.median(totals), measure.median(stories)
    rows = [
        measure.Row("story.total", what, total, "s", f"<= {GOAL_TOTAL_SECONDS:g} s",
                    good and total <= GOAL_TOTAL_SECONDS, spread=totals),
        measure.Row("story.story", "of that, the story without making the nodes", story, "s",
                    f"<= {GOAL_STORY_SECONDS:g} s", good and story <= GOAL_STORY_SECONDS,
                    spread=stories),
    ]  # fmt: skip
    steps = [
        {step["name"]: step["seconds"] for step in report.get("steps", [])} for report in reports
    ]
    for number, name in enumerate(steps[0]):
        seconds = [each[name] for each in steps if name in each]
        rows.append(
            measure.Row(f"story.{number:02}", name, measure.median(seconds), "s", spread=seconds)
        )
    return rows


if __name__ == "__main__":
    main()
