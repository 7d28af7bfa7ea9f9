#!/usr/bin/env bash
# Install Comity into .venv: `scripts/install.sh node` to run it, `scripts/install.sh dev` to test it.
set -euo pipefail
cd "$(dirname "$0")/.."
kind="${1:-node}"
lock="requirements/$kind.lock"
python="${PYTHON:-python3}"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "Comity needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 2; }
[ -x .venv/bin/python ] || { echo "Making a local environment in .venv"; "$python" -m venv .venv; }
stamp=".venv/.installed-$kind"
if [ "$kind" = node ] && [ -f .venv/.installed-dev ]; then stamp=.venv/.installed-dev; lock=requirements/dev.lock; fi
if [ ! -f "$stamp" ] || ! cmp -s "$lock" "$stamp"; then
  echo "Installing the pinned packages ($lock)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==0.13.9" 2>/dev/null || true
  if [ -x .venv/bin/uv ]; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock"
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps -e .
  else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
  fi
  cp "$lock" "$stamp"
fi
.venv/bin/python scripts/build_catalogues.py
