"""The history of what is live: entries that each name the one before, and the rule by which they count.

Two commands may write at once, and a registry cannot refuse the slower one. So every entry names the digest of the
entry it follows, and of two that follow the same one only the first counts: whoever wrote the other reads that, and
decides anew. An entry that follows nothing that is there tells that somebody deleted, changed or reordered entries.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from pydantic import Field, ValidationError

from gallop.results.estimates import Estimate, ResultModel
from gallop.results.run import Decision

OUTSIDE: Final = "outside gallop"
"""The command of an entry about an alias that somebody moved by other means."""
SELECTION: Final = "model-selection"
ROLLBACK, PROMOTE, UNPIN = "rollback", "promote", "unpin"
_BY_A_PERSON: Final = frozenset({ROLLBACK, PROMOTE, UNPIN})


class Change(ResultModel):
    """One entry: a change of what is live or pinned, or a decision that changed nothing."""

    at: str
    """When, in UTC, by the clock of the machine that wrote it."""
    who: str
    command: str
    before: str
    """Digest of the entry that this one follows; empty for the first."""
    was: str | None
    """The version that was live before; None for the first."""
    live: str
    """The version that is live from here on."""
    pinned: bool
    """Whether no run may promote over it."""
    because: str
    candidate: str | None = None
    """The version that was judged, where one was."""
    decision: Decision | None = None
    figures: dict[str, Estimate] = Field(default_factory=dict)
    """Of the live version on its test rows."""
    faults_seen: tuple[str, ...] = ()
    """The faults of the history that a person was shown and wrote on nevertheless."""
    nonce: str
    """Random, so that no two entries are alike."""


@dataclass(frozen=True)
class Entry:
    """An entry as a registry keeps it."""

    number: int
    """The registry's own, from 1; it gives none twice."""
    text: str
    promised: str
    """The digest that was written beside it."""
    done: bool
    """Whether the alias has followed."""
    void: bool = False
    """Whether its writer has seen that another was first."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return digest_of(self.text)

    @cached_property
    def change(self) -> Change:
        """What the text says. Raises `ValidationError` where it says nothing that this version of gallop knows."""
        return Change.model_validate_json(self.text)


@dataclass(frozen=True)
class History:
    """The entries that count, the oldest first, and what is wrong with them."""

    entries: tuple[Entry, ...]
    faults: tuple[str, ...] = ()

    @property
    def last(self) -> Entry | None:
        """The newest entry that counts."""
        return self.entries[-1] if self.entries else None

    @property
    def head(self) -> str:
        """What the next entry has to name as the one before it."""
        return self.last.digest if self.last else ""

    @property
    def live(self) -> str | None:
        """The version that is live, by the history."""
        return self.last.change.live if self.last else None

    @property
    def trusted(self) -> bool:
        """Whether nothing is wrong with it that no person has written over."""
        return not self.open_faults

    @property
    def open_faults(self) -> tuple[str, ...]:
        """What is wrong with it, but for what a person was shown and wrote on nevertheless."""
        by_persons = [entry.change for entry in self.entries if entry.change.command in _BY_A_PERSON]
        seen = {fault for change in by_persons for fault in change.faults_seen}
        return tuple(fault for fault in self.faults if fault not in seen)

    @property
    def pin(self) -> Change | None:
        """The change by which the live version was pinned; None where it is not."""
        pin = None
        for entry in self.entries:
            change = entry.change
            kept = pin is not None and change.live == pin.live and change.command == SELECTION
            pin = (pin if kept else change) if change.pinned else None
        return pin

    @property
    def changes(self) -> tuple[Entry, ...]:
        """The entries that changed what is live or pinned; without decisions that changed nothing."""
        before, pinned, changes = None, False, []
        for entry in self.entries:
            if (entry.change.live, entry.change.pinned) != (before, pinned):
                changes.append(entry)
            before, pinned = entry.change.live, entry.change.pinned
        return tuple(changes)

    @property
    def since(self) -> Change | None:
        """The change by which the live version came to be live."""
        since = None
        for entry in self.entries:
            if since is None or entry.change.live != since.live:
                since = entry.change
        return since

    @property
    def previous(self) -> str | None:
        """The version to go back to: live before the one that is, and not gone back from."""
        stack: list[str] = []
        for entry in self.entries:
            change = entry.change
            if change.command == ROLLBACK and change.live in stack:
                del stack[stack.index(change.live) + 1 :]
            elif not stack or stack[-1] != change.live:
                stack = [version for version in stack if version != change.live] + [change.live]
        return stack[-2] if len(stack) > 1 else None

    def decided(self, candidate: str) -> Change | None:
        """The newest decision about a version."""
        about = [entry.change for entry in self.entries if entry.change.candidate == candidate]
        return about[-1] if about else None


def digest_of(text: str) -> str:
    """SHA-256 of an entry's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of_change(change: Change) -> str:
    """An entry as it is kept, and as its digest is taken of."""
    return json.dumps(change.model_dump(mode="json", exclude_defaults=True), ensure_ascii=True, sort_keys=True)


