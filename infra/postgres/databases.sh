#!/bin/bash
# Gives each service that keeps something a database and a role of its own, so that neither can read
# the other's. Runs at every start: what is there stays, and passwords become those of now, so a
# rotated one needs nothing but a start.
set -euo pipefail

placeholders='^(postgres|mlflow|feedback|radar|admin|root|test|example|default|.*(password|secret|change).*)$'

refuse_placeholder() { # variable
  local value=${!1:?run \'make env\' first}
  [ "${ENVIRONMENT:-production}" = development ] && return
  if [ ${#value} -lt 16 ] || [[ ${value,,} =~ $placeholders ]]; then
    echo "$1 is a placeholder or has fewer than 16 characters: run 'make env', or set ENVIRONMENT=development" >&2
    exit 1
  fi
}

grant() { # name, password
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$1" --set password="$2" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

for variable in POSTGRES_PASSWORD MLFLOW_DB_PASSWORD FEEDBACK_DB_PASSWORD; do refuse_placeholder "$variable"; done
export PGPASSWORD=$POSTGRES_PASSWORD
grant mlflow "$MLFLOW_DB_PASSWORD"
grant feedback "$FEEDBACK_DB_PASSWORD"
