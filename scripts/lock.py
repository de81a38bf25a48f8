"""Resolve requirements.lock from pyproject.toml: with hashes, for all Pythons and platforms, no address.

`python -m scripts.lock` writes it; with `--check` it fails where the lock is not what pyproject.toml asks for.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path("requirements.lock")


def resolve(out: Path) -> None:
    """Let uv resolve into `out`, keeping the versions that `out` has already."""
    command = [
        *("uv", "pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--fork-strategy", "fewest", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--quiet", "--output-file", str(out)),
    ]
    subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Write or check the lock; returns the exit code."""
    if "--check" not in sys.argv:
        resolve(LOCK)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder, LOCK.name)
        again.write_bytes(LOCK.read_bytes())
        resolve(again)
        if again.read_bytes() == LOCK.read_bytes():
            return 0
    print("requirements.lock is not what pyproject.toml asks for; run `make lock`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
