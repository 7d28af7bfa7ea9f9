"""What a file's C2PA manifest says, and what of it holds; nothing is fetched."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any, BinaryIO

from comity.evidence.tools import Unfit


def main(arguments: list[str], source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: the media type, and the descriptor of a file of trust anchors in PEM."""
    try:
        c2pa: Any = importlib.import_module("c2pa")  # an optional extra, without types
    except ImportError as missing:
        raise Unfit("reader_missing") from missing
    with os.fdopen(int(arguments[1]), "rb") as anchors:
        trusted = anchors.read().decode("ascii")
    found: dict[str, Any] = {"tool": f"c2pa-rs {c2pa.sdk_version()}"}
    try:
        with c2pa.Reader(arguments[0], source, context=_context(c2pa, trusted)) as reader:
            found |= _told(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        found["state"] = "None"
    except c2pa.C2paError.RemoteManifest:
        found["state"] = "Elsewhere"
    except c2pa.C2paError.NotSupported:
        found["state"] = "None"
    target.write(json.dumps(found).encode())


def _context(c2pa: Any, trusted: str) -> Any:
    settings: dict[str, Any] = {
        "verify": {
            "verify_trust": True,
            "verify_after_reading": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        }
    }
    if trusted.strip():
        settings["trust"] = {"trust_anchors": trusted}
    return c2pa.Context.from_dict(settings)


def _told(report: dict[str, Any]) -> dict[str, Any]:
    active = report.get("manifests", {}).get(report.get("active_manifest"), {})
    results = report.get("validation_results", {}).get("activeManifest", {})
    signature = active.get("signature_info") or {}
    generator = (active.get("claim_generator_info") or [{}])[0]
    failures = {each["code"] for each in report.get("validation_status", [])}
    failures |= {each["code"] for each in results.get("failure", [])}
    return {
        "state": report.get("validation_state", ""),
        "failures": sorted(failures),
        "successes": sorted({each["code"] for each in results.get("success", [])}),
        "issuer": str(signature.get("issuer", ""))[:200],
        "signer": str(signature.get("common_name", ""))[:200],
        "signed_at": str(signature.get("time", ""))[:40],
        "generator": f"{generator.get('name', '')} {generator.get('version', '')}".strip()[:200],
        "actions": _actions(active)[:20],
    }


def _actions(active: dict[str, Any]) -> list[str]:
    found = []
    for assertion in active.get("assertions", []):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            actions = assertion.get("data", {}).get("actions", [])
            found += [str(each.get("action", ""))[:80] for each in actions]
    return found
