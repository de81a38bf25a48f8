"""Families that cost most per fit run last, and are given up where they are clearly behind on the first folds.

A race as of Maron & Moore (1994): what is far behind on some of the rows, by more than chance, will not be ahead on all
of them. A forest of deep trees costs more than all the other families together, and on most tables adds nothing to
them; on a table whose rows nearly repeat each other it is ahead from the first fold.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from gallop.evaluation.metrics import Vector, log_losses_of_log_odds
from gallop.modelling.families import ENCODERS
from gallop.modelling.search.study import Explored, Trial

LAST: Final = frozenset({"forest"})
_FAR, _ERRORS = 0.02, 2.0
"""Of the leader's log-loss, and in standard errors of the paired difference: behind by more than both is given up."""


def leader(families: Iterable[Explored]) -> Trial | None:
    """The best trial up to now of those that give reasons; None where there is none to race against."""
    trials = [family.trials[0] for family in families if family.trials and family.trials[0].family in ENCODERS]
    return min(trials, key=lambda trial: trial.log_loss, default=None)


def clearly_behind(log_odds: Vector, of_leader: Vector, y: Vector) -> bool:
    """Whether a trial is behind by more than chance on the rows it was judged on so far: all of shape (rows,)."""
    leading = log_losses_of_log_odds(y, of_leader)
    behind = log_losses_of_log_odds(y, log_odds) - leading
    standard_error = behind.std() / np.sqrt(len(behind))
    return bool(behind.mean() > max(_FAR * leading.mean(), _ERRORS * standard_error))
