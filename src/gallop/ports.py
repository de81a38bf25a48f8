"""What the stages ask of the outside world, as Protocols. The adapters answer; the stages know no vendor."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import narwhals.stable.v2 as nw

from gallop.settings.table import Format

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
"""The aliases of the registry: the version that is live, and the newest one that was not good enough."""


class Tables(Protocol):
    """Reads and writes tables with one engine."""

    def read_text(self, path: Path, form: Format | None = None) -> nw.DataFrame:
        """Read a CSV or Parquet file with every value as text, plus the row number in column `schema.ROW`.

        A CSV may be plain, gz or zst, and is written as `form` says.

        Raises `EmptyTable`, `CutTable`, `UnreadableEncoding` or `DataUnavailable`.
        """
        ...

    def read(self, path: Path) -> nw.DataFrame:
        """Read a Parquet file that `write` made, with its types. Raises `DamagedFile`, `NothingThere`."""
        ...

    def write(self, tables: dict[str, nw.DataFrame], folder: Path) -> None:
        """Write tables as Parquet into a folder with a manifest of their schema, row counts and SHA-256."""
        ...


@dataclass(frozen=True)
class Run:
    """One thing to record: what was tried, what came out. Runs may hold runs (the trials of a candidate)."""

    name: str
    parameters: dict[str, str | int | float | bool | None]
    metrics: dict[str, float]
    tags: dict[str, str] = field(default_factory=dict)
    """Of this run and of those in it."""
    children: Sequence["Run"] = ()
    model: object | None = None
    """A fitted estimator to keep with the run, or None."""
    example: object | None = None
    """A pandas frame with rows the model accepts; no row of a real person."""
    files: Sequence[Path] = ()


class Recorder(Protocol):
    """Keeps one run while it happens. It may lag behind; what it could not keep it says at the next call.

    Every method raises `TrackingFailed` or `ServerUnreachable` where the run cannot be kept.
    """

    def begin(self, run: Run) -> None:
        """Open the run, and close those that killed processes left open. Once, before all others."""
        ...

    def open(self, run: Run) -> None:
        """Keep a run within it, and the runs in that, but leave it open: `add` of the same name goes on with it."""
        ...

    def add(self, run: Run) -> None:
        """Keep a run within it, and close it. Runs in it that `open` has kept are not kept again."""
        ...

    def check(self) -> None:
        """Raise what went wrong so far; waits for nothing."""
        ...

    def settle(self) -> None:
        """Wait until all that was added is kept."""
        ...

    def finish(self, run: Run) -> str:
        """Fill in what was found out in the end, wait until it is kept, and close the run; returns its id."""
        ...


class Tracker(Protocol):
    """Keeps runs."""

    def check(self) -> None:
        """Raises `ServerUnreachable` within seconds where the server does not answer."""
        ...

    def recording(self, experiment: str) -> AbstractContextManager[Recorder]:
        """Where to record a run. One that is left without `finish` counts as failed; nothing begun, nothing kept."""
        ...

    def find(self, experiment: str, tag: str, value: str) -> str | None:
        """The id of the newest run with this tag, or None."""
        ...


@dataclass(frozen=True)
class Registered:
    """A version of the model in the registry."""

    version: str
    run_id: str | None
    tags: dict[str, str]


class Registry(Protocol):
    """Keeps versions of one model, of which one is the champion and one may be the challenger."""

    def check(self) -> None:
        """Raises `ServerUnreachable` within seconds where the server does not answer."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Held by one process at a time, on whatever machine. Raises `RegistryBusy` where another one keeps it."""
        ...

    def find(self, tag: str, value: str) -> Registered | None:
        """The newest version with this tag, or None."""
        ...

    def holder(self, alias: str) -> Registered | None:
        """The version that an alias points at, or None."""
        ...

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        """Add a bundle (a folder) as a new version."""
        ...

    def point(self, alias: str, version: str, because: str) -> None:
        """Let an alias point at a version, and keep when and why in its history."""
        ...

    def release(self, alias: str) -> None:
        """Take an alias off whatever version has it."""
        ...

    def fetch(self, version: str, into: Path) -> Path:
        """Bring the bundle of a version into a folder; returns the bundle's folder."""
        ...
