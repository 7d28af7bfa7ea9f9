#!/usr/bin/env bash
# Install what the demonstration needs into .venv, then play the main job on two nodes.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v openssl >/dev/null || { echo "The demonstration needs the openssl command (package openssl)."; exit 2; }
bash scripts/install.sh node
exec .venv/bin/comity demo "$@"
