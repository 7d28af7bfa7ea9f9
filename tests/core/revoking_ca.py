"""A certificate authority for time-stamping made by the `openssl` program, with its lists."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIG = """\
[ca]
default_ca = one
[one]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/ca.serial
crlnumber = {folder}/crlnumber
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_days = 300
default_crl_days = 7
policy = any
copy_extensions = none
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = Test time root
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
authorityKeyIdentifier = keyid
{points}
[responder]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
"""
TSA = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class RevokingCa:
    """In one folder, which `testtsa.Authority` takes as its own.

    address: of the lists, or none. responder: likewise, of an OCSP responder.
    """

    def __init__(self, folder: Path, address: str = "", responder: str = "") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        points = f"crlDistributionPoints = URI:{address}\n" if address else ""
        points += f"authorityInfoAccess = OCSP;URI:{responder}" if responder else ""
        (folder / "ca.cnf").write_text(CONFIG.format(folder=folder, points=points))
        (folder / "tsa.cnf").write_text(TSA.format(folder=folder))
        (folder / "index.txt").touch()
        for name in ("ca.serial", "crlnumber", "serial"):
            (folder / name).write_text("01\n")
        self._run("req", "-new", *self._key("ca"), "-x509", "-days", "400", "-extensions", "root",
                  "-out", str(folder / "ca.pem"))  # fmt: skip
        self.certify("tsa", "stamping")

    def certify(self, name: str, extensions: str) -> None:
        """Make a key and its certificate: stamping, or responder."""
        asked, made = str(self.folder / f"{name}.csr"), str(self.folder / f"{name}.pem")
        self._run("req", "-new", *self._key(name), "-subj", f"/CN=Test {name}", "-out", asked)
        self._run("ca", "-batch", "-notext", "-extensions", extensions, "-in", asked, "-out", made)

    def answer(self, question: bytes, signer: str = "ca") -> bytes:
        """What `openssl ocsp` answers, signed by the root or by one of its certificates."""
        asked, said = self.folder / "asked.der", self.folder / "said.der"
        asked.write_bytes(question)
        command = [
            "openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", f"{signer}.pem",
            "-rkey", f"{signer}.key", "-reqin", "asked.der", "-respout", "said.der", "-ndays", "1",
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)
        return said.read_bytes()

    def _key(self, name: str) -> list[str]:
        key = str(self.folder / f"{name}.key")
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]

    def _run(self, verb: str, *words: str) -> None:
        command = ["openssl", verb, "-config", str(self.folder / "ca.cnf"), *words]
        subprocess.run(command, check=True, capture_output=True)

    def revoke(self, reason: str = "") -> None:
        """Revoke the certificate of the time-stamps now."""
        words = ["-crl_reason", reason] if reason else []
        self._run("ca", "-revoke", str(self.folder / "tsa.pem"), *words)

    def listed(self) -> bytes:
        """A new list, DER."""
        made = self.folder / "list.pem"
        self._run("ca", "-gencrl", "-out", str(made))
        der = ["openssl", "crl", "-in", str(made), "-outform", "DER"]
        return subprocess.run(der, check=True, capture_output=True).stdout
