"""What training finds out beyond the test figures: how to decide, where the model is weak, why it says so."""

from gallop.evaluation import Estimate, Frozen


class Reason(Frozen):
    """What one column adds to a lead's log-odds. All columns together, and the model's base, are the score's."""

    column: str
    value: str | float | None
    """As the raw table has it; None where it is missing."""
    log_odds: float


class Case(Frozen):
    """One test lead, without its id: what was said of it, what came of it, and why it was said."""

    probability: float
    converted: bool
    reasons: tuple[Reason, ...]
    """The largest first."""


class EffectPoint(Frozen):
    """Leads alike in one column: what the column adds to their log-odds on average."""

    value: str | float | None
    """A level, or the middle of a range of numbers."""
    rows: int
    log_odds: float
    low: float
    high: float
    """Where the contributions of the central 80 % of these leads lie: how much the other columns change it."""


class Effect(Frozen):
    """What one column does over all leads."""

    column: str
    strength: float
    """Mean size of its contribution, in log-odds."""
    points: tuple[EffectPoint, ...]


class Learned(Frozen):
    """How good the winner's setting is when it learns from fewer leads, judged by cross-validation."""

    rows: int
    log_loss: Estimate


class Certainty(Frozen):
    """How often the conformal sets of outcomes hold the true one on the test rows."""

    nominal: float
    coverage: Estimate
    of_converted: Estimate
    of_others: Estimate
    unsure: float
    """Share of test leads whose set holds both outcomes."""


class Slice(Frozen):
    """The test leads of one level of a category."""

    column: str
    level: str
    rows: int
    positives: int
    log_loss: Estimate
    roc_auc: Estimate | None
    """None where the slice has one outcome only."""
    expected: float
    """Mean probability."""
    rate: Estimate
    """Conversion rate, with its Wilson interval."""
    worse: bool
    """Its rate is missed, or its leads are ranked worse, beyond chance over all slices looked at."""
    because: str
    """What is worse, in a sentence; empty where nothing is."""


class Cutoff(Frozen):
    """One way to cut the ranked list, judged on out-of-fold predictions."""

    probability: float
    share: float
    """Of leads at or above it."""
    precision: float
    recall: float
    f1: float
    profit: Estimate | None
    """Per 1,000 leads; None where the settings have no value and cost."""


class ProfitPoint(Frozen):
    """Expected profit per 1,000 leads where the best `share` of them are contacted."""

    share: float
    probability: float
    profit: Estimate


class BestOf(Frozen):
    """Calling the best `contacts` of 1,000 leads."""

    contacts: int
    conversions: Estimate
    profit: Estimate | None


class Band(Frozen):
    """Leads from one cut-off up to the next."""

    name: str
    """`hot`, `warm` or `cold`."""
    lowest: float
    share: float
    rate: Estimate
    """Conversion rate out of fold."""
    test_rate: Estimate
    """Conversion rate of the test leads in it."""


class Decided(Frozen):
    """Whom to contact: chosen on out-of-fold predictions, and travelling with the model."""

    cutoff: Cutoff
    """The one in force."""
    because: str
    """Why this one, in a sentence."""
    for_profit: Cutoff | None
    for_f1: Cutoff
    curve: tuple[ProfitPoint, ...]
    """Empty where the settings have no value and cost."""
    best: tuple[BestOf, ...]
    bands: tuple[Band, ...]


class BrierParts(Frozen):
    """Murphy (1973): Brier score = reliability − resolution + uncertainty, over bins of equally many leads."""

    reliability: float
    resolution: float
    uncertainty: float


class Calibration(Frozen):
    """How far probabilities and conversions are apart."""

    ece: Estimate
    """Expected calibration error over ten bins of equally many leads."""
    brier: BrierParts


class Evidence(Frozen):
    """All of it."""

    decision: Decided
    calibration: Calibration
    slices: tuple[Slice, ...]
    learning: tuple[Learned, ...]
    effects: tuple[Effect, ...]
    """The strongest column first."""
    hits: tuple[Case, ...]
    """The surest right answers among the test leads."""
    misses: tuple[Case, ...]
    """The surest wrong ones."""
    certainty: Certainty
