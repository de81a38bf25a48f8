"""Scored leads on their way to the log of scores: kept in memory for a second, then written together by a thread.

A request never waits for it. Where more comes than can be written, leads are dropped and counted. A part of the log is
written whole or not at all, so a killed process loses the leads of its last second and damages nothing.
"""

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from gallop.errors import GallopError
from gallop.monitoring.scored_lead import ScoredLead, hashed_id
from gallop.serving.live_model import ServedModel
from gallop.serving.requests import LeadsAsked
from gallop.serving.scorer import LeadScores
from gallop.tables.frames import cell_text

MOST_WAITING: Final = 100_000
_EVERY_S: Final = 1.0


class ScoreRecorder:
    """Takes scored leads, and writes them in the background."""

    def __init__(
        self, write: Callable[[Sequence[ScoredLead]], object], key: bytes | None, most: int = MOST_WAITING
    ) -> None:
        """Args:
        write: adds a part to the log.
        key: of the hash that stands for each id; None to keep ids as they are.
        most: how many leads may wait to be written.
        """
        self._write, self._key, self._most = write, key, most
        self._waiting: list[ScoredLead] = []
        self._lock, self._ending = threading.Lock(), threading.Event()
        self.recorded = self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def add(self, model: ServedModel, asked: LeadsAsked, outcome: LeadScores) -> None:
        """Take the leads of a request. One without an id is not taken: nobody could say later what became of it."""
        used = model.bundle.settings.used_columns
        ids = ["" if identifier is None else cell_text(identifier).strip() for identifier in asked.ids]
        now = datetime.now(UTC)
        leads = [
            ScoredLead(
                hashed_id(ids[index], self._key),
                now,
                score["probability"],
                score["band"],
                score["decision"],
                score["held_out"],
                model.version,
                json.dumps({name: asked.texts[index].get(name) or None for name in used}, ensure_ascii=False),
            )
            for index, score in outcome.scores.items()
            if ids[index]
        ]
        with self._lock:
            room = max(0, self._most - len(self._waiting))
            self._waiting += leads[:room]
            self.dropped += len(leads) - len(leads[:room])

    def close(self) -> None:
        """Write what waits, and end."""
        self._ending.set()
        self._thread.join(timeout=20)

    def _run(self) -> None:
        while not self._ending.wait(_EVERY_S):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            leads, self._waiting = self._waiting, []
        if not leads:
            return
        try:
            self._write(leads)
        except (GallopError, OSError):
            self.dropped += len(leads)
        else:
            self.recorded += len(leads)
