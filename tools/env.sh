#!/usr/bin/env bash
# Writes .env from .env.example with a random value for each empty secret. Never overwrites.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

if [ -e .env ]; then
  echo "env: .env is there already and stays as it is"
  exit 0
fi
umask 077
draft=$(mktemp .env.XXXXXX)
trap 'rm -f "$draft"' EXIT
while IFS= read -r line; do
  if [[ $line =~ ^[A-Z_]+=$ ]]; then line+=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n'); fi
  printf '%s\n' "$line"
done <.env.example >"$draft"
ln "$draft" .env # not mv: of two at the same time, the second fails
echo "env: wrote .env with new secrets; keep a copy where only you can read it"
