"""Reading what others attached about an item's origin: reported as what an outsider said."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.core import archives, canonical, dstu, sidecars
from comity.core.access import Act, require
from comity.core.errors import Refused, Stated, Untrusted
from comity.evidence import untrusted
from comity.evidence.actions.conditions import require_look
from comity.evidence.actions.opening import read_item
from comity.evidence.models import Attestation, Item, ItemAccess
from comity.evidence.rules.tools import Attested, Reader, c2pa_verdict, readers_for
from comity.ledger import actions as ledger

_SECONDS = 120
_MOST_PROOFS = 50
_PROOF_ENDINGS = (".proof.csv", ".proof.json")


@dataclass(frozen=True)
class Found:
    """What a reader found; as the columns of `Attestation`."""

    verdict: Attested
    facts: dict[str, Any] = field(default_factory=dict)
    tool: str = ""


def read_attestations(actor: Officer, item: Item) -> list[Attestation]:
    """Read with every reader that fits the type of an item, keep what each found, and return it.

    Nothing is fetched from the network, and no verdict here is this node's own.
    Raises NotAllowed, NotVisible, Refused("evidence.use_ended"), Untrusted("vaultfile.…").
    """
    require(actor, Act.OPEN_ITEM)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_look(item)
    found: list[tuple[Reader, Found]] = []
    for reader in readers_for(item.media_type_sniffed):
        with read_item(actor, item) as source:
            read = _READERS[reader](actor, item, cast("BinaryIO", source))
        if read is not None:
            found.append((reader, read))
    return _keep(actor, item, found)


@transaction.atomic
def _keep(actor: Officer, item: Item, found: Sequence[tuple[Reader, Found]]) -> list[Attestation]:
    kept = []
    for reader, one in found:
        row, _ = Attestation.objects.update_or_create(
            item=item,
            reader=reader,
            defaults={
                "verdict": one.verdict,
                "facts": one.facts,
                "tool": one.tool[:200],
                "read_at": timezone.now(),
                "read_by": actor.actor_id,
            },
        )
        kept.append(row)
    ledger.append(
        actor,
        "evidence.attestations_read",
        item.subject,
        sha256=item.sha256,
        found=[
            {
                "reader": str(reader),
                "verdict": str(one.verdict),
                "tool": one.tool,
                "facts_sha256": canonical.digest_hex(one.facts),
            }
            for reader, one in found
        ],
    )
    return kept


def _c2pa(_actor: Officer, item: Item, source: BinaryIO) -> Found:
    trust = getattr(settings, "COMITY_C2PA_TRUST", None)
    anchors = Path(trust).read_bytes() if trust else b""
    try:
        said = _asked("read_c2pa", [item.media_type_sniffed], source, [anchors])
    except Refused as refusal:
        if refusal.code == "evidence.reader_missing":
            return Found(Attested.READER_MISSING)
        return Found(Attested.UNREADABLE, {"why": refusal.code})
    except Untrusted as doubt:
        return Found(Attested.UNREADABLE, {"why": doubt.code})
    verdict = c2pa_verdict(
        said.get("state", ""), said.get("failures", ()), said.get("successes", ())
    )
    tool = str(said.pop("tool", ""))
    if verdict is Attested.NONE:
        said = {"elsewhere": True} if said.get("state") == "Elsewhere" else {}
    return Found(verdict, said, tool)


def _asked(
    tool: str, arguments: list[str], source: BinaryIO, beside: Sequence[bytes]
) -> dict[str, Any]:
    return untrusted.answer(untrusted.run(tool, arguments, source, beside=beside, seconds=_SECONDS))


def _proofmode(_actor: Officer, _item: Item, source: BinaryIO) -> Found | None:
    """A bundle of ProofMode: each proof's hash against the files, its signature with gpgv."""
    try:
        contents = archives.read_contents(source)
        proofs = [one for one in contents.members if _is_proof(one)][:_MOST_PROOFS]
        if not proofs:
            return None
        return _bundle(source, contents, proofs)
    except Untrusted as doubt:
        if not doubt.code.startswith("archives."):
            raise
        return Found(Attested.UNREADABLE, {"why": doubt.code})


def _is_proof(member: archives.Member) -> bool:
    name = member.name.decode("utf-8", "replace").lower()
    small = not member.refusal and member.size <= sidecars.MOST_BYTES
    return small and name.endswith(_PROOF_ENDINGS)


def _bundle(
    source: BinaryIO, contents: archives.Contents, proofs: Sequence[archives.Member]
) -> Found:
    known = set(_hashes(source, contents))
    files = {one.name: one for one in contents.members if not one.refusal}
    facts: dict[str, Any] = {"proofs": [], "pairs": []}
    verdicts = []
    for proof in proofs:
        data = archives.open_member(source, contents, proof).read()
        try:
            sidecar = sidecars.read(data)
        except Untrusted:
            verdicts.append(Attested.UNREADABLE)
            continue
        fits = bool(sidecar.hashes & known)
        signature = files.get(proof.name + b".asc")
        signed = "unsigned"
        if signature is not None and signature.size <= sidecars.MOST_BYTES:
            keys = [_key_of(source, contents, files)]
            given = archives.open_member(source, contents, signature).read()
            signed = _signature(data, given, keys[0], facts)
        facts["proofs"].append({"index": proof.index, "hash_fits": fits, "signature": signed})
        facts["pairs"] = facts["pairs"] or [list(pair) for pair in sidecar.pairs[:30]]
        verdicts.append(_of_proof(fits, signed))
    worst = min(verdicts, key=_WORST_FIRST.index)
    return Found(worst, facts, "comity sidecars 1, gpgv")


