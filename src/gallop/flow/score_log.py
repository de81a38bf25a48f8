"""The project's log of scores: where it lies, and under which key it knows leads."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallop.errors import MissingOutputError, SettingsError, WrongTypeError
from gallop.events.raw import UNREADABLE, read_time
from gallop.flow.project import Project
from gallop.schema import ROW, SECOND_US

if TYPE_CHECKING:
    from gallop.scoring import Scores

KEY_VARIABLE: Final = "GALLOP_MONITORING_KEY"
"""Name of the environment variable that has the key where the project's folder does not come along."""
_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class ScoreLog:
    """Where scores are recorded, and the key of the hash that stands for each id."""

    folder: Path
    key: bytes | None
    """None where ids are kept as they are."""

    @classmethod
    def of_project(cls, project: Project) -> "ScoreLog":
        """The project's log. Its key is made where there is none.

        Raises:
            SettingsError: leads have no id, or the key is no key.
        """
        if project.settings.table.id == ROW:
            raise SettingsError(
                "table.columns: no column has the role id, so nobody could say later what became of a lead; the log of "
                "scores needs one"
            )
        folder = project.paths.scores
        return cls(folder, _key(project) if project.settings.monitoring.hash_ids else None)

    def record(self, scores: "Scores", scored_at: datetime) -> Path | None:
        """Add all scores of a table as one part; returns where."""
        from gallop.adapters.monitoring.score_log import record_scores
        from gallop.monitoring.scored_lead import scored_leads

        return record_scores(scored_leads(scores.ranked, scores.inputs, scored_at, self.key), self.folder)


def no_scores(folder: Path) -> MissingOutputError:
    """The error to raise where nothing was ever recorded."""
    return MissingOutputError(f"{folder}: no scores are recorded there; `gallop score FILE -o OUT --log` does so")


def _key(project: Project) -> bytes:
    if text := os.environ.get(KEY_VARIABLE, "").strip():
        return _parsed(text, KEY_VARIABLE)
    path = project.paths.monitoring_key
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        temporary.touch(mode=0o600)
        try:
            temporary.write_text(secrets.token_hex(_KEY_BYTES) + "\n", encoding="ascii")
            # A link is refused where another process was faster, and then its key counts.
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return _parsed(path.read_text(encoding="utf-8", errors="replace").strip(), str(path))


def _parsed(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < _KEY_BYTES:
        raise SettingsError(f"{source}: no key; accepted are {2 * _KEY_BYTES} hexadecimal digits or more")
    return key


def moment_scored(text: str | None) -> datetime:
    """When scores were there to be used: a text such as 2026-03-01T09:00, in UTC where it names no zone, or now.

    Raises:
        WrongTypeError: no time.
    """
    if text is None:
        return datetime.now(UTC)
    micros, _ = read_time(text.strip(), "iso")
    if micros == UNREADABLE:
        raise WrongTypeError(f"--scored-at {text!r}: no time; accepted is 2026-03-01T09:00, with +02:00 where not UTC")
    return datetime.fromtimestamp(micros / SECOND_US, UTC)
