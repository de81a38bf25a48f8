"""The command of drt, which talks to the destination."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from gallop.adapters.drt.project_files import PROFILE
from gallop.errors import DeliveryError, MissingLibraryError, SettingsError


def run_drt(folder: Path, *, send: bool) -> None:
    """Let drt show what it would send, or send it; it prints what it does.

    Raises:
        SettingsError: no drt project is there, or the profile is not known to drt.
        MissingLibraryError: drt is not installed. DeliveryError: drt ended with an error.
    """
    if not (folder / "drt_project.yml").is_file():
        raise SettingsError(f"{folder}: no drt project is there; `gallop deliver init --to … --scores …` makes one")
    program = _program()
    profiles = Path.home() / ".drt/profiles.yml"
    if not profiles.is_file() or not re.search(rf"^\s*{PROFILE}:", profiles.read_text(encoding="utf-8"), re.MULTILINE):
        raise SettingsError(
            f"{profiles}: has no profile {PROFILE!r}, and drt looks for profiles nowhere else; once: "
            f"mkdir -p ~/.drt && cat {folder}/profiles.yml >> ~/.drt/profiles.yml"
        )
    done = subprocess.run([program, "run", *([] if send else ["--dry-run"])], cwd=folder, check=False)
    if done.returncode:
        raise DeliveryError(f"{folder}: drt ended with exit code {done.returncode}; what it printed says why")


def _program() -> str:
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("drt", path=beside)
    if not program:
        raise MissingLibraryError(
            "deliver: the command drt is not installed; `pip install 'gallop-leads[deliver]'` brings it, and so does "
            "`pip install 'drt-core[duckdb]>=1.2,<2'` (for Google Sheets 'drt-core[duckdb,sheets]>=1.2,<2')"
        )
    return program
