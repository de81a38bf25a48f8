"""`gallop init` looks along every clock of the table, and proposes how to split it."""

import narwhals.stable.v2 as nw
import numpy as np
from scipy.stats import rankdata

from gallop.adapters.tables.polars import read_text
from gallop.errors import SettingsError
from gallop.flow.init import Source, prepared
from gallop.modelling.drift import clocks, find_drift
from gallop.profiling.proposal import Proposal
from gallop.profiling.split import Clock, choose_split
from gallop.results.over_time import Drift
from gallop.schema import DAY_US, ROW, Role, duration_us
from gallop.settings.params import Settings
from gallop.settings.split import BY_RANDOM, BY_REVERSE
from gallop.tables.clock import NEVER, moments


def with_split(source: Source, proposal: Proposal) -> Proposal:
    """The proposal with a split forward in time where something changes along it, or the one that was asked for.

    All rows are looked at, since there are no test rows yet: only how they will be divided is chosen by it.

    Raises:
        SettingsError: --split names no date, or --horizon is no duration. As `guard`: the rows do not fit the proposal.
    """
    from gallop.stages.data_clean import data_clean
    from gallop.stages.data_preprocess import data_preprocess

    options, settings = proposal.options, prepared(source, proposal)
    horizon = _horizon_days(options.horizon)
    raw = read_text(source.path, source.form)
    leads = data_clean(raw, settings.table, str(source.path)).leads.sort(ROW)
    leads = data_preprocess(leads, settings.table, settings.features)
    by = clocks(leads, settings.table)
    if options.split not in {None, BY_RANDOM, BY_REVERSE, *by}:
        raise SettingsError(
            f"--split {options.split!r}: is none of random, day (with --day), order, reverse and the dates "
            f"{[*settings.table.with_role(Role.DATE)]}"
        )
    label = leads[settings.table.label.column].to_numpy().astype(np.float64)
    along = [_clock(leads, label, drift, settings) for drift in find_drift(leads, label, settings, by)]
    return proposal.split_by(choose_split(along, _id_order(proposal, raw), options.split, horizon))


def _clock(leads: nw.DataFrame, label: np.ndarray, drift: Drift, settings: Settings) -> Clock:
    at = moments(leads, settings.table, drift.by)
    dated = at != NEVER
    if not dated.any():
        return Clock(drift, 0, 0.0, 0.0, 0)
    at, order = at[dated], np.flatnonzero(dated)
    tested = at >= np.sort(at)[-max(1, round(settings.split.test_share * len(at)))]
    fewest = min(int(np.sum(label[dated][tested] == outcome)) for outcome in (0, 1))
    return Clock(drift, len(np.unique(at)), float(dated.mean()), _rank_correlation(at, order), fewest)


def _id_order(proposal: Proposal, raw: nw.DataFrame) -> float:
    """How the whole numbers that tell leads apart go with the order of the rows: the strongest of such columns."""
    found = [0.0]
    for name, column in proposal.profile.columns.items():
        if column.unique and column.kind == "number" and column.whole:
            numbers = raw[name].str.strip_chars().cast(nw.Float64).to_numpy()
            found.append(_rank_correlation(numbers, np.arange(len(numbers))))
    return max(found, key=abs)


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's; 0 where one of them does not vary."""
    if len(one) < 3 or np.ptp(one) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _horizon_days(horizon: str | None) -> int:
    if horizon is None:
        return 0
    try:
        return -(-duration_us(horizon) // DAY_US)
    except ValueError as error:
        raise SettingsError(f"--horizon: {error}") from None
