#!/bin/bash
# Runs once, when the volume is new: a role and a database for each service that keeps something,
# so that neither can read the other's.
set -euo pipefail

create() { # name, password
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$1" --set password="$2" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

create mlflow "${MLFLOW_DB_PASSWORD:?}"
create feedback "${FEEDBACK_DB_PASSWORD:?}"
