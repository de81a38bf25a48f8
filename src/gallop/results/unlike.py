"""How scored leads differ from those that a model learnt from."""

from typing import Final

from gallop.results.estimates import ResultModel

SCORES: Final = "scores"


class LearntScores(ResultModel):
    """How the live fit scores the leads that it learnt from: surer than it is of new ones."""

    up_to: tuple[float, ...]
    """Share of them up to the highest score of each `ScoreRange`."""
    bands: dict[str, float]
    """Name → share of them in that band."""


class Unlike(ResultModel):
    """One thing about scored leads that lies above what chance and usual variation allow, or below it."""

    what: str
    """`hot`, `warm` or `cold`: the share of leads in that band; `scores`; or a rule: leads with values never seen."""
    observed: float
    """A share; of scores, the largest gap between the shares of leads up to any score."""
    expected: float
    """Out of fold, as of new leads."""
    bound: float
    """What it would be at most (at least, where it is below what was expected)."""