@dataclass(frozen=True)
class Author:
    """Who writes an entry, and when."""

    who: str
    at: str


def next_change(history: History, author: Author, *, command: str, live: str, because: str, **more: Any) -> Change:
    """An entry after the last one, in which nothing else changes than what is said here.

    Args:
        more: further parts of a `Change`.
    """
    kept: dict[str, Any] = {"was": history.live, "pinned": history.pin is not None}
    written: dict[str, Any] = {
        "at": author.at,
        "who": author.who,
        "before": history.head,
        "nonce": secrets.token_hex(8),
    }
    return Change(command=command, live=live, because=because, **(kept | written | more))


def adopted(history: History, live: str, author: Author) -> Change:
    """An entry about an alias that somebody moved by other means: a person did, and so it is pinned.

    The first entry of a registry that had a champion before there was a history pins nothing.
    """
    if history.live is None and not history.faults:
        because = "it was the champion when this history began"
        return next_change(history, author, command=OUTSIDE, live=live, because=because, pinned=False)
    because = (
        f"the alias was moved from version {history.live} by other means than gallop; it holds until `gallop unpin`"
    )
    return next_change(history, author, command=OUTSIDE, live=live, because=because, pinned=True)


def utc_now() -> str:
    """The time, as entries have it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_history(entries: Iterable[Entry], remembered: Mapping[str, str] | None = None) -> History:
    """Which entries count, and what is wrong.

    Args:
        entries: all that the registry has, in any order.
        remembered: who remembers an entry → its digest. It must still be there.
    """
    counted: list[Entry] = []
    faults: list[str] = []
    known, expected = {""}, 1
    for entry in sorted(entries, key=lambda entry: entry.number):
        if entry.number != expected:
            missing = f"{expected}" if entry.number == expected + 1 else f"{expected} to {entry.number - 1}"
            faults.append(f"entry {missing} was deleted")
        expected = entry.number + 1
        if entry.digest != entry.promised:
            faults.append(f"entry {entry.number} was changed after it was written")
        try:
            before = entry.change.before
        except ValidationError:
            faults.append(f"entry {entry.number} cannot be read; it was changed, or written by a newer gallop")
            continue
        if entry.void:
            continue
        if before != (counted[-1].digest if counted else ""):
            if before in known:
                continue  # another command was first, and whoever wrote this will see it
            faults.append(f"entry {entry.number} does not follow the one before it: entries were changed or reordered")
        counted.append(entry)
        known.add(entry.digest)
    for who, digest in (remembered or {}).items():
        if digest not in known:
            faults.append(f"entry {digest[:8]}, which {who} remembers, is not there: it was deleted or changed")
    return History(tuple(counted), tuple(faults))
