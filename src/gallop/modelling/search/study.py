"""One family's search: Optuna asks for settings, the judge tries them, and the study keeps what came of each.

Settings known to be good come first, then those of the tree-structured Parzen estimator (Bergstra et al. 2011); what
lags behind is pruned. The estimator is seeded anew for every trial, so that a study tries the same settings in every
run. A search that was killed goes on from the finished trials in Optuna's journal.
"""

import base64
import hashlib
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
_RANDOM, _REPEATS, _KEPT_PERCENTILE = 8, 10, 75.0
_REPEAT = "repeat"


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
        folder: where the study's journal is kept until the search ends; None to keep it in memory.

    Raises:
        SettingsError: a combination is not valid, or every trial failed.
    """
    space.check_all(family, wanted)
    trials = wanted.tried(budget.name)
    study = _open(family, folder)
    values = {space.key(trial.params): trial.value for trial in _finished(study)}
    waiting = [setting for setting in space.first(wanted, trials) if space.key(setting) not in values]
    repeats = 0
    for _ in values:
        on_trial(family)
    while len(values) < trials and not (budget.over and values):
        if not waiting and repeats >= _REPEATS:
            break
        study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=_RANDOM, seed=_seed(family, seed, len(values), repeats)
        )
        if waiting:
            study.enqueue_trial(waiting.pop(0))
        trial = study.ask()
        parameters = space.suggest(trial, wanted)
        key = space.key(trial.params)
        if key in values:
            repeats += 1
            trial.set_user_attr(_REPEAT, True)
            study.tell(trial, values[key], state=None if values[key] is not None else TrialState.PRUNED)
            continue
        repeats = 0
        _try(study, trial, parameters, judge)
        values[key] = study.trials[trial.number].value
        on_trial(family)
    return _explored(family, study)


def _open(family: str, folder: Path | None) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if folder is None:
        return _study(family, None)
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / f"{family}.log"
    # Half a line at the end, of a write that was killed, would be glued to the next one: then the search begins again.
    if journal.is_file() and not journal.read_bytes().endswith(b"\n"):
        journal.unlink()
    try:
        study = _study(family, journal)
        _require_whole(study)
    except (ValueError, KeyError, TypeError, AssertionError):
        journal.unlink()
        study = _study(family, journal)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _require_whole(study: optuna.Study) -> None:
    """Whether the finished trials are as they were written. Raises `ValueError`, `KeyError` where one is damaged."""
    for trial in _finished(study):
        attributes = trial.user_attrs
        sealed = trial.state is not TrialState.COMPLETE or attributes["seal"] == _seal(
            trial.params, trial.value, attributes["odds"]
        )
        if not sealed or not isinstance(attributes["parameters"], dict):
            raise ValueError(f"trial {trial.number} is damaged")


def _seal(params: Parameters, loss: float | None, odds: str) -> str:
    return hashlib.sha256(f"{space.key(params)}:{loss!r}:{odds}".encode()).hexdigest()


def _study(family: str, journal: Path | None) -> optuna.Study:
    storage = None
    if journal is not None:
        # One search uses the file; a lock that a killed one left would only be waited for.
        for lock in journal.parent.glob(f"{journal.name}.lock*"):
            lock.unlink(missing_ok=True)
        storage = JournalStorage(JournalFileBackend(str(journal)))
    pruner = optuna.pruners.PercentilePruner(_KEPT_PERCENTILE, n_startup_trials=4, n_warmup_steps=1)
    return optuna.create_study(storage=storage, study_name=family, pruner=pruner, load_if_exists=True)


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    """One trial per setting that ran to an end of its own: complete, pruned, or failed with a reason."""
    ended = {TrialState.COMPLETE, TrialState.PRUNED}
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if (trial.state in ended or "failed" in trial.user_attrs) and not trial.user_attrs.get(_REPEAT)
    ]


def _try(study: optuna.Study, trial: optuna.Trial, parameters: Parameters, judge: Judge) -> None:
    def report(loss: float, step: int) -> None:
        trial.report(loss, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    trial.set_user_attr("parameters", parameters)
    try:
        fitted, log_odds, loss = judge(parameters, report)
        if not np.isfinite(log_odds).all():
            raise ValueError("gives scores that are no finite numbers")
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except (ValueError, ArithmeticError, LightGBMError, XGBoostError) as error:
        trial.set_user_attr("failed", (str(error).splitlines() or [type(error).__name__])[0])
        study.tell(trial, state=TrialState.FAIL)
    else:
        trial.set_user_attr("parameters", fitted)
        odds = base64.b64encode(log_odds.astype("<f8").tobytes()).decode()
        trial.set_user_attr("odds", odds)
        trial.set_user_attr("seal", _seal(trial.params, float(loss), odds))
        study.tell(trial, loss)


def _explored(family: str, study: optuna.Study) -> Explored:
    trials, failed, pruned = [], [], 0
    for trial in _finished(study):
        parameters = trial.user_attrs["parameters"]
        if "failed" in trial.user_attrs:
            failed.append(Failed(family, parameters, trial.user_attrs["failed"]))
        elif trial.state is TrialState.COMPLETE:
            odds = np.frombuffer(base64.b64decode(trial.user_attrs["odds"]), dtype="<f8")
            trials.append(Trial(family, parameters, odds, trial.value or 0.0))
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
