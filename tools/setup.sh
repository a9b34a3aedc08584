#!/usr/bin/env bash
# Makes the environment from the hashed locks: setup.sh PYTHON VENV PACKAGE...
set -euo pipefail
python=$1 venv=$2
shift 2

fail() {
  echo "setup: $*" >&2
  exit 1
}

command -v "$python" >/dev/null || fail "no $python found: install Python 3.11 or 3.12, or run 'make PYTHON=/path/to/python3.12 ...'"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' ||
  fail "$python is $("$python" -V 2>&1), this project needs Python 3.11 or 3.12: run 'make PYTHON=/path/to/python3.12 ...'"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python cannot make environments: install its venv module (Debian and Ubuntu: python3-venv)"
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
[ "$free" -ge 6000 ] || fail "only $free MB free on this disk, the environment needs 6000 MB: free some space"

started=$SECONDS
echo "setup: making $venv with $("$python" -V) (about 4 GB; a few minutes the first time)"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
  --requirement requirements/build.txt || fail "could not install uv: is the package registry reachable?"
# Bytecode now: without it, where none may be written later, every start compiles all of TensorFlow.
"$venv/bin/uv" pip sync --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes requirements/all.txt ||
  fail "could not install the locked packages: see the message above"
packages=()
for package in "$@"; do packages+=(--editable "$package"); done
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation "${packages[@]}"
echo "setup: ready in $((SECONDS - started)) s"
