#!/usr/bin/env bash
# Writes .env from .env.example with a random value for each empty secret. What a .env that is there
# already lacks is added to it; nothing in it is changed.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

filled() { # the lines given, each empty secret with a value
  while IFS= read -r line; do
    if [[ $line =~ ^[A-Z_]+=$ ]]; then line+=$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'); fi
    printf '%s\n' "$line"
  done
}

umask 077
draft=$(mktemp .env.XXXXXX)
trap 'rm -f "$draft"' EXIT
if [ ! -e .env ]; then
  filled <.env.example >"$draft"
  ln "$draft" .env # not mv: of two at the same time, the second fails
  echo "env: wrote .env with new secrets; keep a copy where only you can read it"
  exit 0
fi
missing=()
while IFS= read -r name; do
  grep -q "^$name=" .env || missing+=("$name")
done < <(grep -o '^[A-Z_]*' .env.example | grep .)
if [ ${#missing[@]} -eq 0 ]; then
  echo "env: .env is there already and stays as it is"
  exit 0
fi
{
  sed '$a\' .env # with a line end at its end
  for name in "${missing[@]}"; do grep "^$name=" .env.example; done | filled
} >"$draft"
chmod --reference=.env "$draft"
mv "$draft" .env
echo "env: added to .env what it lacked: ${missing[*]}"
