"""What the stages ask of the outside world, as a Protocol. An adapter answers; the stages know no vendor."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

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
