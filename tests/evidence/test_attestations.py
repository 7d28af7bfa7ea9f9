"""What outsiders attach: real C2PA files, real OpenPGP signatures, hashes, national signatures."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto import algos, cms, core
from django.conf import LazySettings

from comity.core.errors import NotVisible
from comity.evidence import actions
from comity.evidence.models import Attestation, Item
from comity.evidence.rules.tools import CMS_TYPE, Attested, Reader, c2pa_verdict
from comity.ledger.models import Entry
from tests.core.test_archives import zipped
from tests.evidence.c2pa_files import Chain, chain, signed
from tests.evidence.conftest import World
from tests.evidence.test_likeness import encoded, scene
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db
PHOTO = encoded(scene(), "jpeg")


@pytest.fixture(scope="module")
def camera() -> Chain:
    return chain()


def read(world: World, item: Item) -> Attestation:
    (found,) = actions.read_attestations(world.investigator, item)
    return found


def test_a_c2pa_file_is_intact_and_its_signer_known_only_to_who_lists_the_root(
    world: World, camera: Chain, settings: LazySettings, tmp_path: Path
) -> None:
    item = world.item(signed(PHOTO, "image/jpeg", camera))
    found = read(world, item)
    assert (found.reader, found.verdict) == (Reader.C2PA, Attested.INTACT_UNKNOWN)
    assert found.facts["failures"] == ["signingCredential.untrusted"]
    assert found.facts["generator"] == "invented-camera 2"
    assert found.tool.startswith("c2pa-rs ")
    for root, verdict in ((camera.root, Attested.INTACT_KNOWN),
                          (chain().root, Attested.INTACT_UNKNOWN)):  # fmt: skip
        settings.COMITY_C2PA_TRUST = str(tmp_path / "anchors.pem")
        (tmp_path / "anchors.pem").write_text(root)
        assert read(world, item).verdict == verdict
    assert Attestation.objects.count() == 1
    assert Entry.objects.filter(kind="evidence.attestations_read").count() == 3


def test_a_changed_c2pa_file_is_not_intact_and_a_plain_one_says_nothing(
    world: World, camera: Chain
) -> None:
    data = bytearray(signed(PHOTO, "image/jpeg", camera))
    data[-200] ^= 1
    assert read(world, world.item(bytes(data))).verdict == Attested.NOT_INTACT
    assert read(world, world.item(PHOTO)).verdict == Attested.NONE
    broken = read(world, world.item(PHOTO[:40]))
    assert broken.verdict in {Attested.NONE, Attested.UNREADABLE}


def test_without_the_reader_that_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: LazySettings
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "c2pa.py").write_text("raise ImportError")
    settings.COMITY_TOOL_FOLDERS = [str(tmp_path)]
    packages = f"{tmp_path}:{Path('src').resolve()}"
    monkeypatch.setattr("comity.evidence.untrusted._PACKAGES", packages)
    assert read(world, world.item(PHOTO)).verdict == Attested.READER_MISSING


@pytest.mark.parametrize(
    ("state", "failures", "successes", "verdict"),
    [
        ("Trusted", [], ["claimSignature.validated", "signingCredential.trusted"], "intact_known"),
        ("Trusted", [], ["claimSignature.validated"], "intact_unknown"),
        ("Invalid", ["signingCredential.expired"], ["claimSignature.validated"], "intact_unknown"),
        ("Trusted", ["assertion.dataHash.mismatch"],
         ["claimSignature.validated", "signingCredential.trusted"], "not_intact"),
        ("Valid", [], [], "not_intact"),
        ("Elsewhere", [], [], "none"),
    ],
)  # fmt: skip
def test_no_report_is_better_than_its_worst_word(
    state: str, failures: list[str], successes: list[str], verdict: str
) -> None:
    assert c2pa_verdict(state, failures, successes) == verdict


@pytest.fixture(scope="module")
def pgp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of gpg with a key of an invented witness."""
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg(home, "--quick-generate-key", "Invented <a@example.test>", "ed25519", "sign", "never")
    return home


