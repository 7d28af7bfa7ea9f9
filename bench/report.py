"""Write docs/benchmarks.md from the JSON of the last runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

LONG, SLOWEST = 40, 10


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; each figure is a median, beside the peer or the physical limit",
        "measured in the same run. The machines are shared: read the ratios.",
    ]
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        machine = document["machine"]
        lines += [
            "",
            f"## {path.stem}",
            "",
            f"{document['date'][:10]}, {machine['cores']} cores, "
            f"Python {machine['python']}, load {machine['load'][0]}",
            "",
            "| What | Median | Goal | Holds | Limit or peer |",
            "|---|---|---|---|---|",
        ]
        for row in shown(document["rows"]):
            beside = []
            for kind in ("limit", "peer"):
                other = row.get(kind)
                if other:
                    name = other.get("what") or other.get("name")
                    beside.append(f"{name}: {other['median']:.4g}")
            holds = {True: "yes", False: "**no**", None: ""}[row.get("holds")]
            lines.append(
                f"| {row['what']} | {row['median']:.4g} {row['unit']} | {row.get('goal') or ''} "
                f"| {holds} | {'; '.join(beside)} |"
            )
        if len(document["rows"]) > LONG:
            lines += ["", f"The {SLOWEST} slowest; every row is in `var/bench/{path.name}`."]
    target.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"wrote {target}")


def shown(rows: list[dict]) -> list[dict]:
    """All rows, or of a long table the summary that comes first and the slowest of the rest."""
    if len(rows) <= LONG:
        return rows
    return rows[:1] + sorted(rows[1:], key=lambda row: -row["median"])[:SLOWEST]


if __name__ == "__main__":
    main()
