#!/bin/sh
# What the pinned PostgreSQL image does at its start, as far as the pipeline relies on it: a cluster in PGDATA, a role
# and a database named by variables, and connections from everywhere without a password where the variable says so.
set -eu

bin=$(echo /usr/lib/postgresql/*/bin)
as_postgres="setpriv --reuid=postgres --regid=postgres --clear-groups"

mkdir -p "$PGDATA" /var/run/postgresql
chown postgres:postgres "$PGDATA" /var/run/postgresql
chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    $as_postgres "$bin/initdb" --username="$POSTGRES_USER" --auth="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" --pgdata="$PGDATA"
    echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE \"$POSTGRES_DB\"" | $as_postgres "$bin/postgres" --single -D "$PGDATA" postgres
fi
exec $as_postgres "$bin/$1" -D "$PGDATA" -c listen_addresses='*'
