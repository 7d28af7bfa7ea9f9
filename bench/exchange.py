"""Formal messages a second from one live node to another, seal to E3, and one large attachment."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))
import measure
from tests.two_nodes.harness import Node, two_nodes, until

MESSAGES_GOAL = 30.0
MEGABYTES_GOAL = 150.0
MEMORY_GOAL_MIB = 300.0
# X-Road's sizing advice for two processors and 4 GB (suomi.fi): fewer than 50 requests a minute.
PEER = {"what": "X-Road, advised for 2 vCPU: < 50 a minute", "median": 50 / 60}


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=256, help="size of the attachment")
    parser.add_argument("--folder", type=Path, help="where the nodes live")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=chosen.folder) as folder,
        two_nodes(Path(folder)) as (kyiv, tokyo),
    ):
        warm_up(kyiv)
        before = processor_seconds(kyiv, tokyo)
        rates = [messages_a_second(kyiv, chosen.messages) for _ in range(chosen.rounds)]
        used = processor_seconds(kyiv, tokyo) - before
        speed, mebibytes = large_attachment(kyiv, tokyo, chosen.megabytes)
    measure.write("exchange", rows(rates, used, speed, mebibytes, chosen), chosen.output)


def rows(
    rates: list[float], used: float, speed: float, mebibytes: float, chosen
) -> list[measure.Row]:
    rate = measure.median(rates)
    return [
        measure.Row(
            "exchange.messages",
            f"{chosen.messages} formal messages: prepare, seal, send, verify, E1 to E3, ledger",
            rate,
            "messages/s",
            f">= {MESSAGES_GOAL:g} messages/s",
            rate >= MESSAGES_GOAL,
            peer=PEER,
            spread=rates,
        ),
        measure.Row(
            "exchange.processor",
            "processor time of both nodes for one message; steadier than the rate",
            1000 * used / (chosen.messages * chosen.rounds),
            "ms/message",
        ),
        measure.Row(
            "exchange.attachment",
            f"{chosen.megabytes} MB attachment, from its upload to E3",
            speed,
            "MB/s",
            f">= {MEGABYTES_GOAL:g} MB/s",
            speed >= MEGABYTES_GOAL,
        ),
        measure.Row(
            "exchange.memory",
            "most memory of one process while the attachment goes over",
            mebibytes,
            "MiB",
            f"< {MEMORY_GOAL_MIB:g} MiB",
            mebibytes < MEMORY_GOAL_MIB,
        ),
    ]


def warm_up(kyiv: Node) -> None:
    kyiv.run("send_notes", count=3, conversations=3)
    until(lambda: set(kyiv.run("statuses")) == {"consigned"}, seconds=60)


def messages_a_second(kyiv: Node, count: int) -> float:
    before = kyiv.run("statuses").get("consigned", 0)
    started = time.perf_counter()
    kyiv.run("send_notes", count=count, conversations=count)
    until(lambda: kyiv.run("statuses").get("consigned", 0) == before + count, seconds=300)
    return count / (time.perf_counter() - started)


def large_attachment(kyiv: Node, tokyo: Node, megabytes: int) -> tuple[float, float]:
    """MB/s from the moment it is queued to E3, and the peak of the largest process."""
    before = kyiv.run("statuses").get("consigned", 0)
    kyiv.run("send_note", text="large", sizes=[megabytes * 1_000_000])
    started = time.perf_counter()
    until(lambda: kyiv.run("statuses").get("consigned", 0) == before + 1, seconds=600)
    speed = megabytes / (time.perf_counter() - started)
    pids = [process.pid for node in (kyiv, tokyo) for process in node.processes.values()]
    return speed, max(peak_mebibytes(pid) for pid in pids)


def processor_seconds(*nodes: Node) -> float:
    """Processor seconds that all processes of the nodes have used so far (Linux)."""
    ticks = 0
    for node in nodes:
        for pid in [*(process.pid for process in node.processes.values()), node.puppet_pid]:
            ticks += sum(_ticks(each) for each in _family(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def peak_mebibytes(pid: int) -> float:
    """The peak resident memory of a process and its children, in MiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max([own / 1024, *(peak_mebibytes(child) for child in _family(pid)[1:])])


if __name__ == "__main__":
    main()
