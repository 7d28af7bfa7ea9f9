#!/usr/bin/env bash
# Run the benchmarks: `make bench` all of them, `make bench ARGS="vault exchange"` some.
# Each writes var/bench/NAME.json; the table is in docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install.sh dev
mkdir -p var/bench
# What the vault is compared with.
for peer in restic borg; do
  command -v "$peer" >/dev/null && continue
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $peer"
    apt-get update -qq >/dev/null
    apt-get install -y -qq --no-install-recommends "${peer/%borg/borgbackup}" >/dev/null
  fi
done
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in bench/*.py; do
    name="$(basename "$file" .py)"; case "$name" in _*|report|measure) continue;; esac; names+=("$name")
  done
fi
for name in "${names[@]}"; do
  [ -f "bench/$name.py" ] || { echo "There is no benchmark $name; there are: $(ls bench | sed -n 's/\.py$//p' | grep -v -e '^_' -e report -e measure | tr '\n' ' ')"; exit 2; }
  echo "== $name"
  .venv/bin/python "bench/$name.py" --output "var/bench/$name.json"
done
.venv/bin/python bench/report.py var/bench docs/benchmarks.md
