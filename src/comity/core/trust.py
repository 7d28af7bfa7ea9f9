"""Whom a verifier trusts, and what it knows of a node: pinned descriptors before enclosed ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comity.core import notes
from comity.core.container import Examination
from comity.core.findings import Finding
from comity.core.sealing.descriptor import Descriptor


@dataclass(frozen=True)
class Trust:
    """What the caller believes before looking at any package.

    descriptors: of nodes whose fingerprint somebody confirmed; several for one node are allowed,
    so that a package sealed before a change of keys still verifies. stamp_roots: PEM certificates
    of time-stamp authorities. witnesses: note verifier keys besides the descriptors'.
    """

    descriptors: tuple[Descriptor, ...] = ()
    stamp_roots: tuple[bytes, ...] = ()
    witnesses: tuple[notes.Verifier, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known of one node. is_trusted: from the caller, not from the package."""

    descriptors: tuple[Descriptor, ...]
    is_trusted: bool

    @property
    def seals(self) -> list[bytes]:
        """Its seal certificates, PEM."""
        return [each.seal_certificate.encode("ascii") for each in self.descriptors]

    @property
    def ledger_keys(self) -> list[notes.Verifier]:
        """The keys that sign its checkpoints."""
        return [notes.Verifier.parse(each.ledger_key) for each in self.descriptors]


@dataclass(frozen=True)
class Directory:
    """Finds what is known of a node. enclosed: descriptors that came with what is verified."""

    trust: Trust
    enclosed: tuple[Descriptor, ...] = ()

    def of(self, node_id: str) -> Known:
        """Give the caller's descriptors of a node, and the enclosed ones only if there are none."""
        pinned = tuple(each for each in self.trust.descriptors if each.node_id == node_id)
        if pinned:
            return Known(pinned, is_trusted=True)
        found = tuple(each for each in self.enclosed if each.node_id == node_id)
        return Known(found, is_trusted=False)

    def witnesses(self, node_id: str) -> list[notes.Verifier]:
        """Give the keys that may witness this node's ledger: of every other trusted node.

        A node cosigns with its ledger key, in the cosignature form or as a plain signature.
        """
        keys = list(self.trust.witnesses)
        for descriptor in self.trust.descriptors:
            if descriptor.node_id != node_id:
                plain = notes.Verifier.parse(descriptor.ledger_key)
                keys += [plain, replace(plain, algorithm=notes.Algorithm.COSIGNATURE)]
        return keys


def judge_signer(examination: Examination, known: Known) -> list[Finding]:
    """Give the findings of an examination with the signer compared to the node it should be.

    A seal by another key than the trusted ones of that node, or than the enclosed descriptor's,
    does not hold: it is somebody else's. An expired one stays a doubt.
    """
    signer = examination.signer
    if signer is None or not known.descriptors:
        return list(examination.findings)
    is_theirs = signer.certificate_pem.strip() in {pem.strip() for pem in known.seals}
    judged = []
    for finding in examination.findings:
        if finding.code == "seal.signer" and not is_theirs and not finding.ok:
            reason = "other_key" if known.is_trusted else "not_the_senders"
            finding = replace(finding, ok=False, facts={**finding.facts, "reason": reason})
        judged.append(finding)
    return judged
