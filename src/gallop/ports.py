"""What the stages ask of the outside world, as Protocols. An adapter answers; the stages know no vendor."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import narwhals.stable.v2 as nw

from gallop.results.history import Change, History

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
"""The aliases of the registry: the version that is live, and the newest one that was not good enough."""


@dataclass(frozen=True)
class Registered:
    """A version of the model in the registry."""

    version: str
    run_id: str | None
    tags: dict[str, str]


class Registry(Protocol):
    """Keeps versions of one model, of which one is the champion and one may be the challenger, and their history."""

    def check(self) -> None:
        """Raises `ServerUnreachable` within seconds where the server does not answer."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Held by one process at a time, on whatever machine. Raises `RegistryBusy` where another one keeps it."""
        ...

    def settle(self) -> tuple[str, ...]:
        """Finish or close what commands that were killed have left; under the lock. A sentence for each kind."""
        ...

    def versions(self) -> tuple[Registered, ...]:
        """All versions that have their files, the oldest first."""
        ...

    def holder(self, alias: str) -> Registered | None:
        """The version that an alias points at, or None."""
        ...

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        """Add a bundle (a folder) as a new version."""
        ...

    def history(self) -> History:
        """What was live, and why."""
        ...

    def append(self, change: Change) -> bool:
        """Write a change into the history; where it counts, let the alias champion follow.

        Returns:
            False where another command wrote first, so that the change does not count: read again, and decide anew.
        """
        ...

    def point(self, alias: str, version: str) -> None:
        """Let an alias point at a version."""
        ...

    def release(self, alias: str) -> None:
        """Take an alias off whatever version has it."""
        ...

    def fetch(self, version: str, into: Path) -> Path:
        """Bring the bundle of a version into a folder; returns the bundle's folder."""
        ...


class RowStore(Protocol):
    """Where the rows of a table of any size go that comes in parts."""

    def keep(self, rows: nw.DataFrame) -> None:
        """Put by texts of rows, to be read again."""
        ...

    def reject(self, rows: nw.DataFrame) -> None:
        """Write rows that are set aside."""
        ...

    def repeated(self, key: str) -> Iterator[nw.DataFrame]:
        """The rows put by whose key others of them have too; all rows of one key in one part, in order."""
        ...

    def kept(self) -> Iterator[nw.DataFrame]:
        """The rows put by, as they came."""
        ...

    def write(self, leads: nw.DataFrame) -> None:
        """Write leads."""
        ...
