"""Do outcome, columns and scores change along a clock: a day, a date, or the order of the rows? Pure.

Each question is one area under a ROC curve with a cross-fitted interval (`evaluation.codes`). Tenths of the time rank
the leads by outcome: any change of the rate shows, also one that comes and goes. And each input, and a score from all
of them, ranks the last fifth of the leads against those before: the leads that a forward split tests on against those
it learns from. Where rows do not depend on the clock, every such area is 0.5. Last, a score learnt on the leads before
ranks the last fifth as well as those before, unless what the columns say of the outcome has changed.

All intervals of all clocks have the wanted confidence together (Bonferroni 1936). With many rows a change without
consequence is certain too, so an interval has to lie above a small limit. Rows of one group are no independent ones: of
each group a row drawn at random is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gallop.evaluation.codes import (
    FOLDS,
    Codes,
    LabelledRows,
    bin_codes,
    deal_folds,
    level_codes,
    overall_score,
    ranking,
)
from gallop.evaluation.metrics import Estimate, Vector, critical_value
from gallop.evaluation.ranking import delong, group_by_score
from gallop.modelling.preprocessing import frame
from gallop.results.over_time import Drift, DriftFigure
from gallop.schema import ROW, Role
from gallop.settings.params import Settings
from gallop.settings.split import BY_DAY, BY_ORDER
from gallop.settings.table import Table
from gallop.tables.clock import NEVER, moments
from gallop.tables.features import input_roles

PERIODS: Final = 10
LATE: Final = 0.2
"""Share of the leads that count as late."""
_OUTCOME_LIMIT: Final = 0.51
_SCORE_LIMIT: Final = 0.53
_COLUMN_LIMIT: Final = 0.55
_RANKING_LIMIT: Final = 0.02
_SCORE_BINS: Final = 10
"""Few, since an area by many small bins loses what their noise takes."""
_MIN_PER_CLASS: Final = 20
_UNKNOWN: Final = DriftFigure(figure=Estimate(value=0.5, low=0.0, high=1.0), changed=False)


def clocks(leads: nw.DataFrame, table: Table) -> list[str]:
    """Everything that time may go by in model-ready leads, as `split.by` names it."""
    order = [BY_ORDER] if ROW in leads.columns else []
    return [*([BY_DAY] if table.day else []), *table.with_role(Role.DATE), *order]


@threadpool_limits.wrap(limits=1)
def find_drift(
    leads: nw.DataFrame, label: Vector, settings: Settings, by: Sequence[str], score: Vector | None = None
) -> list[Drift]:
    """What differs along each clock, of leads that have a moment by it.

    Args:
        leads: model-ready, n of them, as `data_preprocess` gives them.
        label: shape (n,), 0 or 1.
        by: the clocks, as `split.by` names them.
        score: shape (n,), of models that had not seen the lead; None for an additive score made here.
    """
    if (group := settings.table.group) is not None:
        rows = _one_of_each(leads[group].to_list(), settings.seed)
        leads, label, score = leads[rows.tolist()], label[rows], None if score is None else score[rows]
    roles = input_roles(settings.table, settings.features)
    X = frame(leads, roles)
    views: dict[str, Codes] = {
        name: bin_codes(X[name].to_numpy()) if role is Role.NUMBER else level_codes(X[name])
        for name, role in roles.items()
    }
    intervals = len(by) * (len(views) + 3)
    confidence, seed = settings.evaluation.confidence, settings.seed
    if score is None and _enough(label):
        score = overall_score(views, deal_folds(label, confidence=confidence, intervals=1, seed=seed))[0]

    def along(clock: str) -> Drift:
        at = moments(leads, settings.table, clock)
        dated = at != NEVER
        at = at[dated].astype(np.float64)
        late = (at >= np.quantile(at, 1 - LATE, method="lower")).astype(np.float64) if len(at) else at
        if not (_enough(label[dated]) and _enough(late)):
            return Drift(by=clock, outcome=_UNKNOWN, scores=_UNKNOWN, relation=_UNKNOWN, columns={})
        of_label = deal_folds(label[dated], confidence=confidence, intervals=intervals, seed=seed)
        of_late = deal_folds(late, confidence=confidence, intervals=intervals, seed=seed)
        own = {str(settings.table.day)} if clock == BY_DAY else {clock}
        columns = {
            name: _change(ranking(view[dated], of_late), _COLUMN_LIMIT)
            for name, view in views.items()
            if not own & {*settings.features.sources(name)}
        }
        return Drift(
            by=clock,
            outcome=_change(ranking(bin_codes(at, PERIODS), of_label), _OUTCOME_LIMIT),
            scores=_UNKNOWN
            if score is None
            else _change(ranking(bin_codes(score[dated], _SCORE_BINS), of_late), _SCORE_LIMIT),
            relation=_relation({name: view[dated] for name, view in views.items()}, label[dated], of_late),
            columns=dict(sorted(columns.items(), key=lambda column: -column[1].figure.low)),
        )

    return [along(clock) for clock in by]


def strongest(drifts: Sequence[Drift]) -> Drift:
    """The clock along which most changes: the outcome counts first."""
    return max(drifts, key=lambda drift: (drift.outcome.changed, drift.changed, drift.outcome.figure.low))


def _one_of_each(groups: Sequence[object], seed: int) -> NDArray[np.intp]:
    """A row of each group, drawn at random, in the rows' order."""
    drawn = np.random.default_rng(seed).permutation(len(groups))
    return np.sort([*{groups[row]: row for row in drawn}.values()])


def _relation(views: Mapping[str, Codes], label: Vector, late: LabelledRows) -> DriftFigure:
    """How much less a score of all columns, learnt on the early leads, ranks the late ones than the early ones."""
    is_late = late.label == 1
    if not (views and _enough(label[is_late]) and _enough(label[~is_late])):
        return DriftFigure(figure=Estimate(value=0.0, low=-1.0, high=1.0), changed=False)
    # The late leads are a fold of their own, so their scores are learnt from the others; theirs from three quarters.
    score, _ = overall_score(views, LabelledRows(label, np.where(is_late, FOLDS - 1, late.fold % (FOLDS - 1)), 0.95))
    early, last = (
        delong(*group_by_score(score[rows], label[rows], 1 - label[rows]), ddof=1) for rows in (~is_late, is_late)
    )
    value, reach = early[0] - last[0], critical_value(late.confidence) * float(np.sqrt(early[1] + last[1]))
    figure = Estimate(value=float(value), low=float(value - reach), high=float(value + reach))
    return DriftFigure(figure=figure, changed=figure.low > _RANKING_LIMIT or figure.high < -_RANKING_LIMIT)


def _enough(flag: Vector) -> bool:
    return min(np.sum(flag == 1), np.sum(flag == 0)) >= _MIN_PER_CLASS


def _change(auc: Estimate, limit: float) -> DriftFigure:
    return DriftFigure(figure=auc, changed=auc.low > limit)
