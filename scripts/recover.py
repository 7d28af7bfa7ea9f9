"""Open the stored files of a vault without Comity. Needs Python 3 and the `cryptography` package.

python3 recover.py VAULT_ROOT_KEY WRAPPED_KEYS.jsonl OBJECTS_FOLDER NEW_FOLDER
VAULT_ROOT_KEY: file of 32 bytes or 64 hex digits. Exit code 0: all are complete and as recorded.
What erasures.jsonl beside WRAPPED_KEYS.jsonl names was erased by law, and is not opened.
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK, INFO = 16384 + 16, b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"


def unwrap(root, wrapped, name):
    bound = wrapped[:1] + b"comity vault object key v1:" + name.encode()
    return AESGCMSIV(root).decrypt(wrapped[1:13], wrapped[13:], bound)


def write_plain(source, left, key, target):
    salt, commitment = source.read(24), source.read(32)
    material = HKDFExpand(SHA512(), 76, INFO + salt + b"comity vault file v1").derive(key)
    if material[44:] != commitment:
        raise ValueError("another key, or a changed header")
    cipher, base, number, digest = AESGCM(material[:32]), material[32:44], 0, hashlib.sha256()
    left -= 56
    while True:
        chunk = source.read(min(CHUNK, left))
        nonce = (int.from_bytes(base, "big") ^ number).to_bytes(12, "big")
        digest.update(plain := cipher.decrypt(nonce, chunk, None))
        target.write(plain)
        number, left = number + 1, left - len(chunk)
        if len(chunk) < CHUNK:
            return digest.hexdigest()


root_file, export, objects, out = map(Path, sys.argv[1:])
root, failed = root_file.read_bytes(), 0
root = root if len(root) == 32 else bytes.fromhex(root.decode())
erased = export.with_name("erasures.jsonl")
lines = [line for line in erased.open() if line.endswith("}\n")] if erased.exists() else []
erased = {json.loads(line)["file"] for line in lines}
out.mkdir()
for line in map(json.loads, export.open()):
    path = out / (f"{line['said']}-{line['file']}" if line["said"] else line["file"])
    if line["file"] in erased:
        print(f"ERASED {path.name}: not opened", file=sys.stderr)
        continue
    try:
        with (objects / line["object"][:2] / line["object"]).open("rb") as source:
            source.seek(line["offset"])
            key = unwrap(root, bytes.fromhex(line["wrapped"]), line["name"])
            with path.open("wb") as target:
                found = write_plain(source, line["size"], key, target)
        if line["sha256"] not in ("", found):
            raise ValueError("not the bytes on record")
    except (OSError, ValueError, InvalidTag) as failure:
        failed += 1
        path.unlink(missing_ok=True)
        print(f"FAILED {path.name}: {type(failure).__name__} {failure}", file=sys.stderr)
sys.exit(failed > 0)
