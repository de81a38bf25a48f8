"""What changes with time: in the outcome, in the columns and in the scores; and what that means for later leads."""

from gallop.results.estimates import Estimate, ResultModel


class DriftFigure(ResultModel):
    """How far one thing differs along a clock: an area under a ROC curve, where 0.5 is not at all and 1 completely."""

    figure: Estimate
    """With its interval, whose confidence counts all the things looked at (Bonferroni)."""
    changed: bool
    """Whether all of the interval lies beyond what is of any consequence."""


class Drift(ResultModel):
    """What differs along one clock: a day, a date, or the order of the rows."""

    by: str
    """As `split.by`: day, a column's name, order or reverse."""
    outcome: DriftFigure
    """How well the tenth of the time that a lead is of ranks leads by their outcome."""
    scores: DriftFigure
    """How well a score from all columns tells the last fifth of the leads from those before."""
    relation: DriftFigure
    """How much lower the ROC AUC of a score is on the last fifth than on the leads before, which it was learnt from:
    what the columns say of the outcome differs. A difference, so 0 is not at all."""
    columns: dict[str, DriftFigure]
    """How well each input does that; the strongest first, without parts of the clock's own date."""

    @property
    def changed(self) -> bool:
        """Whether outcome, scores, or what the columns say of the outcome changed; columns alone may do so in vain."""
        return self.outcome.changed or self.scores.changed or self.relation.changed

    @property
    def changed_columns(self) -> dict[str, DriftFigure]:
        """The inputs that changed."""
        return {name: change for name, change in self.columns.items() if change.changed}


class Period(ResultModel):
    """Leads of one stretch of time, scored by a model that had not seen them."""

    first: str
    last: str
    """Its first and last day, or row of the raw file."""
    rows: int
    rate: Estimate
    """Conversion rate, with its Wilson interval."""
    expected: float
    """Mean probability."""
    log_loss: float
    expected_log_loss: float
    """What it would be if every probability were exactly right."""
    tested: bool
    """Whether these are the test leads; the others are training leads, out of fold."""


class OverTime(ResultModel):
    """How rate, calibration and log-loss went over time, and what later leads may bring."""

    drift: Drift
    forward: bool
    """Whether models were judged on leads later than those they learnt from."""
    periods: tuple[Period, ...]
    """The earliest first."""
    later: Estimate | None
    """Log-loss of the test leads, and between which values that of as many later ones is expected to lie. None where
    there is one period only, or where something changes and models were not judged forward in time."""
