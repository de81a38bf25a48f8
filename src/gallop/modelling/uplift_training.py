"""From split leads to what a contact changes: fit, measure on the test leads, fit again on all of them. Pure."""

from dataclasses import dataclass
from functools import partial

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from gallop.additive.model import AdditiveModel
from gallop.evaluation.metrics import Vector
from gallop.modelling.candidates import Assembly, fit_assembly
from gallop.modelling.preprocessing import frame
from gallop.modelling.search.folds import AllRows
from gallop.modelling.uplift import Experiment, OutcomeModel, fit_uplift, require_randomised, robust_scores
from gallop.modelling.uplift_assessment import assess_uplift
from gallop.results.evidence import Cutoff
from gallop.results.run import TrainTestSplit
from gallop.results.uplift import UpliftResult
from gallop.schema import Role
from gallop.settings.params import Settings
from gallop.tables.features import input_roles


@dataclass(frozen=True)
class TrainedUplift:
    """The model that goes live, which has learnt from all leads, and what the test leads say of its recipe."""

    live: AdditiveModel
    """Its `log_odds` are the change of the probability by a contact."""
    result: UpliftResult


@threadpool_limits.wrap(limits=1)
def train_uplift(
    split: TrainTestSplit,
    leads: nw.DataFrame,
    settings: Settings,
    recipe: Assembly,
    model: AdditiveModel,
    cutoff: Cutoff,
) -> TrainedUplift:
    """Learn what a contact changes from leads that were contacted at random.

    Args:
        split: as `data_split` gives it; leads: all of them, as `data_preprocess` gives them.
        recipe: of the winning model of the outcome, which is fitted to leads of either arm.
        model: that winner, fitted on the training leads: the ranking to compare with.
        cutoff: its cut-off, whose share of the leads is contacted where no money says how many.

    Raises:
        NotRandomisedError, SingleClassError: see `require_randomised`.
    """
    roles, seed, rule = input_roles(settings.table, settings.features), settings.seed, settings.decision
    fit = partial(_fit_outcome, recipe=recipe, roles=roles, settings=settings)
    training, test = (experiment_of(part, settings) for part in (split.train, split.test))
    require_randomised(training, roles, settings.table.with_role(Role.TREATMENT)[0], seed)
    assessed = fit_uplift(training, roles, fit, seed)
    if rule.value is not None and rule.cost is not None:
        contact_from = rule.cost / rule.value
    else:
        best = np.quantile(assessed.log_odds(training.X), 1 - min(1.0, cutoff.share), method="higher")
        contact_from = max(float(best), np.finfo(float).tiny)
    result = assess_uplift(
        robust_scores(training, test, fit),
        test.treated,
        assessed.log_odds(test.X),
        model.predict_proba(test.X)[:, 1],
        rule,
        contact_from=contact_from,
        **settings.resampling,
    )
    return TrainedUplift(fit_uplift(experiment_of(leads.sort(settings.table.id), settings), roles, fit, seed), result)


def experiment_of(leads: nw.DataFrame, settings: Settings) -> Experiment:
    """Model-ready leads as a experiment."""
    table = settings.table
    label, treated = (
        leads[name].to_numpy().astype(np.float64) for name in (table.label.column, *table.with_role(Role.TREATMENT))
    )
    return Experiment(frame(leads, input_roles(table, settings.features)), label, treated)


def _fit_outcome(
    X: pd.DataFrame, label: Vector, recipe: Assembly, roles: dict[str, Role], settings: Settings
) -> OutcomeModel:
    model = fit_assembly(AllRows(X, label, roles, settings.training), recipe, settings.seed, repeats=1)
    return lambda other: model.predict_proba(other)[:, 1]
