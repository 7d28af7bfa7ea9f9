"""The story of the demonstration: who does what on which node, and what must be true after it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.node.demo.processes import BIN, DemoStopped, Place

if TYPE_CHECKING:
    from comity.node.demo.command import Stage

GOOD_VERDICT = "the chain holds"
WAIT_SECONDS = 60.0


def wait_for(place: Place, step: str, **arguments: Any) -> dict[str, Any]:
    """Ask a node until its answer says ready; its worker and the exchange do the rest meanwhile."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        answer = place.tell(step, **arguments)
        if answer.get("ready"):
            return answer
        time.sleep(0.1)
    raise DemoStopped(f"{place.key}: waited {WAIT_SECONDS:.0f} s for: {step}.")


def play(stage: Stage) -> str:
    """Tell the whole story; return the verdict."""
    _prologue(stage)
    _testimony(stage)
    _request(stage)
    _execution(stage)
    return _proof(stage)


def _prologue(stage: Stage) -> None:
    kyiv, tokyo = stage.kyiv, stage.tokyo
    stage.step("Kyiv and Tokyo: add the officers", lambda: add_officers(stage))
    cards = {place.key: place.tell("describe") for place in stage.places}
    folder = stage.folder / "trust"
    folder.mkdir()
    for place in stage.places:
        (folder / f"{place.key}.jws").write_text(cards[place.key]["descriptor"], "ascii")
    stage.step("Kyiv: confirm Tokyo's node", lambda: kyiv.tell("pair", **cards["tokyo"]))
    stage.step("Tokyo: confirm Kyiv's node", lambda: tokyo.tell("pair", **cards["kyiv"]))


def add_officers(stage: Stage) -> dict[str, Any]:
    """Both nodes at once: what takes the time is making each password slow to guess."""
    with ThreadPoolExecutor() as both:
        told = both.map(lambda place: place.tell("add_cast"), stage.places)
        return {"officers": sum(answer["officers"] for answer in told)}


def _testimony(stage: Stage) -> None:
    kyiv = stage.kyiv
    given = [str(path.resolve()) for path in stage.options.evidence]
    folder = str(stage.folder / "handed-over")
    stage.step("Kyiv: take the person in, record consent", lambda: kyiv.tell("take_in_person"))
    stage.step(
        "Kyiv: put her account and files into the vault",
        lambda: kyiv.tell("take_account", files=given, folder=folder),
    )
    stage.step("Kyiv: open the case, share what she agreed to", lambda: kyiv.tell("open_case"))
    stage.step("Kyiv: record the incident", lambda: kyiv.tell("record_incident"))
    stage.step("Kyiv: qualify it, find the gap", lambda: kyiv.tell("qualify"))


def _request(stage: Stage) -> None:
    kyiv, tokyo = stage.kyiv, stage.tokyo
    stage.step("Kyiv: draft the letter, choose the basis", lambda: kyiv.tell("draft_letter"))
    stage.step("Kyiv: write it in three languages", lambda: kyiv.tell("write_letter"))
    stage.step("Kyiv: review, approve and sign", lambda: kyiv.tell("approve_letter"))
    stage.step("Kyiv: seal and send", lambda: kyiv.tell("send_letter"))
    stage.step("Tokyo: receive and open", lambda: wait_for(tokyo, "letter_arrived"))
    stage.step("Tokyo: register and acknowledge", lambda: tokyo.tell("register_letter"))
    stage.step("Kyiv: receive all five receipts", lambda: wait_for(kyiv, "letter_acknowledged"))


def _execution(stage: Stage) -> None:
    kyiv, tokyo = stage.kyiv, stage.tokyo
    folder = str(stage.folder / "obtained")
    stage.step(
        "Tokyo: execute with two files, set a condition",
        lambda: tokyo.tell("execute_letter", folder=folder),
    )
    stage.step("Kyiv: accept the condition", lambda: wait_for(kyiv, "accept_conditions"))
    stage.step("Tokyo: release the reply", lambda: wait_for(tokyo, "release_reply"))
    stage.step("Kyiv: receive the evidence, file it", lambda: wait_for(kyiv, "reply_filed"))
    stage.step("Kyiv: look at a picture in the sandbox", lambda: wait_for(kyiv, "looked_at"))
    stage.step("Kyiv: redact a copy of it, with the reason", lambda: kyiv.tell("redact_copy"))
    stage.step("Kyiv: show her what went where", lambda: kyiv.tell("look_at_disclosures"))


def _proof(stage: Stage) -> str:
    kyiv = stage.kyiv
    for place in stage.places:
        stage.step(
            f"{place.key.capitalize()}: recompute the ledger",
            partial(wait_for_ledger, place),
        )
    package = stage.folder / "package.asice"
    stage.step(
        "Kyiv: export the package for a court",
        lambda: wait_for(kyiv, "export_package", target=str(package)),
    )
    report = stage.step("Anyone: verify it offline", lambda: verify(stage, package))
    stage.step("Anyone: change one byte, verify again", lambda: verify_damaged(stage, package))
    return GOOD_VERDICT if report["exit"] == 0 else "failed"


def wait_for_ledger(place: Place) -> dict[str, Any]:
    """Recompute the ledger once nothing waits for a number."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        answer = place.tell("verify_ledger")
        if not answer["pending"]:
            return answer | {"said": f"{answer['entries']} entries"}
        time.sleep(0.1)
    raise DemoStopped(f"{place.key}: the ledger did not come to rest.")


def _run_verifier(stage: Stage, package: Path) -> subprocess.CompletedProcess[str]:
    root = next((stage.folder / "tsa").glob("*ca*.pem"))
    return subprocess.run(
        [str(BIN / "comity-verify"), str(package), "--trust", str(stage.folder / "trust"),
         "--tsa-root", str(root), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def verify(stage: Stage, package: Path) -> dict[str, Any]:
    """Have the verifier, which knows neither node, look at the package."""
    done = _run_verifier(stage, package)
    if done.returncode != 0:
        raise DemoStopped(f"comity-verify: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return {
        "exit": done.returncode,
        "verdict": found["verdict"],
        "package_sha256": hashlib.sha256(package.read_bytes()).hexdigest(),
        "findings": len(found.get("findings", [])),
        "said": found["verdict"],
    }


def verify_damaged(stage: Stage, package: Path) -> dict[str, Any]:
    """The same verifier must refuse a copy in which one bit differs."""
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = package.with_name("package-damaged.asice")
    damaged.write_bytes(bytes(data))
    done = _run_verifier(stage, damaged)
    if done.returncode != 1:
        raise DemoStopped("The verifier did not notice a changed byte.")
    return {"exit": done.returncode, "said": "refused, as it must be"}


def say_where(stage: Stage) -> None:
    """Print where to look and how to sign in."""
    from comity.node.demo import signing_in

    print(signing_in.table(stage))  # noqa: T201
