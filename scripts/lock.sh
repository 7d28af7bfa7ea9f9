#!/usr/bin/env bash
# Pin every dependency with its hashes, without naming the place it came from.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "uv is needed to lock: python3 -m pip install uv"; exit 2; }
mkdir -p requirements
common=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet)
uv pip compile pyproject.toml "${common[@]}" -o requirements/bare.lock
uv pip compile pyproject.toml --extra node "${common[@]}" -c requirements/bare.lock -o requirements/node.lock
uv pip compile pyproject.toml --extra node --group dev "${common[@]}" -c requirements/node.lock -o requirements/dev.lock
if grep -n '://' requirements/*.lock; then echo "a lock file names a host"; exit 1; fi
