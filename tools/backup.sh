#!/usr/bin/env bash
# Copies both databases and all artifacts of the running stack: backup.sh [FOLDER]
# Nothing is stopped. The order makes the copy whole: predictions name model versions and come
# first, versions name artifacts and come next, and what a version names was there before it was.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
folder=${1:-backups/$(date -u +%Y%m%dT%H%M%SZ)}

fail() {
  echo "backup: $*" >&2
  exit 1
}

[ -e "$folder" ] && fail "$folder is there already: name another folder"
draft=$folder.partial
rm -rf "$draft"
mkdir -p "$draft"
trap 'rm -rf "$draft"' EXIT

for database in feedback mlflow; do
  docker compose exec -T --user postgres postgres pg_dump --format custom "$database" \
    >"$draft/$database.dump" || fail "the database $database cannot be read: is the stack up?"
done
# Status 1: a file changed while it was read. That is one being uploaded, which no version in the
# copy names yet.
docker compose exec -T mlflow tar --create --directory /data --warning=no-file-changed artifacts \
  >"$draft/artifacts.tar" || [ $? = 1 ] || fail "the artifacts cannot be read: is the stack up?"
(cd "$draft" && sha256sum feedback.dump mlflow.dump artifacts.tar >SHA256SUMS)
mv "$draft" "$folder"
echo "backup: $folder ($(du -sh "$folder" | cut -f1)); the keys in .env are not in it, keep them apart"
