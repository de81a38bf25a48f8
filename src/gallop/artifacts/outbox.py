"""The outbox: runs that no tracking server has yet.

Training is a stage of files and needs no server. It leaves each run as a folder named by the digest of what it made:
`run.json` says what was tried and what came of it, and the candidates' models lie beside it with their SHA-256: a
folder of a model's files, or the pickle of a library's pipeline. Whoever reaches a server records the run there and
takes it out; until then it stays, whatever becomes of servers.
"""

import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gallop.additive.document import write_document
from gallop.additive.model import AdditiveModel
from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import ChecksumError
from gallop.files import digest, write_bytes, write_text
from gallop.results.tracked_run import TrackedRun

_RUN: Final = "run.json"


@dataclass(frozen=True)
class OutboxEntry:
    """A run that waits to be recorded."""

    folder: Path
    run: TrackedRun
    files: dict[str, str]
    """Path below the folder → SHA-256 of the models' files."""

    @property
    def digest(self) -> str:
        """Of what the training made: the same for the same training only."""
        return self.folder.name

    def model(self, name: str) -> object:
        """A candidate's model: the folder of its files, or the library's pipeline that a pickle holds.

        Raises:
            ChecksumError, UnsafeModelError.
        """
        for path in [path for path in self.files if path.startswith(f"{name}/")] or [name]:
            file = self.folder / path
            if not file.is_file() or digest(file) != self.files.get(path):
                raise ChecksumError(f"{file}: missing or not what {_RUN} promises; delete {self.folder}, train again")
        path = self.folder / name
        return unpickle(path.read_bytes(), path, own=True) if path.is_file() else path

    def remove(self) -> None:
        """Take it out, once a server has it."""
        shutil.rmtree(self.folder)


def put(outbox: Path, name: str, run: TrackedRun, models: Mapping[str, object]) -> None:
    """Leave a run, whole or not at all; one of the same name is replaced.

    Args:
        name: the digest of what the training made.
        models: name → an additive model, which becomes a folder of files, or else what is pickled; named as `run` and
            the runs in it do.
    """
    outbox.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=outbox, prefix=".", suffix=".tmp"))
    try:
        files = {}
        for name_of_model, model in models.items():
            for path, content in _files(name_of_model, model).items():
                write_bytes(temporary / path, content)
                files[path] = digest(temporary / path)
        content = {"run": run.model_dump(mode="json"), "files": files}
        write_text(temporary / _RUN, json.dumps(content, indent=2) + "\n")
        temporary.chmod(0o755)
        if (outbox / name).exists():
            shutil.rmtree(outbox / name)
        os.rename(temporary, outbox / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _files(name: str, model: object) -> dict[str, bytes]:
    if isinstance(model, AdditiveModel):
        return {f"{name}/{file}": content for file, content in write_document(model).items()}
    return {name: pickle.dumps(model, protocol=5)}


def entries(outbox: Path) -> list[OutboxEntry]:
    """The runs that wait, the oldest first. Raises `ChecksumError` where one cannot be read."""
    folders = [folder for folder in outbox.iterdir() if not folder.name.startswith(".")] if outbox.is_dir() else []
    return [_read(folder) for folder in sorted(folders, key=lambda folder: (folder / _RUN).stat().st_mtime)]


def _read(folder: Path) -> OutboxEntry:
    path = folder / _RUN
    try:
        content = json.loads(path.read_bytes())
        return OutboxEntry(folder, TrackedRun.model_validate(content["run"]), dict(content["files"]))
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise ChecksumError(f"{path}: cannot be read ({reason}); delete {folder} and train again") from None
