"""Containers of buildah that exist, and commands that run in them."""

import json
import os
import shlex
import subprocess
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
