"""Results of training besides the metrics: how to decide, where the model is weak, and the reasons for its scores."""

import math
from typing import Final

from gallop.results.estimates import Estimate, ResultModel

NOBODY: Final = math.nextafter(1.0, 2.0)
"""The cut-off where contacting no lead is best: just above every probability."""

BANDS: Final = ("hot", "warm", "cold")
"""From the best leads down."""


class Reason(ResultModel):
    """What one column adds to a lead's log-odds. All columns together, and the model's base, are the score's."""

    column: str
    value: str | float | None
    """As the raw table has it; None where it is missing."""
    log_odds: float


class LeadExample(ResultModel):
    """One test lead, without its id: its probability, its outcome, and the reasons for its probability."""

    probability: float
    converted: bool
    reasons: tuple[Reason, ...]
    """The largest first."""


class EffectPoint(ResultModel):
    """Leads alike in one column: what the column adds to their log-odds on average."""

    value: str | float | None
    """A level, or the middle of a range of numbers."""
    rows: int
    log_odds: float
    low: float
    high: float
    """Where the contributions of the central 80 % of these leads lie: how much the other columns change it."""


class Effect(ResultModel):
    """What one column does over all leads."""

    column: str
    strength: float
    """Mean size of its contribution, in log-odds."""
    points: tuple[EffectPoint, ...]


class LearningPoint(ResultModel):
    """How good the winner's setting is when it learns from fewer leads, judged by cross-validation."""

    rows: int
    log_loss: Estimate


class ScoreRange(ResultModel):
    """Leads of similar score, out of fold, and the interval of their conversion rate."""

    middle: float
    highest: float
    rows: int
    converted: int
    low: float
    high: float


class ScoreUncertainty(ResultModel):
    """How much a score says of one lead; kept with the model."""

    nominal: float
    """Of the leads that a word is given to, at least this share do as it says."""
    converts_from: float | None
    """Leads of this probability or more are said to convert; None where nobody can be."""
    not_up_to: float | None
    """Leads of this probability or less are said not to."""
    ranges: tuple[ScoreRange, ...]
    """By score, the lowest first."""


class UncertaintyCheck(ResultModel):
    """How often the words hold on the test rows."""

    nominal: float
    converts: Estimate | None
    """Of the test leads that are said to convert, the share that did; None where there are none."""
    converts_rows: int
    does_not: Estimate | None
    """Of those that are said not to, the share that did not."""
    does_not_rows: int
    unsure: float
    """Share of the test leads of which nothing is said."""
    ranges: Estimate | None
    """How often a range of rates holds the test leads with such scores; None where they are too few."""


class Slice(ResultModel):
    """The test leads of one level of a category."""

    column: str
    level: str
    rows: int
    positives: int
    log_loss: Estimate
    roc_auc: Estimate | None
    """None where the slice has fewer than two leads of one outcome."""
    expected: float
    """Mean probability."""
    rate: Estimate
    """Conversion rate, with its Wilson interval."""
    worse: bool
    """Its rate is missed, or its leads are ranked worse, beyond chance over all slices looked at."""
    because: str
    """What is worse, in a sentence; empty where nothing is."""


class Cutoff(ResultModel):
    """One way to cut the ranked list, judged on out-of-fold predictions."""

    probability: float
    share: float
    """Of leads at or above it."""
    precision: float
    recall: float
    f1: float
    """Precision, recall and F1 are 0 where nobody is contacted."""
    profit: Estimate | None
    """Expected per 1,000 leads; None where the settings have no value and cost. What was chosen to be the largest
    flatters itself: where this is the best cut-off for profit, `Decided.optimism` is already taken off."""
    test_profit: Estimate | None = None
    """The same on the test rows, which were not used for the choice; None until they are looked at."""


class ProfitPoint(ResultModel):
    """Expected profit per 1,000 leads where the leads from `probability` up, the best `share`, are contacted."""

    share: float
    probability: float
    profit: Estimate


class BestOf(ResultModel):
    """Calling the best `contacts` of the next 1,000 leads. The intervals are for what will happen, luck included."""

    contacts: int
    conversions: Estimate
    at_random: float
    """Conversions to expect from as many contacts without a ranking."""
    profit: Estimate | None
    capacity: bool
    """Whether these are the contacts that a week allows."""


class Band(ResultModel):
    """Leads from one cut-off up to the next."""

    name: str
    """`hot`, `warm` or `cold`."""
    lowest: float
    """Smallest probability in it; 0 for the last band."""
    share: float
    """Of the leads, out of fold."""
    rate: Estimate
    """Conversion rate out of fold."""
    test_rows: int = 0
    test_rate: Estimate | None = None
    """Conversion rate of the test leads in it; None where there is none, and until they are looked at."""


class DecisionPlan(ResultModel):
    """Whom to contact: chosen on out-of-fold predictions, and travelling with the model."""

    cutoff: Cutoff
    """The one in force."""
    because: str
    """Why this one, in a sentence."""
    for_profit: Cutoff | None
    optimism: float | None
    """Profit per 1,000 leads that the best cut-off would seem to bring only because it was picked as the best."""
    for_f1: Cutoff
    curve: tuple[ProfitPoint, ...]
    """From few contacts to all; empty where the settings have no value and cost."""
    best: tuple[BestOf, ...]
    bands: tuple[Band, ...]
    """The best first; without bands that would be empty."""
    example: bool = False
    """Whether the money in it comes from example values that nobody has replaced yet."""


class BrierParts(ResultModel):
    """Brier score = reliability − resolution + uncertainty + within, over bins of about equally many leads.

    The first three are Murphy's (1973), exact where all leads of a bin have one probability; the last is what is
    missing where they differ (Stephenson, Coelho & Jolliffe 2008).
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float
    """Variance of the probabilities within bins, minus twice their covariance with the outcomes."""

    @property
    def brier(self) -> float:
        """The score that the parts add up to."""
        return self.reliability - self.resolution + self.uncertainty + self.within


class Calibration(ResultModel):
    """How far probabilities and conversions are apart."""

    ece: Estimate
    """Expected calibration error over ten bins of equally many leads. Biased upward, interval included: chance alone
    keeps bins from meeting their forecast."""
    by_chance: Estimate
    """What it would be on as many leads if every probability were exactly right: mean, and central range."""
    debiased: float
    """Root of the mean squared calibration error with the expected chance taken off (Kumar, Liang & Ma 2019)."""
    brier: BrierParts


class TestEvidence(ResultModel):
    """All that the test rows show besides the metrics."""

    decision: DecisionPlan
    calibration: Calibration
    slices: tuple[Slice, ...]
    learning: tuple[LearningPoint, ...]
    effects: tuple[Effect, ...]
    """The strongest column first."""
    hits: tuple[LeadExample, ...]
    """The right predictions with the highest confidence among the test leads."""
    misses: tuple[LeadExample, ...]
    """The wrong ones with the highest confidence."""
    certainty: UncertaintyCheck
    uncertainty: ScoreUncertainty
