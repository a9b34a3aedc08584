#!/usr/bin/env bash
# Resolves everything once, then cuts one hashed lock per service out of that resolution, so that
# what is tested together is what ships apart. No index addresses: they differ between places.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-uv}
out=${1:-.} # another folder to write to, for the freshness check

options=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
  --no-annotate --quiet --overrides requirements/overrides.txt
  --no-emit-package radar-contract)

compile() { # output, inputs...
  local target=$out/$1
  shift
  mkdir -p "$(dirname "$target")"
  "$uv" pip compile "${options[@]}" "$@" --output-file "$target" >/dev/null
}

# With the SDKs of `trainer baseline`, which its tests drive and its image leaves out, and with what
# `inference score` needs, which has an image of its own.
compile requirements/all.txt requirements/build.in requirements/dev.in libs/*/pyproject.toml services/*/pyproject.toml \
  --extra baselines --extra bulk
# What installs the rest.
compile requirements/build.txt requirements/build.in --constraints "$out/requirements/all.txt"
for service in trainer frontend mlflow; do
  compile "services/$service/requirements.txt" "services/$service/pyproject.toml" \
    --constraints "$out/requirements/all.txt"
done
compile services/inference/requirements.txt services/inference/pyproject.toml \
  --constraints "$out/requirements/all.txt" --overrides requirements/overrides-serving.txt
# The image of `inference score`: the API's packages, Arrow and Ray.
compile services/inference/requirements-bulk.txt services/inference/pyproject.toml \
  --extra bulk --constraints "$out/requirements/all.txt" --overrides requirements/overrides-serving.txt
# The GPU image's lock: the same versions, and NVIDIA's libraries with them.
compile services/trainer/requirements-and-cuda.txt services/trainer/pyproject.toml \
  --extra and-cuda --constraints "$out/requirements/all.txt"
