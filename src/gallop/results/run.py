"""What the stages find out, as values: the reports show them, the tracker keeps them, files carry them as JSON."""

from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
from pydantic import Field

from gallop.results.estimates import Estimate, MetricsReport, ResultModel
from gallop.results.evidence import TestEvidence
from gallop.results.over_time import OverTime
from gallop.results.unlike import LearntScores
from gallop.results.uplift import UpliftResult
from gallop.schema import Parameter

SAMPLE: Final = "sample"


class DataVersion(ResultModel):
    """Which data a model was trained on."""

    origin: str
    """`dvc` (pinned by its pointer), `file` (a table without a pointer) or `sample` (synthetic)."""
    path: str
    md5: str

    @property
    def kind(self) -> str:
        """What every output carries as `data`: `sample` or `real`."""
        return SAMPLE if self.origin == SAMPLE else "real"


class CodeVersion(ResultModel):
    """Which code trained a model: the Git commit, and whether tracked files differed from it."""

    commit: str | None
    changed: bool

    @property
    def name(self) -> str:
        """The commit, marked where the code was changed since; `unknown` outside Git."""
        return f"{self.commit or 'unknown'}{'+changes' if self.changed else ''}"


class RuleCount(ResultModel):
    """How many rows one rule rejected."""

    rule: str
    rows: int
    defect: bool


class EventCounts(ResultModel):
    """What became of a log of events: every row is counted once, every decision too."""

    rows: int
    events: int
    leads: int
    first: str
    last: str
    """Times of the first and the last event."""
    end: str
    """Until when everything has arrived: decisions whose horizon ends before it are ripe."""
    aside: dict[str, int]
    """Rule → rows that are no events, or no further ones."""
    noticed: dict[str, int]
    """What was kept all the same: kinds that the settings do not list, corrections, unreadable numbers."""
    ripe: int
    unripe: int
    """Decisions whose outcome is not known yet; kept, never trained on."""
    converted: int
    """Ripe decisions with a conversion within the horizon."""
    at_once: int
    """Decisions with a conversion at exactly their time, which is in neither features nor label."""
    surprised: int
    """Decisions at which an event from before had not arrived yet, and so does not count."""


class Quality(ResultModel):
    """The data-quality report: every row that came in is counted exactly once."""

    rows: int
    kept: int
    positives: int
    rules: tuple[RuleCount, ...]
    missing: dict[str, int]
    noticed: dict[str, int] = Field(default_factory=dict)
    """Leads kept in spite of a value that the schema did not know, per rule: `on_new` is keep."""
    remarks: tuple[str, ...] = ()
    """What a person should know about the file: a last line that may be cut."""
    days: tuple[str, str] | None = None
    """First and last day of the kept leads, as YYYY-MM-DD; None where the table has no day."""
    events: EventCounts | None = None
    """Where the table was made from a log of events: what became of that."""


@dataclass(frozen=True)
class TrainTestSplit:
    """Training leads, test leads, and which lead is on which side."""

    train: nw.DataFrame
    test: nw.DataFrame
    assignment: nw.DataFrame


class Candidate(ResultModel):
    """One family's best setting, by cross-validation on training rows."""

    family: str
    parameters: dict[str, Parameter]
    trials: int
    """All that were begun, those that follow included."""
    pruned: int
    """Given up on the way, because others were ahead."""
    failed: tuple[str, ...]
    """Settings that the library could not fit, and why."""
    explains: bool
    """Whether its scores can be taken apart; the others are deployed only where no candidate gives reasons."""
    calibrated: bool
    """Whether a monotone calibrator corrects its scores, since out of fold they were miscalibrated."""
    metrics: dict[str, Estimate]
    """Of the out-of-fold probabilities of the training rows."""
    behind: Estimate
    """Log-loss minus the winner's on the same rows, paired."""
    contract: str
    """`kept`, or why the exported file would break its contract; `none` where the project has no contract, `own` where
    the model takes columns of its own and is not for export."""


class Importance(ResultModel):
    """How much worse the log-loss gets on the test rows when one column is shuffled."""

    column: str
    increase: Estimate


class TrainingResult(ResultModel):
    """All that training found out, as values: what the report, the metrics and the tracker are made from."""

    winner: str
    exported: str | None
    train_rows: int
    train_positives: int
    live_rows: int
    """Leads that the live fit learnt from: all of them, test rows included."""
    live_scores: LearntScores | None = None
    """How it scores these; None where nothing was fitted on them."""
    candidates: tuple[Candidate, ...]
    given_up: tuple[str, ...]
    """Families that were tried, and given up on the way because others were clearly ahead."""
    test: MetricsReport
    test_digest: str
    """SHA-256 of the test rows' ids, sorted: two metrics are comparable only where it is the same."""
    baseline: dict[str, Estimate]
    """An untuned logistic regression on the same test rows."""
    ahead: Estimate
    """The winner's log-loss minus the baseline's on the same test rows, paired; negative is better."""
    best_possible: dict[str, Estimate] | None
    """The true probabilities of the sample on the same test rows; None for real data."""
    importances: tuple[Importance, ...]
    over_time: OverTime | None = None
    """What changes along the day, a date, or the order of the rows; None where nothing says when a lead was."""
    uplift: UpliftResult | None = None
    """What a contact changes; None where the settings name no treatment."""
    evidence: TestEvidence
    """How to decide, where the model is weak, and the reasons for its scores."""


class Look(ResultModel):
    """A comparison on test rows, as it is remembered to price later ones on the same rows."""

    candidate: str
    """Digest of the candidate's bundle."""
    champion: str
    """Version of the champion."""
    rows: int
    sketch: tuple[int, ...]
    """The smallest digests of the rows' ids: how many rows two looks share can be told from them, and no id."""


class GuardRail(ResultModel):
    """A condition of a promotion besides the gain itself."""

    name: str
    kept: bool
    because: str


class Decision(ResultModel):
    """Whether the candidate becomes the champion, and why."""

    promote: bool
    because: str
    difference: Estimate | None = None
    """The candidate's loss minus the champion's on the same test rows; None where there was nothing to compare."""
    rails: tuple[GuardRail, ...] = ()
    look: Look | None = None
    looks: float | None = None
    """The how-manieth look on these rows it was; earlier ones count by the share of today's rows they had seen."""


class Selected(ResultModel):
    """The outcome of model_selection."""

    decision: Decision
    candidate: str
    """Version of the candidate in the registry."""
    champion: str
    """Version that is the champion now."""
    previous: str | None
    """Version that was the champion before."""
    pinned: bool = False
    """Whether the champion is held by a person."""
    by_hand: bool = False
    """Whether a person, and no comparison, has made it champion."""
