"""One family's search: Optuna asks for settings, the judge tries them, and what came of each is kept in the study.

Settings known to be good come first, then those of the tree-structured Parzen estimator (Bergstra et al. 2011); what
lags behind is pruned. Which setting comes next, and the estimator's seed, follow from the finished trials alone, so a
search that was killed and goes on from its study tries the same settings, in the same order, as one that was not.
"""

import base64
import hashlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import optuna
from lightgbm.basic import LightGBMError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from scipy.special import expit
from xgboost.core import XGBoostError

from gallop.errors import SettingsError
from gallop.evaluation.metrics import Vector
from gallop.modelling.families import Parameters
from gallop.modelling.search import space
from gallop.settings.training import FamilySearch

ReportLoss = Callable[[float, int], None]
GivenUp = optuna.TrialPruned
"""Raised by a judge that stops before the last fold."""
_RANDOM, _REPEATS, _KEPT_PERCENTILE = 8, 10, 75.0
_FIRST, _REPEAT = "first", "repeat"


@dataclass(frozen=True)
class Trial:
    """One setting of one family, and what it said of rows it had not seen."""

    family: str
    parameters: Parameters
    log_odds: Vector
    """Shape (held-out rows,)."""
    log_loss: float

    @property
    def out_of_fold(self) -> Vector:
        """Probabilities, shape (held-out rows,)."""
        return expit(self.log_odds)


@dataclass(frozen=True)
class Failed:
    """A setting that its library could not fit."""

    family: str
    parameters: Parameters
    because: str


@dataclass(frozen=True)
class Explored:
    """What became of every trial of one family."""

    trials: tuple[Trial, ...]
    """The lowest log-loss first; empty where the family was given up as a whole."""
    failed: tuple[Failed, ...]
    pruned: int


class Judge(Protocol):
    """Cross-validates one setting."""

    def __call__(self, parameters: Parameters, report: ReportLoss) -> tuple[Parameters, Vector, float]:
        """Returns the setting as it is to be fitted, its log-odds of held-out rows, and their log-loss."""
        ...


@dataclass(frozen=True)
class Budget:
    """When a search has tried enough."""

    name: str
    deadline: float | None
    """As `time.monotonic` counts; None for no limit."""

    @property
    def over(self) -> bool:
        """Whether no new trial may begin."""
        return self.deadline is not None and time.monotonic() > self.deadline


def explore(
    family: str,
    wanted: FamilySearch,
    budget: Budget,
    seed: int,
    judge: Judge,
    folder: Path | None = None,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Explored:
    """Try settings of one family until the budget is spent or the space is.

    Args:
        folder: where the study is kept until the search ends; None to keep it in memory.

    Raises:
        SettingsError: a combination is not valid, or every trial failed.
    """
    space.check_all(family, wanted)
    trials = wanted.tried(budget.name)
    study = _open(family, folder)
    _close_begun(study)
    known = {trial.user_attrs.get(_FIRST) for trial in _told(study)}
    waiting = [each for each in space.first(wanted, trials) if space.key(each) not in known]
    values = {space.key(trial.params): trial.value for trial in _finished(study)}
    for _ in values:
        on_trial(family)
    while len(values) < trials and not (budget.over and values):
        repeats = _repeats(study)
        if not waiting and repeats >= _REPEATS:
            break
        study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=_RANDOM, seed=_seed(family, seed, len(values), repeats)
        )
        first = waiting.pop(0) if waiting else None
        if first is not None:
            study.enqueue_trial(first)
        asked = study.ask()
        parameters = space.suggest(asked, wanted)
        if first is not None:
            asked.set_user_attr(_FIRST, space.key(first))
        key = space.key(asked.params)
        if key in values:
            asked.set_user_attr(_REPEAT, True)
            study.tell(asked, values[key], state=None if values[key] is not None else TrialState.PRUNED)
            continue
        _try(study, asked, parameters, judge)
        values[key] = study.trials[asked.number].value
        on_trial(family)
    return _explored(family, study)


