"""A file that somebody dropped on the page: read, scored and ranked, and what is asked of the ranked list."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np

from gallop.adapters.tables.csv_format import detect
from gallop.adapters.tables.polars import read_text
from gallop.adapters.tables.scores import write_scores
from gallop.errors import EmptyTableError, GallopError
from gallop.modelling.judging import CONTACT, PROBABILITIES
from gallop.reporting.formatting import describe_reason
from gallop.reporting.rule_text import meanings
from gallop.schema import ROW
from gallop.scoring import Scores, score_table
from gallop.serving.live_model import ServedModel
from gallop.settings.params import Settings
from gallop.tables.header import require_header

MOST_ROWS: Final = 500_000
_MOST_POINTS: Final = 400
_MOST_OWN: Final = 12
_NINETY: Final = 1.645
"""Standard deviations on either side that hold the middle 90 % of what luck brings."""
_PEOPLE: Final = ("name", "company", "firm", "organi", "mail", "phone", "city")
_SHOWN: Final = ("probability", "band", "decision", "held_out", "rank", "reasons")


@dataclass(frozen=True)
class LeadsWanted:
    """Which leads of a list are asked for."""

    band: str = ""
    top: int | None = None
    """The best so many of those that may be contacted."""
    text: str = ""
    """In the id or one of the file's own columns."""
    sort: str = "rank"
    descending: bool = False


@dataclass(frozen=True)
class ScoredList:
    """A scored file."""

    name: str
    version: str
    scores: Scores
    key: str
    """The column that stands for the id."""
    own: tuple[str, ...]
    """The file's own columns that stand beside the scores."""
    facts: dict[str, Any] = field(compare=False)
    """What the page shows above the list."""

    def selected(self, wanted: LeadsWanted) -> nw.DataFrame:
        """The leads that are asked for, in the order that is asked for."""
        frame = self.scores.ranked
        if wanted.top is not None:
            frame = frame.filter(~nw.col("held_out")).head(wanted.top)
        if wanted.band:
            frame = frame.filter(nw.col("band") == wanted.band)
        if wanted.text:
            texts = [
                nw.col(name)
                .cast(nw.String)
                .fill_null("")
                .str.to_lowercase()
                .str.contains(wanted.text.lower(), literal=True)
                for name in (self.key, *self.own)
            ]
            frame = frame.filter(nw.any_horizontal(*texts, ignore_nulls=True))
        if wanted.sort != "rank" and wanted.sort in {self.key, *self.own, "probability"}:
            return frame.sort(wanted.sort, descending=wanted.descending, nulls_last=True)
        return frame[::-1] if wanted.descending and wanted.sort == "rank" else frame

    def page(self, wanted: LeadsWanted, start: int, count: int) -> dict[str, Any]:
        """Some of the leads that are asked for, and how many these are."""
        frame = self.selected(wanted)
        columns = {name: frame[name][start : start + count].to_list() for name in (self.key, *self.own, *_SHOWN)}
        rows = [
            {
                "id": columns[self.key][index],
                "own": [columns[name][index] for name in self.own],
                **{name: columns[name][index] for name in _SHOWN},
            }
            for index in range(len(columns["rank"]))
        ]
        return {"total": len(frame), "rows": rows}

    def values_of(self, rank: int) -> dict[str, str] | None:
        """What the model saw of the lead at a rank, as texts; None where there is no such rank."""
        if not 1 <= rank <= len(self.scores.inputs):
            return None
        frame = self.scores.inputs
        return {name: frame[name][rank - 1] or "" for name in frame.columns}

    def write(self, wanted: LeadsWanted, path: Path) -> None:
        """Write the leads that are asked for, as the file's ending says. Raises `SettingsError`."""
        write_scores(self.selected(wanted), path, PROBABILITIES)

    def write_rejected(self, path: Path) -> None:
        """Write the rows that could not be scored, each with the rule it broke."""
        write_scores(self.scores.rejected, path)


def score_upload(path: Path, name: str, model: ServedModel, project: Settings | None) -> ScoredList:
    """Read and score a file.

    Args:
        name: as the person knows it.
        project: the settings that say who is held out at random.

    Raises:
        GallopError: what keeps the file from being read or scored, in a sentence with its name in it.
    """
    settings = model.bundle.settings
    try:
        detected = detect(path)
        raw = read_text(path, detected.form)
        if len(raw) > MOST_ROWS:
            raise EmptyTableError(
                f"{path}: {len(raw):,} rows; the page takes {MOST_ROWS:,}, `gallop score` takes any number"
            )
        require_header(raw.columns, [*settings.table.columns], str(path))
        own = _own_columns(raw, settings)
        told = partial(describe_reason, features=settings.events.by_name if settings.events else None)
        scores = score_table(raw, model.bundle, str(path), told, own, project)
    except GallopError as error:
        raise error.named(str(path), name) from None
    key = scores.ranked.columns[0]
    shown = tuple(scores.ranked.columns[1 : 1 + len(own)])
    remarks = [remark.replace(str(path), name) for remark in detected.remarks]
    return ScoredList(name, model.version, scores, key, shown, _facts(scores, settings, remarks))


def _own_columns(raw: nw.DataFrame, settings: Settings) -> list[str]:
    """Columns that the model does not use, those that say who the lead is first."""
    table = settings.table
    used = {*settings.features.used, *table.keep, table.label.column, table.id, ROW}
    own = [name for name in raw.columns if name not in used]
    people = [name for name in own if any(part in name.lower() for part in _PEOPLE)]
    return list(dict.fromkeys([*people, *own]))[:_MOST_OWN]


def _facts(scores: Scores, settings: Settings, remarks: Sequence[str]) -> dict[str, Any]:
    meaning = meanings(settings.table)

    def words(rule: str) -> str:
        return meaning.get(rule, rule.replace("_", " "))

    bands = scores.ranked["band"].to_list()
    return {
        "leads": len(scores.ranked),
        "contact": int((scores.ranked["decision"] == CONTACT).sum()),
        "held_out": int(scores.ranked["held_out"].sum()),
        "bands": {band: bands.count(band) for band in dict.fromkeys(bands)},
        "rejected": [{"rows": rows, "because": words(rule)} for rule, rows in scores.counts.items()],
        "remarks": [
            *remarks,
            *(f"{rows:,} leads: {words(rule)}; scored all the same" for rule, rows in scores.noticed.items()),
        ],
        "points": _points(scores),
    }


def _points(scores: Scores) -> list[list[float]]:
    """For rising numbers of contacts, the best first: the number, the lowest probability among them, the customers to
    expect, and the range that luck leaves (90 %, from the sum of independent outcomes)."""
    frame = scores.ranked.filter(~nw.col("held_out"))
    probability = frame["probability"].to_numpy()
    if not len(probability):
        return []
    expected, variance = np.cumsum(probability), np.cumsum(probability * (1 - probability))
    spread = _NINETY * np.sqrt(variance)
    indices = np.unique(np.linspace(0, len(probability) - 1, min(_MOST_POINTS, len(probability))).astype(int))
    columns = (
        indices + 1,
        probability[indices],
        expected[indices],
        np.maximum(expected - spread, 0)[indices],
        np.minimum(expected + spread, np.arange(1, len(probability) + 1))[indices],
    )
    return [[round(float(value), 4) for value in point] for point in zip(*columns, strict=True)]
