#!/usr/bin/env bash
# Brings a backup back: restore.sh FOLDER
# An empty stack is filled; one that holds something is refused, unless FORCE=yes replaces it.
# Stopped on the way, it is to be run again with FORCE=yes.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "restore: $*" >&2
  exit 1
}

psql() { docker compose exec -T --user postgres postgres psql --no-psqlrc --quiet --tuples-only --no-align "$@"; }
in_volume() { docker compose run --rm -T --no-deps --entrypoint "$1" mlflow "${@:2}"; }

folder=${1:-}
[ -n "$folder" ] || fail "say which: make restore BACKUP=backups/..."
[ -f "$folder/SHA256SUMS" ] || fail "$folder has no SHA256SUMS: it is no backup, or not a whole one"
(cd "$folder" && sha256sum --quiet --check SHA256SUMS) || fail "$folder is damaged: see above"

docker compose up --wait --quiet-pull postgres
docker compose run --rm -T databases

held=()
for database in feedback mlflow; do
  tables=$(psql "$database" --command "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
  [ "$tables" = 0 ] || held+=("the database $database")
done
[ -z "$(in_volume find /data/artifacts -mindepth 1 -print -quit 2>/dev/null)" ] || held+=("the artifacts")
if [ ${#held[@]} -gt 0 ] && [ "${FORCE:-}" != yes ]; then
  fail "this stack holds something ($(IFS=,; echo "${held[*]}")): FORCE=yes replaces it, 'docker compose down --volumes' empties it"
fi

docker compose stop frontend inference mlflow
in_volume sh -c 'find /data -mindepth 1 -delete && exec tar --extract --directory /data' \
  <"$folder/artifacts.tar"
for database in feedback mlflow; do
  psql postgres --set ON_ERROR_STOP=1 --command "DROP DATABASE IF EXISTS $database WITH (FORCE)" \
    --command "CREATE DATABASE $database OWNER $database"
  docker compose exec -T --user postgres postgres pg_restore --exit-on-error --single-transaction \
    --no-owner --role "$database" --dbname "$database" <"$folder/$database.dump"
done
echo "restore: done; 'make up' starts the stack with it"