def _open(family: str, folder: Path | None) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _mend(folder / f"{family}.log")
        storage = JournalStorage(JournalFileBackend(str(folder / f"{family}.log")))
    pruner = optuna.pruners.PercentilePruner(_KEPT_PERCENTILE, n_startup_trials=4, n_warmup_steps=1)
    return optuna.create_study(storage=storage, study_name=family, pruner=pruner, load_if_exists=True)


def _mend(journal: Path) -> None:
    """A killed search may have left half a line, to which the next one would be glued, and a lock that nobody holds."""
    for lock in journal.parent.glob(f"{journal.name}.lock*"):
        lock.unlink(missing_ok=True)
    if journal.is_file():
        content = journal.read_bytes()
        if content and not content.endswith(b"\n"):
            journal.write_bytes(content[: content.rfind(b"\n") + 1])


def _close_begun(study: optuna.Study) -> None:
    """A killed search left a trial running, or about to: it is closed, and comes again as if it had never begun."""
    while study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.ask()
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _told(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that ran to an end of their own: complete, pruned, or failed with a reason; repeats among them."""
    ended = {TrialState.COMPLETE, TrialState.PRUNED}
    return [each for each in study.get_trials(deepcopy=False) if each.state in ended or "failed" in each.user_attrs]


def _repeats(study: optuna.Study) -> int:
    """How many times in a row, up to now, what was asked for had been tried before."""
    return len(list(itertools.takewhile(lambda trial: trial.user_attrs.get(_REPEAT), reversed(_told(study)))))


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    """One trial per setting that was tried."""
    return [trial for trial in _told(study) if not trial.user_attrs.get(_REPEAT)]


def _try(study: optuna.Study, asked: optuna.Trial, parameters: Parameters, judge: Judge) -> None:
    def report(loss: float, step: int) -> None:
        asked.report(loss, step)
        if asked.should_prune():
            raise GivenUp

    asked.set_user_attr("parameters", parameters)
    try:
        fitted, log_odds, loss = judge(parameters, report)
        if not np.isfinite(log_odds).all():
            raise ValueError("gives scores that are no finite numbers")
    except GivenUp:
        study.tell(asked, state=TrialState.PRUNED)
    except (ValueError, ArithmeticError, LightGBMError, XGBoostError) as error:
        asked.set_user_attr("failed", (str(error).splitlines() or [type(error).__name__])[0])
        study.tell(asked, state=TrialState.FAIL)
    else:
        asked.set_user_attr("parameters", fitted)
        asked.set_user_attr("odds", base64.b64encode(log_odds.astype("<f8").tobytes()).decode())
        study.tell(asked, loss)


def _explored(family: str, study: optuna.Study) -> Explored:
    trials, failed, pruned = [], [], 0
    for each in _finished(study):
        parameters = each.user_attrs["parameters"]
        if "failed" in each.user_attrs:
            failed.append(Failed(family, parameters, each.user_attrs["failed"]))
        elif each.state is TrialState.COMPLETE:
            odds = np.frombuffer(base64.b64decode(each.user_attrs["odds"]), dtype="<f8")
            trials.append(Trial(family, parameters, odds, each.value or 0.0))
        else:
            pruned += 1
    if failed and not (trials or pruned):
        first = failed[0]
        raise SettingsError(
            f"training.families.{family}: none of {len(failed)} settings could be fitted; {first.parameters}: "
            f"{first.because}"
        )
    return Explored(tuple(sorted(trials, key=lambda trial: trial.log_loss)), tuple(failed), pruned)


def _seed(family: str, seed: int, finished: int, repeats: int) -> int:
    # Seeded by the family too, so that adding a family does not change what the others try.
    return int.from_bytes(hashlib.sha256(f"{seed}:{family}:{finished}:{repeats}".encode()).digest()[:4])