def gpg(home: Path, *arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(
        ["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "--pinentry-mode",
         "loopback", *arguments],
        input=data, capture_output=True, check=True, env=os.environ | {"LC_ALL": "C"},
    ).stdout  # fmt: skip


def bundle(home: Path, *, photo: bytes = PHOTO, changed: bytes = b"", key: bool = True) -> bytes:
    digest = hashlib.sha256(PHOTO).hexdigest()
    proof = f"File Hash SHA256,Location.Latitude,Manufacturer\n{digest},50.45,Invented\n".encode()
    signature = gpg(home, "--armor", "--detach-sign", data=proof)
    files = [
        ("photo.jpg", photo),
        (f"{digest}.proof.csv", proof + changed),
        (f"{digest}.proof.csv.asc", signature),
    ]
    return zipped(files + [("pubkey.asc", gpg(home, "--armor", "--export"))] * key)


def test_a_proofmode_bundle_is_checked_by_hash_and_signature(
    world: World, pgp: Path, settings: LazySettings, tmp_path: Path
) -> None:
    whole = world.item(bundle(pgp))
    found = read(world, whole)
    assert (found.reader, found.verdict) == (Reader.PROOFMODE, Attested.INTACT_UNKNOWN)
    assert ["Manufacturer", "Invented"] in found.facts["pairs"]
    for data, verdict in (
        (bundle(pgp, photo=PHOTO + b"x"), Attested.NOT_INTACT),
        (bundle(pgp, changed=b"more,1,2\n"), Attested.NOT_INTACT),
        (bundle(pgp, key=False), Attested.HASH_FITS),
    ):
        assert read(world, world.item(data)).verdict == verdict
    settings.COMITY_PROOFMODE_KEYRING = str(tmp_path / "ring.gpg")
    (tmp_path / "ring.gpg").write_bytes(gpg(pgp, "--export"))
    known = read(world, whole)
    assert known.verdict == Attested.INTACT_KNOWN
    assert len(known.facts["key"]) == 40
    assert actions.read_attestations(world.investigator, world.item(zipped([("a", b"b")]))) == []


@pytest.mark.parametrize("form", ["json", "xml", "csv"])
def test_a_manifest_beside_a_recording_is_compared_with_items_of_the_same_team(
    world: World, form: str
) -> None:
    digest = hashlib.sha256(PHOTO).hexdigest()
    text = {
        "json": json.dumps({"media": [{"fileHash": digest.upper(), "device": "Camera 2"}]}),
        "xml": f'<capture><file hash="sha256:{digest}"/><device>Camera 2</device></capture>',
        "csv": f"name,sha256\nphoto,{digest}\n",
    }[form]
    manifest = world.item(text.encode())
    assert read(world, manifest).verdict == Attested.NOT_HERE
    photo = world.item(PHOTO)
    found = read(world, manifest)
    assert (found.verdict, found.facts["items"]) == (Attested.HASH_FITS, [photo.number])
    trap = '<!DOCTYPE a [<!ENTITY b "c">]>' + f"<a><hash>{digest}</hash></a>"
    assert actions.read_attestations(world.investigator, world.item(trap.encode())) == []
    note = world.item(b"a note, with commas\nand no hash, at all\n")
    assert actions.read_attestations(world.investigator, note) == []


def national(content: bytes | None) -> bytes:
    """A CMS whose algorithms are those of DSTU 4145 with GOST 34.311; its value is not real."""
    class_of = cms.SignerInfo(
        {
            "version": "v3",
            "sid": cms.SignerIdentifier("subject_key_identifier", core.OctetString(b"k" * 32)),
            "digest_algorithm": {"algorithm": "1.2.804.2.1.1.1.1.2.1"},
            "signature_algorithm": algos.SignedDigestAlgorithm(
                {"algorithm": "1.2.804.2.1.1.1.1.3.1.1"}
            ),
            "signature": b"s" * 64,
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "1.2.804.2.1.1.1.1.2.1"}],
            "encap_content_info": {"content_type": "data", "content": content},
            "signer_infos": [class_of],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()


SIDECAR = """
import json, sys
signature, content = (open(path, "rb").read() for path in sys.argv[2:])
good = b"s" * 64 in signature and content == b"the decision"
answer = {"result": "valid" if good else "invalid", "version": "validator 3.1", "signer": "Court"}
print(json.dumps(answer))
"""


def test_a_national_signature_is_recognised_and_validated_by_the_operators_validator_only(
    world: World, settings: LazySettings, tmp_path: Path
) -> None:
    item = world.item(national(b"the decision"))
    assert item.media_type_sniffed == CMS_TYPE
    found = read(world, item)
    assert (found.reader, found.verdict) == (Reader.NATIONAL, Attested.NATIONAL_UNCHECKED)
    assert found.facts["algorithms"] == ["1.2.804.2.1.1.1.1.3.1.1"]
    (tmp_path / "validator.py").write_text(SIDECAR)
    settings.COMITY_DSTU_COMMAND = [sys.executable, str(tmp_path / "validator.py"), "--full"]
    valid = read(world, item)
    assert (valid.verdict, valid.tool) == (Attested.NATIONAL_VALID, "validator 3.1")
    assert valid.facts["sidecar_signer"] == "Court"
    other = world.item(national(b"another decision"))
    assert read(world, other).verdict == Attested.NATIONAL_NOT_VALID
    beside = world.item(national(None), original_name="decision.pdf.p7s")
    assert read(world, beside).facts["content_missing"]
    world.item(b"the decision", original_name="decision.pdf")
    assert read(world, beside).verdict == Attested.NATIONAL_VALID
    settings.COMITY_DSTU_COMMAND = ["/nonexistent"]
    assert read(world, item).verdict == Attested.NATIONAL_UNCHECKED


def test_a_signature_of_another_kind_is_none_of_these(world: World, tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout",
         "k.pem", "-out", "c.pem"], cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    der = subprocess.run(
        ["openssl", "cms", "-sign", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER",
         "-nodetach"], cwd=tmp_path, check=True, capture_output=True, input=b"x",
    ).stdout  # fmt: skip
    item = world.item(der)
    assert item.media_type_sniffed == CMS_TYPE
    assert actions.read_attestations(world.investigator, item) == []
    assert actions.read_attestations(world.investigator, world.item(der[:60])) == []


def test_the_page_says_it_in_words_and_without_a_tick(
    world: World, camera: Chain, sign_in: SignIn
) -> None:
    item, client = world.item(signed(PHOTO, "image/jpeg", camera)), sign_in(world.investigator)
    assert "Not read yet." in client.get(url("item", item.pk)).content.decode()
    page = client.post(url("item_attest", item.pk), follow=True).content.decode()
    part = page.partition('id="origin"')[2].partition("</section>")[0]
    assert "intact, signer unknown" in part
    assert "Camera 2" in part
    assert "cm-tag--good" not in part
    assert sign_in(world.stranger).post(url("item_attest", item.pk)).status_code == 404
    with pytest.raises(NotVisible):
        actions.read_attestations(world.stranger, item)
    plain = world.item(b"nothing of the kind")
    said = client.post(url("item_attest", plain.pk), follow=True).content.decode()
    assert "Nothing about its origin is attached" in said
