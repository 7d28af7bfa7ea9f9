#!/usr/bin/env bash
# Format, lint, types, import rules: what the machine checks (docs/decisions and ARCHITECTURE.md say why).
set -euo pipefail
cd "$(dirname "$0")/.."
export COMITY_HOME="${COMITY_HOME:-var/lint}" SECRET_KEY="${SECRET_KEY:-only-for-lint}"
mkdir -p "$COMITY_HOME"
bin=.venv/bin
step() { echo "· $1"; }
step "ruff format"; $bin/ruff format --check --quiet src tests bench scripts
step "ruff"; $bin/ruff check --quiet src tests bench scripts
step "import rules"; $bin/lint-imports --no-logo 2>/dev/null | tail -n 6 || { $bin/lint-imports; exit 1; }
step "types"; $bin/mypy
step "migrations"; $bin/python -m django makemigrations --check --dry-run --settings comity.node.settings >/dev/null ||
  { echo "a model changed without a migration: run comity makemigrations"; exit 1; }
