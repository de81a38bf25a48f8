"""Resolve requirements.lock from pyproject.toml: with hashes, for all Pythons and platforms, no address.

`python -m scripts.lock` writes it; with `--check` it fails where the lock is not what pyproject.toml asks for.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

WHOLE = "requirements.lock"
LOCKS = {
    WHOLE: ("pyproject.toml", "--all-extras"),
    # What a generated project installs beside the wheel that it carries.
    "src/gallop/template/project/requirements.lock": ("pyproject.toml", "--constraint", WHOLE),
    "containers/driver.lock": ("containers/driver.in", "--constraint", WHOLE),
    "containers/scoring.lock": ("containers/scoring.in", "--constraint", WHOLE),
}


def resolve(lock: str, out: Path) -> None:
    """Let uv resolve a lock into `out`, keeping the versions that `out` has already."""
    command = [
        *("uv", "pip", "compile", *LOCKS[lock], "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--fork-strategy", "fewest", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--quiet", "--output-file", str(out)),
    ]
    subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Write or check the locks; returns the exit code."""
    if "--check" not in sys.argv:
        for lock in LOCKS:
            resolve(lock, Path(lock))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder, "again.lock")
        for lock in LOCKS:
            again.write_bytes(Path(lock).read_bytes())
            resolve(lock, again)
            if again.read_bytes() != Path(lock).read_bytes():
                print(f"{lock} is not what {LOCKS[lock][0]} asks for; run `make lock`", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
