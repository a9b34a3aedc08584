#!/usr/bin/env bash
# Builds and starts everything, and waits until it is healthy; the first model is trained on the GPU
# where Docker has NVIDIA's runtime. Arguments go to `docker compose up`.
set -euo pipefail
cd "$(dirname "$0")/.."

runtimes=$(docker info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}') || {
  echo "up: no Docker engine answers: start it, or run 'make demo', which needs none" >&2
  exit 1
}
if [[ " $runtimes " == *" nvidia "* ]]; then
  echo "up: NVIDIA's runtime is there, so the first model is trained on the GPU"
  export COMPOSE_PROFILES=${COMPOSE_PROFILES:+$COMPOSE_PROFILES,}gpu TF_EXTRA=and-cuda
else
  echo "up: Docker has no NVIDIA runtime, so the first model is trained on the CPU"
fi
# Without the profile's collector there is nobody to take traces, and each would count as lost.
if [[ ",${COMPOSE_PROFILES:-}," == *,observability,* ]]; then
  export OTEL_EXPORTER_OTLP_ENDPOINT=${OTEL_EXPORTER_OTLP_ENDPOINT-http://collector:4318}
fi
REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)
export REVISION
docker compose up --build --wait "$@"

port() { docker compose port "$1" "$2" 2>/dev/null; }
echo "up: the page is at http://$(port frontend 8501), the API at http://$(port inference 8000)/docs, MLflow at http://$(port mlflow 5000)"
