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
  # tests/browser plays the story by clicking on two live nodes, tests/faults kills live nodes; for
  # now they run only when asked (docs/decisions/0006): make test ARGS="tests/browser tests/faults"
  run PostgreSQL "$server_url" tests --ignore tests/browser --ignore tests/faults -n "$COMITY_TEST_WORKERS" --dist loadfile
  # The browser and two-node journeys start nodes of their own on SQLite already.
  run SQLite "" tests -n "$COMITY_TEST_WORKERS" --dist loadfile -m "not browser and not two_nodes" --ignore tests/browser --ignore tests/faults --ignore tests/core --ignore tests/architecture
fi
say "All done"