_WORST_FIRST = [
    Attested.NOT_INTACT,
    Attested.UNREADABLE,
    Attested.HASH_FITS,
    Attested.INTACT_UNKNOWN,
    Attested.INTACT_KNOWN,
]


def _of_proof(fits: bool, signed: str) -> Attested:
    if not fits or signed == "bad":
        return Attested.NOT_INTACT
    return {"known": Attested.INTACT_KNOWN, "own_key": Attested.INTACT_UNKNOWN}.get(
        signed, Attested.HASH_FITS
    )


def _hashes(source: BinaryIO, contents: archives.Contents) -> list[str]:
    """The SHA-256 of each file of a bundle, without memory growing."""
    found = []
    for member in contents.members:
        if member.refusal or member.thing is not archives.Thing.FILE or _is_proof(member):
            continue
        digest = hashlib.sha256()
        with archives.open_member(source, contents, member) as opened:
            while piece := opened.read(1 << 20):
                digest.update(piece)
        found.append(digest.hexdigest())
    return found


def _key_of(
    source: BinaryIO, contents: archives.Contents, files: dict[bytes, archives.Member]
) -> bytes:
    """The key that a bundle brings along, unarmoured; it says who signs only to themselves."""
    for name, member in files.items():
        if name.lower().endswith(b"pubkey.asc") and member.size <= sidecars.MOST_BYTES:
            return unarmoured(archives.open_member(source, contents, member).read())
    return b""


def unarmoured(text: bytes) -> bytes:
    """The bytes in an OpenPGP armour (RFC 9580, 6.2); none if it is none."""
    lines = text.decode("ascii", "replace").replace("\r\n", "\n").split("\n")
    if not lines[0].startswith("-----BEGIN PGP"):
        return b""
    body = lines[lines.index("") + 1 :] if "" in lines else []
    kept = [line for line in body if line and not line.startswith(("=", "-----"))]
    try:
        return base64.b64decode("".join(kept), validate=True)
    except ValueError:
        return b""


def _signature(data: bytes, signature: bytes, own_key: bytes, facts: dict[str, Any]) -> str:
    """Check with the keys that this node knows, then with the bundle's own."""
    ring = getattr(settings, "COMITY_PROOFMODE_KEYRING", None)
    rings = [("known", Path(ring).read_bytes())] if ring else []
    rings += [("own_key", own_key)] if own_key else []
    for standing, keys in rings:
        try:
            said = _asked("check_pgp", [], io.BytesIO(data), [signature, keys])
        except Stated:
            return "unchecked"
        if said["result"] == "good":
            facts["key"] = said["key"]
            return standing
        if said["result"] == "bad":
            return "bad"
    return "unchecked"


def _sidecar(actor: Officer, item: Item, source: BinaryIO) -> Found | None:
    """A manifest beside a recording: the hash that it states against items of the same teams."""
    if item.size > sidecars.MOST_BYTES:
        return None
    try:
        read = sidecars.read(source.read())
    except Untrusted:
        return None
    if not read.hashes:
        return None
    named = _beside(actor, item).filter(sha256__in=list(read.hashes)).order_by("pk")
    facts = {
        "items": [one.number for one in named[:10]],
        "pairs": [list(pair) for pair in read.pairs[:30]],
    }
    verdict = Attested.HASH_FITS if facts["items"] else Attested.NOT_HERE
    return Found(verdict, facts, "comity sidecars 1")


def _beside(actor: Officer, item: Item) -> Any:
    """Items that the officer sees and that a team of this one's holds."""
    records = ItemAccess.objects.filter(item=item).values("record")
    held = ItemAccess.objects.filter(record__in=records).values("item")
    return Item.objects.visible_to(actor).filter(pk__in=held).exclude(pk=item.pk)


def _national(actor: Officer, item: Item, source: BinaryIO) -> Found | None:
    """A signature under DSTU 4145: recognised here, validated by the operator's sidecar if any."""
    der = source.read(dstu.MAX_BYTES + 1)
    signature = dstu.recognise(der)
    if signature is None:
        return None
    facts: dict[str, Any] = {
        "algorithms": list(signature.algorithms),
        "signers": list(signature.signers),
    }
    command = list(getattr(settings, "COMITY_DSTU_COMMAND", ()))
    content = _content_of(actor, item, signature)
    if not command or content is None:
        facts["content_missing"] = content is None
        return Found(Attested.NATIONAL_UNCHECKED, facts)
    with content:
        try:
            said = _asked("ask_sidecar", [json.dumps(command)], content, [der])
        except Stated as failure:
            return Found(Attested.NATIONAL_UNCHECKED, facts | {"why": failure.code})
    verdict = {"valid": Attested.NATIONAL_VALID, "invalid": Attested.NATIONAL_NOT_VALID}.get(
        said["result"], Attested.NATIONAL_UNCHECKED
    )
    facts |= {"sidecar_signer": said["signer"], "sidecar_result": said["result"]}
    return Found(verdict, facts, said["version"])


def _content_of(actor: Officer, item: Item, signature: dstu.NationalSignature) -> BinaryIO | None:
    """What is signed: inside the signature, or the item whose name it has without its ending."""
    if signature.content is not None:
        return io.BytesIO(signature.content)
    name = item.original_name.rpartition(".")[0]
    signed = _beside(actor, item).filter(original_name=name).first() if name else None
    return cast("BinaryIO", read_item(actor, signed)) if signed else None


_READERS = {
    Reader.C2PA: _c2pa,
    Reader.PROOFMODE: _proofmode,
    Reader.SIDECAR: _sidecar,
    Reader.NATIONAL: _national,
}
