#!/usr/bin/env bash
# Runs one stage of the tests, or all of them: test.sh unit|e2e|browser|docker
set -euo pipefail
cd "$(dirname "$0")/.."
stage=$1
pytest=(.venv/bin/python -m pytest)

# One thread per test process: two processes on two cores would else fight over four.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} TF_NUM_INTRAOP_THREADS=${TF_NUM_INTRAOP_THREADS:-1}
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" && return
  done
  .venv/bin/python - <<'P' 2>/dev/null
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
print(path) if Path(path).exists() else sys.exit(1)
P
}

install_chromium() {
  .venv/bin/python -m playwright install chromium && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null &&
    apt-get update && apt-get install -y --no-install-recommends chromium
}

started=$SECONDS
case $stage in
  unit)
    # Stealing leaves tests of one file in one process, mostly: it makes their models once, and
    # TensorFlow is imported where they are.
    "${pytest[@]}" libs services tests -m "not e2e and not browser and not docker" \
      -n "${TEST_PROCESSES:-2}" --dist worksteal
    ;;
  e2e) "${pytest[@]}" tests -m "e2e and not browser" ;;
  browser)
    if ! CHROMIUM=$(find_chromium); then
      echo "tests, browser: no Chromium found, installing one"
      install_chromium >/dev/null 2>&1 || true
      if ! CHROMIUM=$(find_chromium); then
        echo "tests, browser: SKIPPED, no Chromium was found and none could be installed (set CHROMIUM=/path/to/it)"
        exit 0
      fi
    fi
    export CHROMIUM
    "${pytest[@]}" tests services -m browser
    ;;
  docker)
    if ! { docker info && docker compose version; } >/dev/null 2>&1; then
      echo "tests, docker: SKIPPED, no Docker engine with compose answers"
      exit 0
    fi
    CHROMIUM=$(find_chromium) && export CHROMIUM
    # The first test waits for the images, and a bare machine builds them all.
    "${pytest[@]}" tests/compose -m docker --timeout 1800
    ;;
  *)
    echo "usage: test.sh unit|e2e|browser|docker" >&2
    exit 2
    ;;
esac
echo "tests, $stage: $((SECONDS - started)) s"
