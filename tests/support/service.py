"""A real service in a process of its own, over a deployed bundle."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gallop.artifacts import bundle
from tests.support.checkouts import GALLOP
from tests.support.postgres import free_port

_WITH_LIMITS = """
import json, sys
from pathlib import Path
from gallop.serving.app import create_app
from gallop.serving.limits import ServiceLimits
from gallop.serving.server import Address, bind, run_server
limits, address = ServiceLimits(**json.loads(sys.argv[3])), Address(port=int(sys.argv[2]))
with bind(address) as listener:
    run_server(create_app(Path(sys.argv[1]), limits=limits), listener, address, limits)
"""


@dataclass
class RunningService:
    """A service that answers."""

    url: str
    process: subprocess.Popen
    log: Path

    def client(self, **options: Any) -> httpx.Client:
        """A client of it."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **options)

    def resident_mb(self) -> float:
        """Memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def stop(self) -> int:
        """End it as an orchestrator does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@contextlib.contextmanager
def served(project: Path, *options: str, log: Path) -> Iterator[RunningService]:
    """`gallop serve` in a project's folder."""
    port = free_port()
    command = [str(GALLOP), "--project", str(project), "serve", "--port", str(port), *options]
    with _running(command, port, log) as service:
        yield service


@contextlib.contextmanager
def served_with_limits(deployed: Path, *, log: Path, **limits: float) -> Iterator[RunningService]:
    """The service with other limits than the usual ones."""
    port = free_port()
    command = [sys.executable, "-c", _WITH_LIMITS, str(deployed), str(port), json.dumps(limits)]
    with _running(command, port, log) as service:
        yield service


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, log: Path) -> Iterator[RunningService]:
    # MLflow leaves the address that another test of this process used in the environment.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    service = RunningService(f"http://127.0.0.1:{port}", process, log)
    try:
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, "the service does not answer"
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{service.url}/health", trust_env=False).status_code == 200:
                    break
            time.sleep(0.05)
        yield service
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=30)


def deploy_copy(deployed: Path, version: str) -> Path:
    """The deployed bundle under another version, and the link pointed at it; returns its folder."""
    current = deployed.resolve()
    folder = current.with_name(f"copy-{version}")
    if not folder.exists():
        subprocess.run(["cp", "-r", current, folder], check=True)
        bundle.write_version(folder, version)
    point_at(deployed, folder)
    return folder


def point_at(deployed: Path, folder: Path) -> None:
    """Let the link point at a folder, in one step, as `gallop deploy` does."""
    coming = deployed.with_name(".deployed.coming")
    coming.unlink(missing_ok=True)
    coming.symlink_to(folder)
    coming.replace(deployed)
