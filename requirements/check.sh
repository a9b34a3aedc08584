#!/usr/bin/env bash
# Fails when a lock no longer follows from the dependencies that the packages declare.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
locks=(requirements/all.txt requirements/build.txt services/*/requirements*.txt)

# Versions already locked are kept where they still satisfy, so only a changed need shows.
cp --parents "${locks[@]}" "$fresh"
requirements/lock.sh "$fresh"
stale=0
for lock in "${locks[@]}"; do
  cmp -s "$lock" "$fresh/$lock" && continue
  stale=1
  diff -u "$lock" "$fresh/$lock" | head -n 20 >&2 || true
done
if [ "$stale" = 1 ]; then
  echo "locks: out of date with what the packages declare; run 'make lock' and commit the result" >&2
  exit 1
fi
echo "locks: up to date"
