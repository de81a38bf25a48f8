"""A real MLflow server on a real PostgreSQL, on a loopback port of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.postgres import free_port, postgres

MLFLOW = Path(sys.executable).with_name("mlflow")


@contextmanager
def mlflow_server(
    folder: Path, database: str, port: int | None = None, options: Sequence[str] = ()
) -> Iterator[tuple[str, subprocess.Popen]]:
    """Start a server over a database; yields its address and process, and stops it at the end."""
    port = port or free_port()
    command = [str(MLFLOW), "server", "--backend-store-uri", database, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1", *options]
    # Its job runners would start half a dozen processes more.
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment = os.environ | quiet
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process, folder / "server.log")
        yield address, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


@contextmanager
def mlflow_on_postgres(folder: Path) -> Iterator[str]:
    """A server on a PostgreSQL of its own; yields its address."""
    with (
        postgres() as url,
        mlflow_server(folder, url.replace("postgresql:", "postgresql+psycopg:")) as (address, _),
    ):
        yield address


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    """Wait until a server answers; the test fails with its log where it ends instead."""
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"the MLflow server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("the MLflow server did not answer")
