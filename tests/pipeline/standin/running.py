"""Containers and services of buildah that exist, and commands that run in them."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SECRETS = "/run/gallop-secrets"


def buildah(*arguments: str) -> str:
    """Run buildah; gives what it wrote."""
    done = subprocess.run(["buildah", *arguments], text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"buildah {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


@dataclass
class Container:
    """A container, and what a run in it needs that is no part of its files."""

    name: str
    scratch: Path
    mounts: dict[str, Path] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""

    def path(self, inside: str) -> Path:
        """A path in the container, on this machine."""
        workdir = self.config("WorkingDir") or "/"
        return Path(buildah("mount", self.name) + os.path.join(workdir, inside))

    def config(self, key: str) -> Any:
        """A part of its configuration; None where it has none."""
        return json.loads(buildah("inspect", self.name))["OCIv1"]["config"].get(key)

    def execute(self, command: list[str]) -> int:
        """Run a command to its end; gives its exit code."""
        done = subprocess.run(self.line(command), text=True, capture_output=True, check=False)
        self.stdout, self.stderr = done.stdout, done.stderr
        return done.returncode

    def line(self, command: list[str]) -> list[str]:
        """The line that runs a command in it."""
        line = ["buildah", "run", "--isolation", "chroot", "--network", "host"]
        if CERTIFICATES.exists():
            # The machine may reach its indexes through certificates of its own; each tool has its own variable.
            line += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
            line += ["--env", f"PIP_CERT={CERTIFICATES}", "--env", f"SSL_CERT_FILE={CERTIFICATES}"]
        for inside, here in self.mounts.items():
            line += ["--volume", f"{here}:{inside}"]
        if self.secrets:
            # By a file that only its owner can read: a command line is open to everybody on the machine.
            values = self.scratch / f"secrets-{self.name}"
            values.touch(mode=0o600)
            values.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.secrets.items()))
            line += ["--volume", f"{values}:{SECRETS}:ro"]
            command = ["sh", "-c", f'. {SECRETS}; exec "$@"', "sh", *command]
        return [*line, self.name, "--", *command]

    def archive(self, target: Path) -> Path:
        """The container as an image, in an OCI archive."""
        image = buildah("commit", "--quiet", "--disable-compression", self.name)
        buildah("push", "--quiet", "--disable-compression", image, f"oci-archive:{target}")
        buildah("rmi", image)
        return target

    def remove(self) -> None:
        """Remove it from this machine."""
        buildah("rm", self.name)


class Service:
    """A container that runs until it is stopped."""

    def __init__(self, container: Container, arguments: list[str], seconds: float = 120.0) -> None:
        """Start it and wait until each of its ports answers, as the engine does. No arguments: the image's own."""
        entrypoint, arguments = container.config("Entrypoint") or [], arguments or container.config("Cmd") or []
        self.container, self.log = container, container.scratch / f"service-{container.name}.log"
        for port in container.ports:
            if _answers(port):
                raise RuntimeError(f"port {port} of this machine is taken; the stand-in's containers share its network")
        with self.log.open("w", encoding="utf-8") as log:
            line = container.line([*entrypoint, *arguments])
            self.process = subprocess.Popen(line, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + seconds
        while not all(_answers(port) for port in container.ports):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"a service did not start: {self.log.read_text(encoding='utf-8')[-4000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
