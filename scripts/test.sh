#!/usr/bin/env bash
# Everything that must hold: lint, import rules, types, translations, links, and the whole test suite on
# PostgreSQL and on SQLite, with two nodes, a real browser and the foreign tools that check our formats.
# make test ARGS="tests/ledger -k proof" runs a part on both databases.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
say() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - started)); }

say "Tools from outside"
bash scripts/tools.sh
say "Environment"
bash scripts/install.sh dev
if [ $# -eq 0 ]; then
  say "Lint, import rules, types, migrations"
  bash scripts/lint.sh
  say "Translations and links"
  .venv/bin/python scripts/check_catalogues.py
  .venv/bin/python scripts/check_links.py
fi
say "A PostgreSQL server"
server_url="${DATABASE_URL:-}"
stop_server() { :; }
if [ -z "$server_url" ]; then
  folder="$(mktemp -d)"
  .venv/bin/python scripts/test_server.py start "$folder" > "$folder/url"
  server_url="$(cat "$folder/url")"
  stop_server() { .venv/bin/python scripts/test_server.py stop "$folder" || true; rm -rf "$folder"; }
  trap stop_server EXIT
fi
export COMITY_TEST_WORKERS="${COMITY_TEST_WORKERS:-2}"
export PYTHONHASHSEED=0 # the workers must collect the same tests in the same order
run() { # name, database url, arguments
  say "Tests on $1"
  DATABASE_URL="$2" .venv/bin/python -m pytest "${@:3}"
}
if [ $# -gt 0 ]; then
  run PostgreSQL "$server_url" "$@"
  run SQLite "" "$@"
else
  # The last two spend much of their time waiting for live nodes: they come last, side by side.
  live=(--ignore tests/browser --ignore tests/faults)
  run PostgreSQL "$server_url" tests "${live[@]}" -n "$COMITY_TEST_WORKERS" --dist loadfile
  # Two-node journeys start nodes of their own on SQLite already.
  run SQLite "" tests "${live[@]}" -n "$COMITY_TEST_WORKERS" --dist loadfile -m "not browser and not two_nodes" --ignore tests/core --ignore tests/architecture
  say "The story by clicking, and nodes killed in the middle"
  browser_log="$(mktemp)"
  DATABASE_URL="" .venv/bin/python -m pytest tests/browser > "$browser_log" 2>&1 & browser=$!
  faults_held=true; DATABASE_URL="" .venv/bin/python -m pytest tests/faults || faults_held=false
  browser_held=true; wait "$browser" || browser_held=false
  cat "$browser_log"; rm -f "$browser_log"
  if ! $faults_held || ! $browser_held; then exit 1; fi
fi
say "All done"
