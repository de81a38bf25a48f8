#!/usr/bin/env bash
# Install the programs that some tests need and that no Python package brings: a PostgreSQL server.
# Tests that do not find their program skip and name this script. Debian and Ubuntu; other systems: install them by hand.
set -euo pipefail

if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install-test-tools: no apt-get here; install PostgreSQL by hand, or let its tests skip" >&2
    exit 0
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends postgresql
