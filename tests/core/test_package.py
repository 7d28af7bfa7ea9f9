"""The court package: what holds, what does not, and what verifiers written by others say."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import canonical, checkpoint, logproof, manifests, messages, notes, revocation
from comity.core import package_form as form
from comity.core.container import Entry, Seal, open_container, write_container
from comity.core.errors import Refused, Untrusted
from comity.core.package import (
    PackageMessage,
    PackageSpec,
    Report,
    Trust,
    Verdict,
    verify_package,
    verify_receipts,
)
from comity.core.package_form import read_about
from comity.core.sealing.descriptor import parse
from comity.core.sealing.receipts import Event
from comity.node.testtsa import Authority
from tests.core.revoking_ca import RevokingCa
from tests.core.test_oracles import oracle
from tests.court import Node, later, make_spec, renewed, stamped, trusting, written

CONTENTS = [b"first photograph", b"", b"a film" * 1000]
KYIV, TOKYO = Node("kyiv.example", "UA"), Node("tokyo.example", "JP")
WITNESS = replace(TOKYO.ledger_signer, algorithm=notes.Algorithm.COSIGNATURE)
SPEC = make_spec(KYIV, TOKYO, CONTENTS)
PACKAGE = written(SPEC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def full_spec(authority: Authority) -> PackageSpec:
    kyiv = Node("kyiv.example", "UA")
    kyiv.ca, kyiv.seal, kyiv.seal_key = KYIV.ca, KYIV.seal, KYIV.seal_key
    kyiv.descriptor, kyiv.ledger_signer = KYIV.descriptor, KYIV.ledger_signer
    return make_spec(kyiv, TOKYO, CONTENTS, authority=authority, witnesses=[WITNESS])


@pytest.fixture(scope="module")
def full(full_spec: PackageSpec) -> bytes:
    return written(full_spec)


def check(data: bytes, trust: Trust | None = None) -> Report:
    return verify_package(io.BytesIO(data), trust or trusting(KYIV, TOKYO), later())


def wrong(report: Report) -> list[tuple[str, str, object]]:
    return [
        (each.code, each.subject, each.facts.get("reason"))
        for each in report.findings
        if each.ok is False
    ]


# Verdicts


def test_each_verdict_needs_what_it_says(full: bytes, authority: Authority) -> None:
    everything = trusting(KYIV, TOKYO, authority=authority)
    assert check(full, everything).verdict is Verdict.SEALED_TIMED_WITNESSED
    alone = trusting(KYIV, authority=authority)
    assert check(full, alone).verdict is Verdict.SEALED_TIMED
    assert check(full, trusting(KYIV)).verdict is Verdict.SEALED
    assert check(full, Trust()).verdict is Verdict.INTEGRITY_ONLY
    assert check(full, trusting(TOKYO)).verdict is Verdict.INTEGRITY_ONLY
    assert check(PACKAGE).verdict is Verdict.SEALED


def test_everything_in_a_good_package_is_looked_at(full: bytes, authority: Authority) -> None:
    report = check(full, trusting(KYIV, TOKYO, authority=authority))
    held = {each.code for each in report.findings if each.ok}
    assert held == {
        *("container.entries", "bag.lists", "seal.signature", "seal.signer", "seal.time"),
        *("package.form", "descriptor", "log.checkpoint", "log.entries", "log.time"),
        "log.authorities",
        *("log.witness", "item", "item.conditions", "case", "message", "receipt", "receipt.chain"),
    }
    assert all(each.ok for each in report.findings)


def test_a_seal_of_a_trusted_name_by_another_key_does_not_hold() -> None:
    impostor = Node("kyiv.example", "UA")
    report = check(written(make_spec(impostor, TOKYO, CONTENTS)))
    assert report.verdict is Verdict.FAILED
    assert ("seal.signer", "other_key") in {(code, reason) for code, _, reason in wrong(report)}


def test_an_older_key_of_the_same_node_may_be_trusted_too() -> None:
    newer = Node("kyiv.example", "UA")
    assert check(PACKAGE, trusting(newer, KYIV, TOKYO)).verdict is Verdict.SEALED


def test_years_later_a_stamped_seal_still_counts(full: bytes, authority: Authority) -> None:
    # The seal ends after three years, the stamp was made in time.
    trust = trusting(KYIV, TOKYO, authority=authority)
    moment = later() + timedelta(days=4000)
    report = verify_package(io.BytesIO(full), trust, moment)
    assert report.verdict is Verdict.SEALED_TIMED_WITNESSED
    unstamped = verify_package(io.BytesIO(PACKAGE), trust, moment)
    assert unstamped.verdict is Verdict.INTEGRITY_ONLY


def test_a_future_format_is_unverifiable_and_not_guessed() -> None:
    def edit(files: dict[str, bytes]) -> None:
        files[form.ABOUT] = files[form.ABOUT].replace(b"comity-package/1", b"comity-package/9")

    report = check(resealed(edit))
    assert report.verdict is Verdict.UNVERIFIABLE


# What a sender may try who holds the key and seals whatever he likes.


def resealed(edit: Callable[[dict[str, bytes]], None], data: bytes = PACKAGE) -> bytes:
    """The files of a package, edited, sealed again by the same node."""
    container = open_container(io.BytesIO(data))
    files = {
        name: container.view(name).read()
        for name in container.names()
        if not manifests.is_reserved(name)
    }
    edit(files)
    target = io.BytesIO()
    entries = [Entry(name, content, "text/plain") for name, content in files.items()]
    write_container(target, entries, KYIV.seal, SPEC.created, {})
    return target.getvalue()


def about(files: dict[str, bytes], change: Callable[[dict[str, object]], None]) -> None:
    value = canonical.decode(files[form.ABOUT])
    change(value)
    files[form.ABOUT] = canonical.encode(value)


FIRST = "data/E-000001/original.bin"


def swap_item(files: dict[str, bytes]) -> None:
    files[FIRST] = b"another photograph"

    def change(value: dict[str, object]) -> None:
        item = value["items"][0]  # type: ignore[index]  # JSON
        item["sha256"] = hashlib.sha256(files[FIRST]).hexdigest()
        item["size"] = len(files[FIRST])

    about(files, change)


def swap_item_only(files: dict[str, bytes]) -> None:
    files[FIRST] = b"another photograph"


def drop_a_custody_line(files: dict[str, bytes]) -> None:
    lines = files[form.CUSTODY].splitlines(keepends=True)
    files[form.CUSTODY] = b"".join(lines[1:])


def edit_a_detail(files: dict[str, bytes]) -> None:
    files[form.CUSTODY] = files[form.CUSTODY].replace(b'"purpose":"case"', b'"purpose":"else"', 1)


def backdate_an_entry(files: dict[str, bytes]) -> None:
    files[form.CUSTODY] = files[form.CUSTODY].replace(b"2026-01-05T", b"2025-01-05T", 1)


def withhold_the_digest(files: dict[str, bytes]) -> None:
    lines = files[form.CUSTODY].splitlines()
    line = canonical.decode(lines[0])
    line["details"] = line["salt"] = None
    files[form.CUSTODY] = b"\n".join([canonical.encode(line), *lines[1:], b""])


def swap_two_proofs(files: dict[str, bytes]) -> None:
    one, two = form.proof_path(1), form.proof_path(2)
    files[one], files[two] = files[two], files[one]


def drop_a_proof(files: dict[str, bytes]) -> None:
    del files[form.proof_path(1)]


def shrink_the_log(files: dict[str, bytes]) -> None:
    def change(value: dict[str, object]) -> None:
        value["log"]["size"] = 2  # type: ignore[index]  # JSON

    about(files, change)


def add_a_file(files: dict[str, bytes]) -> None:
    files["comity/extra.txt"] = b"listed and sealed, yet nobody asked for it"


def add_a_payload(files: dict[str, bytes]) -> None:
    files["data/E-000099/original.bin"] = b"an item without an entry"


def drop_the_descriptor(files: dict[str, bytes]) -> None:
    del files["comity/descriptors/000001.jws"]


def spoil_a_receipt(files: dict[str, bytes]) -> None:
    name = "comity/receipts/000002.jws"
    files[name] = files[name][:-4] + b"AAAA"


def drop_a_receipt(files: dict[str, bytes]) -> None:
    del files["comity/receipts/000002.jws"]


def swap_the_letter(files: dict[str, bytes]) -> None:
    (name,) = [name for name in files if name.startswith(form.MESSAGES)]
    _, files[name] = KYIV.message(TOKYO, "letter/1")


def spoil_the_letter(files: dict[str, bytes]) -> None:
    (name,) = [name for name in files if name.startswith(form.MESSAGES)]
    files[name] = files[name].replace(b"official", b"secretly", 1)


def say_another_digest_in_case(files: dict[str, bytes]) -> None:
    digest = hashlib.sha256(CONTENTS[0]).hexdigest().encode()
    files[form.CASE] = files[form.CASE].replace(digest, b"0" * 64)


def say_another_time_in_case(files: dict[str, bytes]) -> None:
    files[form.CASE] = files[form.CASE].replace(b"2026-01-05T", b"2025-01-05T", 1)


def say_more_in_case(files: dict[str, bytes]) -> None:
    files[form.CASE] += b"{}\n"


def say_nothing_of_an_entry(files: dict[str, bytes]) -> None:
    first, *rest = files[form.CUSTODY].splitlines()
    line = json.loads(first) | {"entry": {"v": 1}}
    files[form.CUSTODY] = b"\n".join([canonical.encode(line), *rest, b""])


def spoil_the_top_of_a_proof(files: dict[str, bytes]) -> None:
    """Everything up to the last hash is what the proof before it showed already."""
    name = sorted(name for name in files if name.startswith(form.PROOFS))[1]
    path, gap, note = files[name].partition(b"\n\n")
    lines = path.split(b"\n")
    lines[-1] = base64.b64encode(bytes(32))
    files[name] = b"\n".join(lines) + gap + note


def drop_an_action_from_case(files: dict[str, bytes]) -> None:
    lines = files[form.CASE].splitlines(keepends=True)
    files[form.CASE] = b"".join([*lines[:-2], lines[-1]])


def not_json(files: dict[str, bytes]) -> None:
    files[form.ABOUT] = b"\xff\xfe not JSON"


def deep_json(files: dict[str, bytes]) -> None:
    files[form.ABOUT] = b"[" * 500_000


def huge_number(files: dict[str, bytes]) -> None:
    files[form.ABOUT] = b"9" * 1_000_000


@pytest.mark.parametrize(
    ("edit", "code", "reason"),
    [
        (swap_item, "item", "item.not_in_log"),
        (swap_item_only, "item", "item.other_bytes"),
        (drop_a_custody_line, "item", "item.entry_not_proven"),
        (edit_a_detail, "log.entry", "custody.commitment"),
        (backdate_an_entry, "log.entry", "merkle.not_included"),
        (withhold_the_digest, "item", "item.not_in_log"),
        (swap_two_proofs, "log.entry", None),
        (drop_a_proof, "log.entry", "container.missing_entry"),
        (shrink_the_log, "log.checkpoint", "package.other_checkpoint"),
        (add_a_file, "package.entry", "package.unexpected_entry"),
        (add_a_payload, "package.entry", "package.unexpected_entry"),
        (drop_the_descriptor, "descriptor", "descriptor.missing"),
        (spoil_a_receipt, "receipt", "receipt.signature"),
        (drop_a_receipt, "package.entry", "container.missing_entry"),
        (swap_the_letter, "receipt", "receipt.other_container"),
        (spoil_the_letter, "message", None),
        (say_another_digest_in_case, "case", "case.differs"),
        (say_another_time_in_case, "case", "case.differs"),
        (drop_an_action_from_case, "case", "case.differs"),
        (say_more_in_case, "case", "case.differs"),
        (say_nothing_of_an_entry, "case", "custody.field"),
        (spoil_the_top_of_a_proof, "log.entry", "merkle.not_included"),
        (not_json, "package.form", "canonical.not_utf8"),
        (deep_json, "package.form", "canonical.not_json"),
        (huge_number, "package.form", "canonical.not_json"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_sender_who_reseals_is_found_out(
    edit: Callable[[dict[str, bytes]], None], code: str, reason: str | None
) -> None:
    report = check(resealed(edit))
    assert report.verdict is Verdict.FAILED
    found = [(each, why) for each, _, why in wrong(report) if each == code]
    assert found
    if reason is not None:
        assert (code, reason) in found


def test_resealing_without_a_change_holds() -> None:
    assert check(resealed(lambda _: None)).verdict is Verdict.SEALED


def test_a_description_of_a_later_form_stays_a_doubt() -> None:
    def edit(files: dict[str, bytes]) -> None:
        files[form.CASE] = files[form.CASE].replace(b"comity-case/1", b"comity-case/9")

    report = check(resealed(edit))
    assert report.verdict is Verdict.SEALED
    assert ("case", None) in {(each.code, each.ok) for each in report.findings}


def test_the_description_conforms_to_case(tmp_path: Path) -> None:
    """case_validate (CASE-Utilities-Python) is written by others and knows the whole ontology."""
    described = tmp_path / "case.jsonld"
    described.write_bytes(content(PACKAGE, form.CASE))
    said = subprocess.run(
        [Path(sys.executable).with_name("case_validate"), described],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout
    assert "Conforms: True" in said.stdout


def test_the_description_names_items_acts_and_roles_and_no_person() -> None:
    graph = json.loads(content(PACKAGE, form.CASE))["uco-core:object"]
    kinds = Counter(node["@type"].partition(":")[2] for node in graph)
    assert kinds["File"] == kinds["ProvenanceRecord"] == len(CONTENTS)
    assert kinds["InvestigativeAction"] == 2 * len(CONTENTS)
    assert kinds["Role"] == 1
    ends = {node["uco-core:name"] for node in graph if node["@type"] == "uco-identity:Identity"}
    assert ends == {json.loads(line.line.entry)["actor"] for line in SPEC.custody}


def content(data: bytes, name: str) -> bytes:
    return open_container(io.BytesIO(data)).view(name).read()


def test_a_letter_sealed_by_somebody_else_does_not_hold() -> None:
    impostor = Node("kyiv.example", "UA")
    identifier, container = impostor.message(TOKYO, "letter/1")
    spec = replace(SPEC, messages=[PackageMessage(identifier, container)], receipts=[])
    assert ("message", identifier, "other_key") in wrong(check(written(spec)))


def test_a_time_token_over_something_else_does_not_hold(
    full_spec: PackageSpec, authority: Authority
) -> None:
    spec = replace(full_spec, time=[stamped(authority, b"another note")])
    report = check(written(spec))
    assert ("log.time", "comity/time/1", "timestamp.wrong_imprint") in wrong(report)


def test_a_lying_witness_does_not_hold() -> None:
    text = SPEC.checkpoint.decode().rpartition("\n\n")[0] + "\n"
    liar = replace(WITNESS, seed=bytes(32))
    line = liar.line(text.encode(), SPEC.created)
    forged = line.split(" ")
    blob = notes.decode_base64(forged[2].strip())
    honest_id = WITNESS.verifier.key_id
    forged[2] = base64.b64encode(honest_id + blob[4:]).decode() + "\n"
    note = SPEC.checkpoint + " ".join(forged).encode()
    report = check(resealed(lambda files: files.update({form.CHECKPOINT: note})))
    assert ("log.checkpoint", "", "note.bad_signature") in wrong(report)


def test_a_receipt_that_contradicts_the_ledger_does_not_hold() -> None:
    other = Node("kyiv.example", "UA")
    other.seal, other.seal_key = KYIV.seal, KYIV.seal_key
    other.leaves = [*KYIV.leaves[:-1], b"another history"]
    text = other.receipt(Event.RELAYED, str(uuid.uuid4()), b"")
    report = check(written(replace(SPEC, receipts=[text])))
    assert ("receipt", "comity/receipts/000001.jws", "receipt.other_ledger") in wrong(report)


def test_two_receipts_with_the_same_predecessor_do_not_hold() -> None:
    node = Node("tokyo.example", "JP")
    node.seal, node.seal_key = TOKYO.seal, TOKYO.seal_key
    texts = [node.receipt(Event.RELAYED, str(uuid.uuid4()), b"")]
    before = node.last_receipt
    for _ in range(2):
        node.last_receipt = before
        texts.append(node.receipt(Event.CONSIGNED, str(uuid.uuid4()), b""))
    report = check(written(replace(SPEC, receipts=texts)))
    assert ("receipt.chain", "tokyo.example", "receipt.chain") in wrong(report)


# Renewed time


@pytest.fixture(scope="module")
def short_and_long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """An authority whose certificates end in a month, and one whose last for ten years."""
    folder = tmp_path_factory.mktemp("renewing")
    return Authority(folder / "short", days=30, name="A"), Authority(folder / "long", name="B")


@pytest.fixture(scope="module")
def renewed_spec(short_and_long: tuple[Authority, Authority]) -> PackageSpec:
    short, long = short_and_long
    kyiv = Node("kyiv.example", "UA")
    kyiv.ca, kyiv.seal, kyiv.seal_key = KYIV.ca, KYIV.seal, KYIV.seal_key
    kyiv.descriptor, kyiv.ledger_signer = KYIV.descriptor, KYIV.ledger_signer
    spec = make_spec(kyiv, TOKYO, CONTENTS, authority=short)
    spec = replace(spec, time=[*spec.time, stamped(long, spec.checkpoint)])
    return renewed(spec, long, short.root_pem)


def judged(data: bytes, *authorities: Authority, days: int = 0) -> Report:
    trust = Trust((KYIV.descriptor, TOKYO.descriptor), tuple(each.root_pem for each in authorities))
    moment = datetime.now(UTC) + timedelta(days=days)
    return verify_package(io.BytesIO(data), trust, moment)


def doubts(report: Report) -> set[tuple[str, object]]:
    return {(each.code, each.facts.get("reason")) for each in report.findings if each.ok is None}


def test_a_token_that_was_renewed_in_time_outlives_its_certificate(
    renewed_spec: PackageSpec, short_and_long: tuple[Authority, Authority]
) -> None:
    data = written(renewed_spec)
    for days in (0, 400):  # the short one has ended by then
        report = judged(data, *short_and_long, days=days)
        assert wrong(report) == []
        assert report.verdict is Verdict.SEALED_TIMED
        assert ("log.renewal", "renewal.ended") not in doubts(report)
        (stated,) = [each for each in report.findings if each.code == "log.authorities"]
        assert stated.facts["count"] == 2
    assert judged(data, days=400).verdict is not Verdict.SEALED_TIMED


def test_a_token_that_nobody_renewed_says_so_when_its_certificate_has_ended(
    renewed_spec: PackageSpec, short_and_long: tuple[Authority, Authority]
) -> None:
    data = written(replace(renewed_spec, renewals=[]))
    assert ("log.renewal", "renewal.ended") not in doubts(judged(data, *short_and_long))
    later = judged(data, *short_and_long, days=400)
    assert ("log.renewal", "renewal.ended") in doubts(later)
    assert later.verdict is Verdict.SEALED_TIMED  # judged at the time that the token states


def test_a_renewal_by_an_unknown_authority_keeps_nothing_alive(
    renewed_spec: PackageSpec, short_and_long: tuple[Authority, Authority]
) -> None:
    short, _long = short_and_long
    report = judged(written(renewed_spec), short, days=400)
    assert ("log.renewal", "renewal.ended") in doubts(report)
    assert ("log.renewal", "timestamp.authority_unknown") in doubts(report)


def test_a_renewal_of_a_renewal_holds_and_out_of_order_it_does_not(
    renewed_spec: PackageSpec, short_and_long: tuple[Authority, Authority]
) -> None:
    _short, long = short_and_long
    twice = renewed(renewed_spec, long, long.root_pem)
    assert wrong(judged(written(twice), *short_and_long)) == []
    swapped = replace(twice, renewals=[*reversed(twice.renewals)])
    assert ("log.renewal", "comity/time/renewal-1", "renewal.order") in wrong(
        judged(written(swapped), *short_and_long)
    )


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("json", "renewal.other_tokens"),
        ("pem", "renewal.other_chain"),
        ("tsq", "timestamp.wrong_imprint"),
        ("tsr", "timestamp.wrong_imprint"),
    ],
)
def test_a_renewal_of_which_a_part_was_exchanged_does_not_hold(
    renewed_spec: PackageSpec,
    short_and_long: tuple[Authority, Authority],
    ending: str,
    reason: str,
) -> None:
    _short, long = short_and_long
    name = f"comity/time/renewal-1.{ending}"

    def edit(files: dict[str, bytes]) -> None:
        if ending == "json":
            record = json.loads(files[name])
            files[name] = canonical.encode(record | {"tokens": ["0" * 64]})
        elif ending == "pem":
            files[name] = long.root_pem
        else:
            files[name] = files[f"comity/time/1.{ending}"]

    report = judged(resealed(edit, written(renewed_spec)), *short_and_long)
    assert ("log.renewal", "comity/time/renewal-1", reason) in wrong(report)


def test_a_stray_file_among_the_tokens_does_not_hold(renewed_spec: PackageSpec) -> None:
    def edit(files: dict[str, bytes]) -> None:
        files["comity/time/renewal-1.txt"] = b"read me"

    report = check(resealed(edit, written(renewed_spec)))
    assert ("package.entry", "package.unexpected_entry") in {
        (code, reason) for code, _, reason in wrong(report)
    }


# The writer


def test_an_item_that_is_not_what_the_ledger_recorded_is_not_exported() -> None:
    item = replace(SPEC.items[0], source=b"bit rot")
    with pytest.raises(Refused, match="source_changed"):
        written(replace(SPEC, items=[item]))


def test_a_spec_that_no_package_can_hold_is_refused() -> None:
    for item in (
        replace(SPEC.items[0], number="../../x"),
        replace(SPEC.items[0], entries=()),
        replace(SPEC.items[0], sha256="short"),
    ):
        with pytest.raises((ValueError, Untrusted)):
            written(replace(SPEC, items=[item]))
    with pytest.raises(ValueError, match="ascend"):
        written(replace(SPEC, custody=[*SPEC.custody][::-1]))


# Other shapes


def test_a_message_container_alone_is_verified() -> None:
    _, container = KYIV.message(TOKYO, "letter/1")
    assert check(container).verdict is Verdict.SEALED
    assert check(container, Trust()).verdict is Verdict.INTEGRITY_ONLY
    assert check(container, trusting(Node("kyiv.example", "UA"))).verdict is Verdict.FAILED


def test_a_bundle_of_receipts_is_verified() -> None:
    def bundle(lines: list[str], trust: Trust) -> Verdict:
        return verify_receipts(io.BytesIO("\n".join([*lines, ""]).encode()), trust).verdict

    texts = list(SPEC.receipts)
    assert bundle(texts, trusting(KYIV, TOKYO)) is Verdict.SEALED
    assert bundle(texts, Trust()) is Verdict.UNVERIFIABLE
    enclosed = [KYIV.descriptor_text, TOKYO.descriptor_text, *texts]
    assert bundle(enclosed, Trust()) is Verdict.INTEGRITY_ONLY
    spoilt = [texts[0][:-3] + "AAA", *texts[1:]]
    assert bundle(spoilt, trusting(KYIV, TOKYO)) is Verdict.FAILED
    assert bundle(["rubbish"], trusting(KYIV)) is Verdict.FAILED


# Every byte


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_is_named(data: st.DataObject) -> None:
    position = data.draw(st.sampled_from(REGIONS).flatmap(lambda region: st.integers(*region)))
    flipped = bytearray(PACKAGE)
    flipped[position] ^= data.draw(st.integers(1, 255))
    report = check(bytes(flipped))
    assert report.verdict is Verdict.FAILED
    assert wrong(report)


def regions_of(data: bytes) -> list[tuple[int, int]]:
    """Header and content of every entry, the directory, and its end."""
    container = open_container(io.BytesIO(data))
    regions, position = [], 0
    for member in container._members.values():
        regions.append((position, member.start - 1))
        if member.size:
            regions.append((member.start, member.start + member.size - 1))
        position = member.start + member.size
    return [*regions, (position, len(data) - 23), (len(data) - 22, len(data) - 1)]


REGIONS = regions_of(PACKAGE)


@given(st.binary(max_size=300))
def test_rubbish_never_raises(data: bytes) -> None:
    assert check(data).verdict is Verdict.FAILED
    assert not verify_receipts(io.BytesIO(data), trusting(KYIV)).verdict.holds


# Golden files of earlier releases

GOLDEN = Path(__file__).parents[1] / "vectors" / "package"


def golden_trust(*nodes: str, is_timed: bool = True) -> Trust:
    descriptors = tuple(parse((GOLDEN / f"{node}.jws").read_text()) for node in nodes)
    roots = ((GOLDEN / "time-root.pem").read_bytes(),) if is_timed else ()
    return Trust(descriptors, roots)


@pytest.mark.parametrize(
    ("trust", "verdict"),
    [
        (Trust(), Verdict.INTEGRITY_ONLY),
        (golden_trust("kyiv", is_timed=False), Verdict.SEALED),
        (golden_trust("kyiv"), Verdict.SEALED_TIMED),
        (golden_trust("kyiv", "tokyo"), Verdict.SEALED_TIMED_WITNESSED),
    ],
)
def test_a_golden_package_keeps_its_verdict(trust: Trust, verdict: Verdict) -> None:
    assert check((GOLDEN / "package.asice").read_bytes(), trust).verdict is verdict


GOLDEN_NODES = sorted(GOLDEN.glob("*/expected.json"))


def golden_cases() -> Iterator[tuple[Path, dict[str, Any]]]:
    for expected in GOLDEN_NODES:
        yield from ((expected.parent, case) for case in json.loads(expected.read_text()))


@pytest.mark.parametrize(("folder", "case"), list(golden_cases()))
def test_a_golden_package_of_a_whole_node_keeps_its_verdicts(
    folder: Path, case: dict[str, Any]
) -> None:
    report = judged_golden(folder, case, (folder / "package.asice").read_bytes())
    assert wrong(report) == []
    assert report.verdict == case["verdict"]


def judged_golden(folder: Path, case: dict[str, Any], data: bytes) -> Report:
    trust = Trust(
        tuple(parse((folder / name).read_text()) for name in case["trust"]),
        tuple((folder / name).read_bytes() for name in case["roots"]),
    )
    sealed = open_container(io.BytesIO((folder / "package.asice").read_bytes()))
    made = read_about(sealed.read(form.ABOUT, form.MAX_ABOUT_BYTES)).created
    return verify_package(io.BytesIO(data), trust, made + timedelta(days=case["days"]))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_golden_package_lowers_its_verdict(data: st.DataObject) -> None:
    """Every kind of entry gets its share: description, tokens, renewals, custody, payload."""
    folder = data.draw(st.sampled_from(GOLDEN_NODES)).parent
    case = json.loads((folder / "expected.json").read_text())[-1]
    whole = (folder / "package.asice").read_bytes()
    regions = regions_of(whole)
    position = data.draw(st.sampled_from(regions).flatmap(lambda region: st.integers(*region)))
    flipped = bytearray(whole)
    flipped[position] ^= data.draw(st.integers(1, 255))
    report = judged_golden(folder, case, bytes(flipped))
    assert report.verdict is Verdict.FAILED
    assert wrong(report)


def test_the_golden_packages_hold_what_a_node_writes() -> None:
    names = set()
    for expected in GOLDEN_NODES:
        with (expected.parent / "package.asice").open("rb") as file:
            names |= set(open_container(file).names())
    wanted = {form.CASE, form.REPORT, "comity/time/2.tsr", "comity/time/renewal-1.tsr"}
    assert wanted <= names


@pytest.mark.parametrize("folder", [each.parent for each in GOLDEN_NODES], ids=lambda at: at.name)
def test_tools_of_others_read_a_golden_package(folder: Path, tmp_path: Path) -> None:
    """unzip, sha256sum, bagit.py, openssl cms and ts, case_validate, age, sigstore."""
    data = (folder / "package.asice").read_bytes()
    bag = unpacked(data, tmp_path)
    run("sha256sum", "--strict", "-c", "manifest-sha256.txt", cwd=bag)
    run("sha256sum", "--strict", "-c", "tagmanifest-sha256.txt", cwd=bag)
    tools = Path(sys.executable).parent
    run(sys.executable, tools / "bagit.py", "--validate", bag)
    run(tools / "case_validate", bag / form.CASE)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(each.read_bytes() for each in sorted(folder.glob("time-*.pem"))))
    said = run("sh", bag / "comity/verify.sh", folder / "seal.pem", roots)
    assert "EVERYTHING CHECKED HOLDS" in said
    run("age-keygen", "-o", tmp_path / "key.txt")
    key = run("age-keygen", "-y", tmp_path / "key.txt").strip()
    run("age", "-r", key, "-o", tmp_path / "p.age", folder / "package.asice")
    run("age", "-d", "-i", tmp_path / "key.txt", "-o", tmp_path / "p.asice", tmp_path / "p.age")
    assert (tmp_path / "p.asice").read_bytes() == data
    for line in (bag / form.CUSTODY).read_bytes().splitlines():
        stated = canonical.decode(line)
        proof = logproof.parse((bag / form.proof_path(stated["index"])).read_bytes())
        head = checkpoint.parse(proof.checkpoint.decode().rpartition("\n\n")[0] + "\n")
        oracle(canonical.encode(stated["entry"]), proof.index, head.size, proof.path, head.root)


def test_golden_messages_and_receipts_keep_their_verdicts() -> None:
    trust = golden_trust("kyiv", "tokyo")
    assert check((GOLDEN / "message.asice").read_bytes(), trust).verdict is Verdict.SEALED
    with (GOLDEN / "receipts.txt").open("rb") as file:
        assert verify_receipts(file, trust).verdict is Verdict.SEALED


def test_broken_golden_packages_are_named_as_before() -> None:
    for broken in json.loads((GOLDEN / "broken.json").read_text()):
        data = bytearray((GOLDEN / "package.asice").read_bytes())
        data[broken["position"]] ^= broken["xor"]
        found = {(code, reason) for code, _, reason in wrong(check(bytes(data)))}
        assert (broken["code"], broken["reason"]) in found, broken


# Tools that others wrote


def unpacked(data: bytes, folder: Path) -> Path:
    (folder / "package.asice").write_bytes(data)
    run("unzip", "-t", folder / "package.asice")
    run("unzip", "-q", folder / "package.asice", "-d", folder / "bag")
    return folder / "bag"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_foreign_tools_and_the_shell_script_agree(
    full: bytes, authority: Authority, tmp_path: Path
) -> None:
    bag = unpacked(full, tmp_path)
    (tmp_path / "seal.pem").write_bytes(KYIV.seal.certificate)
    root = authority.folder / "ca.pem"

    run("sha256sum", "--strict", "-c", "manifest-sha256.txt", cwd=bag)
    run(sys.executable, Path(sys.executable).with_name("bagit.py"), "--validate", bag)
    run(
        *("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER"),
        *("-in", bag / manifests.SIGNATURE, "-content", bag / manifests.MANIFEST),
        *("-CAfile", tmp_path / "seal.pem", "-partial_chain", "-no_check_time"),
    )
    reply = bag / "comity/time/1.tsr"
    note = bag / form.CHECKPOINT
    run("openssl", "ts", "-verify", "-in", reply, "-data", note, "-CAfile", root)
    shown = run("sh", bag / form.SCRIPT, tmp_path / "seal.pem", root)
    assert shown.endswith("EVERYTHING CHECKED HOLDS\n")
    assert "UNKNOWN" in run("sh", bag / form.SCRIPT)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (swap_item, f"{FIRST} is not what the ledger recorded"),
        (edit_a_detail, "entry 2: its details"),
        (backdate_an_entry, "entry 1 is not in the ledger"),
        (swap_two_proofs, "entry 1: its proof is of another"),
        (drop_a_custody_line, f"{FIRST} is not what the ledger recorded"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_shell_script_finds_a_resealed_lie(
    edit: Callable[[dict[str, bytes]], None], said: str, tmp_path: Path
) -> None:
    bag = unpacked(resealed(edit), tmp_path)
    result = subprocess.run(["sh", bag / form.SCRIPT], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, f"DOES NOT HOLD: {said}\n")


def test_the_shell_script_finds_another_signer_and_an_extra_file(tmp_path: Path) -> None:
    bag = unpacked(PACKAGE, tmp_path)
    (tmp_path / "other.pem").write_bytes(TOKYO.seal.certificate)
    other = subprocess.run(
        ["sh", bag / form.SCRIPT, tmp_path / "other.pem"], capture_output=True, text=True
    )
    assert "DOES NOT HOLD: the seal" in other.stderr
    (bag / "comity" / "added.txt").write_text("x")
    added = subprocess.run(["sh", bag / form.SCRIPT], capture_output=True, text=True)
    assert "DOES NOT HOLD: a file that the signed list lacks" in added.stderr


def test_a_seal_needs_its_own_key() -> None:
    spec = replace(SPEC, seal=Seal(TOKYO.seal.key, KYIV.seal.certificate))
    assert ("seal.signature", manifests.SIGNATURE, "cms.signature_wrong") in wrong(
        check(written(spec))
    )


def partner_package(conditions: tuple[str, ...], *, listed: bool = True) -> bytes:
    """An item that Tokyo sent under a condition, as Kyiv packs it; receipts left out if wished."""
    kyiv, tokyo = Node("kyiv.example", "UA"), TOKYO
    kyiv.ca, kyiv.seal, kyiv.seal_key = KYIV.ca, KYIV.seal, KYIV.seal_key
    kyiv.descriptor, kyiv.ledger_signer = KYIV.descriptor, KYIV.ledger_signer
    spec = make_spec(kyiv, tokyo, [b"a mailbox"])
    digest = hashlib.sha256(b"a mailbox").hexdigest()
    sent = messages.Attachment("item-1", 9, "text/plain", digest, "0" * 64, "evidence")
    reply = tokyo.message(kyiv, "reply/1", attachments=(sent,), use_conditions=("Only here",))
    subject = canonical.decode(spec.custody[0].line.entry)["subject"]
    attached = kyiv.record("evidence.condition_attached", subject, {"condition": "own_words"})
    note = kyiv.note()
    lines = [one.line for one in spec.custody] + [attached]
    item = replace(
        spec.items[0], conditions=conditions, entries=(*spec.items[0].entries, attached.index)
    )
    return written(
        replace(
            spec,
            items=[item],
            custody=kyiv.prove(lines, note),
            checkpoint=note,
            messages=[*spec.messages, PackageMessage(*reply)] if listed else spec.messages,
        )
    )


def test_a_package_states_the_conditions_that_came_with_its_items() -> None:
    report = check(partner_package(("Only here",)))
    assert report.verdict is Verdict.SEALED
    assert any(each.code == "item.conditions" and each.ok for each in report.findings)
    lonely = [each for each in report.findings if each.code == "message.receipts"]
    assert [each.ok for each in lonely] == [None]


@pytest.mark.parametrize(
    ("conditions", "listed", "reason"),
    [
        ((), True, "item.condition_dropped"),
        (("Something milder",), True, "item.condition_dropped"),
        ((), False, "item.condition_unlisted"),
    ],
)
def test_whoever_seals_a_package_cannot_drop_a_partners_condition(
    conditions: tuple[str, ...], listed: bool, reason: str
) -> None:
    report = check(partner_package(conditions, listed=listed))
    assert report.verdict is Verdict.FAILED
    assert wrong(report) == [("item.conditions", "E-000001", reason)]


# Revocation lists


def test_an_enclosed_list_that_cannot_be_read_fails_the_package(
    renewed_spec: PackageSpec, short_and_long: tuple[Authority, Authority], tmp_path: Path
) -> None:
    listed = revocation.read(RevokingCa(tmp_path).listed())
    spec = replace(renewed_spec, revocations=[replace(listed, der=b"no list")])
    report = judged(written(spec), *short_and_long)
    name = "comity/time/revocation-1.crl"
    assert ("log.revocation", name, "revocation.malformed") in wrong(report)


def test_a_list_of_somebody_else_says_nothing(
    renewed_spec: PackageSpec, short_and_long: tuple[Authority, Authority], tmp_path: Path
) -> None:
    listed = revocation.read(RevokingCa(tmp_path).listed())
    report = judged(written(replace(renewed_spec, revocations=[listed])), *short_and_long)
    assert wrong(report) == []
    assert report.verdict is Verdict.SEALED_TIMED
    assert not [each for each in report.findings if each.code == "log.revocation"]
