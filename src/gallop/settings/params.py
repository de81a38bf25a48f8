"""The frozen, typed form of params.yaml: a wrong setting cannot start a run.

`load_settings` reads the file as YAML 1.2 (so a level named `no` stays a text) and refuses unknown keys, repeated keys,
wrong types and impossible values, naming each key, the value it has, and what would be accepted.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from gallop.errors import SettingsError
from gallop.schema import Role
from gallop.settings.base import SettingsModel, Share
from gallop.settings.decision import DecisionRule
from gallop.settings.events import Events, with_event_columns
from gallop.settings.features import Features
from gallop.settings.monitoring import Monitoring
from gallop.settings.selection import Selection
from gallop.settings.signing import Signing
from gallop.settings.split import Split
from gallop.settings.table import Table
from gallop.settings.training import Training

_MOST_ENTRIES = 1_000_000
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=64)]


class ProjectNames(SettingsModel):
    """The names under which runs and models are kept."""

    name: Name = Field(description="Name of the MLflow experiment.")
    model: Name = Field(description="Name of the registered model.")


class Data(SettingsModel):
    """Where the raw table lies."""

    raw: str = Field(description="The raw table, tracked by DVC under the same name plus `.dvc`.")
    sample_rows: int | None = Field(
        None, ge=2000, le=1_000_000, description="Rows of the synthetic sample of the reference table; null for none."
    )


class Evaluation(SettingsModel):
    """How the intervals of the figures are made."""

    resamples: int = Field(1000, ge=100, le=100_000, description="Bootstrap resamples behind each interval.")
    confidence: Share = Field(0.95, description="Coverage of the intervals.")


class Export(SettingsModel):
    """The contract of models/model.pkl."""

    contract: str | None = Field(None, description="CSV of encoded rows and the answers they must get.")


class Acknowledged(SettingsModel):
    """A finding of the leak guard that a person has looked at."""

    column: str = Field(description="The column, or `*` for a finding about the whole table.")
    because: Annotated[str, Field(min_length=1)] = Field(description="The reason, in a sentence.")
    keep: bool = Field(description="true: used on purpose; false: left out, which the run checks.")


class Leaks(SettingsModel):
    """Findings of the leak guard that do not stop a run."""

    acknowledged: tuple[Acknowledged, ...] = Field((), description="Findings that do not stop the run, by column.")


class Settings(SettingsModel):
    """All of params.yaml."""

    project: ProjectNames = Field(description="Names.")
    seed: int = Field(42, ge=0, lt=2**32, description="Seed of everything that is drawn at random.")
    data: Data = Field(description="Where the raw table is.")
    events: Events | None = Field(None, description="The log of events, where leads are made from one.")
    table: Table = Field(description="The raw table's meaning.")
    features: Features = Field(description="What the model sees.")
    split: Split = Field(default_factory=Split, description="What is held out.")
    training: Training = Field(description="The search.")
    evaluation: Evaluation = Field(default_factory=Evaluation, description="Intervals.")
    decision: DecisionRule = Field(default_factory=DecisionRule, description="Contact or not, and bands.")
    selection: Selection = Field(default_factory=Selection, description="Champion or not.")
    monitoring: Monitoring = Field(default_factory=Monitoring, description="After deployment.")
    signing: Signing = Field(default_factory=Signing, description="Whose signature a bundle must carry.")
    export: Export = Field(default_factory=Export, description="The exported file.")
    leaks: Leaks = Field(default_factory=Leaks, description="Acknowledged findings of the leak guard.")

    @property
    def used_columns(self) -> list[str]:
        """Columns of the raw table that the model's inputs are made from, in the table's order."""
        return [name for name in self.table.columns if name in self.features.used]

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        for name, bins in self.features.bins.items():
            if name in self.table.columns:
                raise ValueError(f"features.bins.{name} is also the name of a column")
            column = self.table.columns.get(bins.column)
            if column is None or column.role is not Role.CATEGORY:
                raise ValueError(
                    f"features.bins.{name}.column is {bins.column!r}, which is no column with the role category"
                )
            for group, levels in bins.groups.items():
                if column.levels and (unknown := set(levels) - set(column.levels)):
                    raise ValueError(
                        f"features.bins.{name}.groups.{group} has {sorted(unknown)}, which are not among the levels "
                        f"{list(column.levels)} of {bins.column}"
                    )
        self._dates_agree()
        usable = {name for name in self.table.values if self.table.columns[name].role is not Role.DATE}
        known = {*usable, *self.features.bins, *self.features.dates}
        if unknown := [name for name in self.features.inputs if name not in known]:
            raise ValueError(f"features.inputs has {unknown}; known are {sorted(known)}")
        if len(set(self.features.inputs)) != len(self.features.inputs):
            raise ValueError("features.inputs names a column twice")
        if too_late := [
            problem
            for name in self.table.columns
            if name in self.features.used and (problem := self.table.too_late(name))
        ]:
            raise ValueError(f"features.inputs: {'; '.join(too_late)}")
        if still_used := [
            entry.column for entry in self.leaks.acknowledged if not entry.keep and entry.column in self.features.used
        ]:
            raise ValueError(f"leaks.acknowledged leaves out {still_used}, but features.inputs has them")
        self._training_agrees()
        self.split.require_clock(self.table)
        if self.events and (self.split.by != "day" or self.split.gap_days < self.events.gap_days):
            raise ValueError(
                f"split.by is {self.split.by} and split.gap_days {self.split.gap_days}; decisions are split by day, "
                f"with a gap of the horizon: {self.events.gap_days} days or more"
            )
        return self

    @property
    def hold_out_salt(self) -> str:
        """Which leads the standing hold-out has."""
        return self.monitoring.salt or self.project.name

    @property
    def resampling(self) -> dict[str, Any]:
        """How intervals are made: the arguments `resamples`, `confidence` and `seed` of the figures."""
        evaluation = self.evaluation
        return {"resamples": evaluation.resamples, "confidence": evaluation.confidence, "seed": self.seed}

    def _dates_agree(self) -> None:
        for name in self.features.dates:
            if name in self.table.columns or name in self.features.bins:
                raise ValueError(f"features.dates.{name} is also the name of a column or bin")
            for source in self.features.sources(name):
                column = self.table.columns.get(source)
                if column is None or column.role not in {Role.DATE, Role.DAY}:
                    raise ValueError(f"features.dates.{name} is of {source!r}, no column with the role date or day")

    def _training_agrees(self) -> None:
        known, training = self.features.inputs, self.training
        parts = {name for name, date in self.features.dates.items() if date.part in {"days", "until"}}
        numbers = {name for name, column in self.table.columns.items() if column.role is Role.NUMBER} | parts
        if unusable := [name for name in training.encoding.columns if name not in known or name in numbers]:
            raise ValueError(f"training.encoding.columns has {unusable}, which are no categories among features.inputs")
        if unusable := [name for name in training.monotone if name not in known or name not in numbers]:
            raise ValueError(f"training.monotone has {unusable}, which are no numbers among features.inputs")
        if unusable := [name for name in training.forced if name not in known]:
            raise ValueError(f"training.forced has {unusable}, which are not among features.inputs {list(known)}")


def load_settings(path: Path) -> Settings:
    """Read and check a params.yaml.

    Raises:
        SettingsError: the file is missing or no YAML, or a key is unknown, repeated, of a wrong type, or impossible.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; a gallop project has its settings there") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        # ValueError: bytes that are not UTF-8, a day that no calendar has, a number of thousands of digits.
        raise SettingsError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(raw, dict):
        raise SettingsError(f"{path}: expected a mapping of settings, got {type(raw).__name__}")
    _require_small(raw, path)
    return parse_settings(raw, str(path))


