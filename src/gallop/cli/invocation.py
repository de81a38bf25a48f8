"""How gallop was called, so that a command it shows can be pasted into the same shell."""

import shlex
import shutil
import sys
from pathlib import Path


def command(project: Path) -> str:
    """What to type for `gallop` in this shell and folder, whether or not an environment is activated.

    Args:
        project: as given with `--project`.
    """
    called = Path(sys.argv[0]).absolute()
    on_path = shutil.which("gallop")
    is_on_path = on_path and Path(on_path).resolve() == called.resolve()
    words = ["gallop" if is_on_path else str(_from_here(called))]
    if project.resolve() != Path.cwd():
        words += ["--project", str(project)]
    return shlex.join(words)


def make(project: Path) -> str:
    """What to type for `make` with the project's Makefile."""
    return "make" if project.resolve() == Path.cwd() else shlex.join(["make", "-C", str(project)])


def _from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
