"""A PostgreSQL server for the length of a test run, in a folder of its own, on a socket and a free port.

It needs the server's programs: on Debian, `apt-get install postgresql` (nothing of the system's own server is used).
PostgreSQL refuses to run as root, so root hands it to the user `postgres`, whom the package makes.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, or None where there is no server."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A server; yields the URL of its database, and stops it at the end."""
    binaries = programs()
    assert binaries
    data = folder / "data"
    as_owner: list[str] = []
    if os.geteuid() == 0:
        as_owner = ["runuser", "-u", "postgres", "--"]
        # The server's own user must reach the folder, which pytest makes for root alone.
        for parent in (folder, *folder.parents[:3]):
            parent.chmod(0o755)
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*command: str) -> None:
        subprocess.run([*as_owner, *command], check=True, capture_output=True, text=True, cwd=folder)

    call(str(binaries / "initdb"), "-D", str(data), "-U", "gallop", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    call(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://gallop@127.0.0.1:{port}/postgres"
    finally:
        call(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-m", "fast", "stop")