def _require_small(raw: dict, path: Path) -> None:
    """Refuse settings that a few aliases (`*name`) blow up to more than any table has.

    Raises:
        SettingsError: written out, they have more than a million entries, or an alias holds itself.
    """
    sizes: dict[int, int] = {}

    def size(entry: Any) -> int:
        if not isinstance(entry, dict | list):
            return 1
        if id(entry) not in sizes:
            # An alias that holds itself is met again before its size is known.
            sizes[id(entry)] = _MOST_ENTRIES + 1
            parts = entry.values() if isinstance(entry, dict) else entry
            sizes[id(entry)] = 1 + sum(size(part) for part in parts)
        return sizes[id(entry)]

    if size(raw) > _MOST_ENTRIES:
        raise SettingsError(
            f"{path}: its aliases (`*name`) stand for more than {_MOST_ENTRIES:,} entries, or for themselves; write "
            "out what they stand for"
        )


def parse_settings(raw: dict, source: str) -> Settings:
    """Check settings that are already read; `source` names them in errors. Raises `SettingsError`."""
    if isinstance(raw.get("events"), dict):
        raw = with_event_columns(raw)
    try:
        # Through JSON, since strict JSON mode takes a text as a date or a role but never `"3"` as a number.
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{source}: {error}; a key that is no text needs quotation marks") from None
    try:
        return Settings.model_validate_json(text)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors(include_url=False)]
        raise SettingsError(f"{source}: " + "; ".join(lines)) from None


def _explain(problem) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "settings"
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    if problem["type"] == "missing":
        return f"{key}: missing, must be given"
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}"
    return f"{key}: got {problem['input']!r}. {problem['msg']}"
