"""A real PostgreSQL on a loopback port of its own, for the length of a test."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

INSTALL = "scripts/install-test-tools.sh"


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _program(name: str) -> str:
    # Debian keeps the server's programs out of PATH, one folder a version.
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    path = str(installed[0]) if installed else shutil.which(name)
    if not path:
        pytest.skip(f"PostgreSQL is not installed ({name} not found); {INSTALL} installs it")
    return path


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server with an empty database `gallop`; yields its URL and stops it at the end.

    PostgreSQL refuses to run as root, so root hands it to the user `postgres`, whom the package makes.
    """
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # Not in pytest's own folder, which another pytest of the same user closes to everyone but that user.
    folder = Path(tempfile.mkdtemp(prefix="gallop-postgres-"))
    folder.chmod(0o777)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd="/", timeout=180)

    run(initdb, "-D", str(data), "-U", "gallop", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-h 127.0.0.1 -p {port} -k {folder} -F"
    run(pg_ctl, "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "-t", "120", "start")
    try:
        run(_program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "gallop", "gallop")
        yield f"postgresql://gallop@127.0.0.1:{port}/gallop"
    finally:
        run(pg_ctl, "-D", str(data), "-m", "immediate", "-t", "120", "stop")
        shutil.rmtree(folder, ignore_errors=True)
