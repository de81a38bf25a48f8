"""A registry in memory, and entries of a history."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gallop.ports import CHAMPION, Registered
from gallop.results.history import Author, Change, Entry, History, digest_of, read_history, text_of_change

AUTHOR = Author("anna@desk", "2026-11-27T12:00:00Z")


def entry(number: int, change: Change, *, done: bool = True) -> Entry:
    """A change as a registry keeps it."""
    text = text_of_change(change)
    return Entry(number, text, digest_of(text), done)


class MemoryRegistry:
    """The port `Registry`, in memory."""

    def __init__(self) -> None:
        self.made: list[Registered] = []
        self.bundles: dict[str, Path] = {}
        self.aliases: dict[str, str] = {}
        self.entries: list[Entry] = []
        self.locked = False
        self.settled = 0

    def check(self) -> None:
        """It always answers."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        assert not self.locked
        self.locked = True
        try:
            yield
        finally:
            self.locked = False

    def settle(self) -> tuple[str, ...]:
        self.settled += 1
        return ()

    def versions(self) -> tuple[Registered, ...]:
        return tuple(self.made)

    def holder(self, alias: str) -> Registered | None:
        version = self.aliases.get(alias)
        return next((registered for registered in self.made if registered.version == version), None)

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        made = Registered(str(len(self.made) + 1), run_id, dict(tags))
        self.made.append(made)
        self.bundles[made.version] = bundle
        return made

    def history(self) -> History:
        return read_history(self.entries)

    def append(self, change: Change) -> bool:
        written = entry(len(self.entries) + 1, change)
        self.entries.append(written)
        last = self.history().last
        if last is None or last.digest != written.digest:
            return False
        self.aliases[CHAMPION] = change.live
        return True

    def point(self, alias: str, version: str) -> None:
        self.aliases[alias] = version

    def release(self, alias: str) -> None:
        self.aliases.pop(alias, None)

    def fetch(self, version: str, into: Path) -> Path:
        return Path(shutil.copytree(self.bundles[version], into))
