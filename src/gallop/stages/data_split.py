"""data_split: hold out test leads, once, before anything is fitted.

At random, the side of a lead follows from the seed and its id (or its group) alone: it is a test lead where
SHA-256 of both, as a share of the largest possible, is below the test share. No other row has a say, so no lead changes
its side when leads are added, labels ripen, or rows are shuffled, on any engine or machine.

Forward in time, the last leads are held out: whole days, by the lead's day or another date, or rows by their order in
the raw file. Rows of one group (several decisions about one lead) stay together. A lead with rows before and after is
put on one of the sides by its hash, and its rows on the other side are left out; so are the rows within `gap_days`
before the test days, and rows without a date.
"""

import hashlib
from collections.abc import Iterator

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from gallop.errors import SingleClassError
from gallop.results.run import TrainTestSplit
from gallop.settings.split import BY_ORDER, BY_REVERSE, Split
from gallop.settings.table import Table
from gallop.tables.clock import NEVER, Moments, clock_columns, moments
from gallop.tables.hash_draw import drawn

SIDE = "side"
TRAIN, TEST, LEFT_OUT = "train", "test", "left out"


def data_split(leads: nw.DataFrame, table: Table, split: Split, seed: int) -> TrainTestSplit:
    """Divide model-ready leads into training and test rows, both sorted by id.

    Raises:
        SingleClassError: one side has leads of one label only (possible in small tables, or forward in time).
    """
    ordered = leads.sort(table.id)
    divided, seen = _divided(ordered, _sides_of(ordered, table, split, seed), table), _LabelsSeen(table)
    seen.add(divided)
    seen.require_both()
    return divided


def split_parts(
    leads: nw.LazyFrame, table: Table, split: Split, seed: int, rows_at_once: int
) -> Iterator[TrainTestSplit]:
    """As `data_split`, in parts of at most so many rows, which one after the other are what `data_split` gives.

    In memory are one part and, of all leads, the ids; for a split forward in time also groups and dates.

    Args:
        leads: with ids that occur once each.
    """
    keys = (table.id, *((table.group, *clock_columns(table)) if split.is_forward else ()))
    there = leads.collect_schema().names()
    ordered = leads.select(*[name for name in dict.fromkeys(keys) if name in there]).sort(table.id).collect()
    forward = _sides_of(ordered, table, split, seed) if split.is_forward else None
    seen = _LabelsSeen(table)
    for start in range(0, len(ordered), rows_at_once):
        ids = ordered[table.id][start : start + rows_at_once]
        within = nw.col(table.id).is_between(nw.lit(ids[0]), nw.lit(ids[-1]))
        rows = (leads if len(ids) == len(ordered) else leads.filter(within)).sort(table.id).collect()
        sides = forward[start : start + len(ids)] if forward else _sides_of(rows, table, split, seed)
        divided = _divided(rows, sides, table)
        seen.add(divided)
        yield divided
    seen.require_both()


def _sides_of(ordered: nw.DataFrame, table: Table, split: Split, seed: int) -> list[str]:
    groups = ordered[table.group].to_list() if table.group else None
    if split.is_forward:
        return _forward(moments(ordered, table, split.by), groups, split, seed)
    names = groups if groups is not None else ordered[table.id].to_list()
    return [TEST if drawn(name, seed) < split.test_share else TRAIN for name in names]


def _divided(ordered: nw.DataFrame, sides: list[str], table: Table) -> TrainTestSplit:
    assigned = nw.new_series(SIDE, sides, nw.String, backend=ordered.implementation)
    train, test = (ordered.filter((assigned == side).to_list()) for side in (TRAIN, TEST))
    shown = f"{SIDE}_" if table.id == SIDE else SIDE
    return TrainTestSplit(train, test, nw.from_dict({table.id: ordered[table.id], shown: assigned}))


class _LabelsSeen:
    """Rows and labels of each side, over all parts."""

    def __init__(self, table: Table) -> None:
        self._label = table.label.column
        self._rows = {"training": 0, "test": 0}
        self._labels: dict[str, set] = {"training": set(), "test": set()}

    def add(self, part: TrainTestSplit) -> None:
        for name, rows in (("training", part.train), ("test", part.test)):
            self._rows[name] += len(rows)
            self._labels[name] |= set(rows[self._label].unique().to_list())

    def require_both(self) -> None:
        for name, labels in self._labels.items():
            if len(labels) < 2:
                raise SingleClassError(
                    f"data_split: the {self._rows[name]} {name} leads have fewer than two labels; use more leads, "
                    "another split.test_share, or split.by: random"
                )


def first_tested(test: nw.DataFrame, table: Table, split: Split) -> int | None:
    """The first moment that a split forward in time holds out; None of a split at random.

    Args:
        test: the test leads.
    """
    return int(moments(test, table, split.by).min()) if split.is_forward else None


def never_learnt(
    leads: nw.DataFrame, table: Table, split: Split, seed: int, first: int | None, *, same_file: bool
) -> NDArray[np.bool_]:
    """Which leads a model fitted on the training side of some split cannot have learnt from, shape (n,).

    Args:
        leads: of any later state of the table.
        first: as `first_tested` gave it for that split.
        same_file: whether the leads come from the very file that was split. The order of rows in another one says
            nothing about this one.
    """
    if not split.is_forward:
        names = leads[table.group or table.id].to_list()
        return np.array([drawn(name, seed) < split.test_share for name in names], dtype=bool)
    if first is None or (split.by in {BY_ORDER, BY_REVERSE} and not same_file):
        return np.zeros(len(leads), dtype=bool)
    return moments(leads, table, split.by) >= first


def _forward(at: Moments, groups: list[str] | None, split: Split, seed: int) -> list[str]:
    """Whole moments from the end until the share is reached; those within the gap before them are left out.

    Of the groups with rows on both sides, half are tested and half are learnt from; what each has on the other side is
    left out.
    """
    dated = at[at != NEVER]
    if not len(dated):
        raise SingleClassError(
            f"data_split: no lead has a date to split by (split.by: {split.by}); use split.by: random"
        )
    if groups is None:
        wanted = max(1, round(split.test_share * len(dated)))
        return _sides(at, int(np.sort(dated)[-wanted]), split.gap_days).tolist()
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    tested = np.array([hashlib.sha256(f"{seed}:{name}".encode()).digest()[0] & 1 for name in names], dtype=bool)[group]

    def parted(first_tested: int) -> list[str]:
        sides = _sides(at, first_tested, split.gap_days)
        both = np.isin(group, np.intersect1d(group[sides == TRAIN], group[sides == TEST]))
        sides[both & (sides == TRAIN) & tested] = LEFT_OUT
        sides[both & (sides == TEST) & ~tested] = LEFT_OUT
        return sides.tolist()

    # The later the first moment tested, the fewer rows are: the last one with enough of them is found by halving.
    starts = np.unique(dated)
    low, high = 0, len(starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        sides = parted(int(starts[middle]))
        enough = sides.count(TEST) >= split.test_share * (sides.count(TEST) + sides.count(TRAIN))
        low, high = (middle, high) if enough else (low, middle - 1)
    return parted(int(starts[low]))


def _sides(at: Moments, first_tested: int, gap: int) -> np.ndarray:
    sides = np.where(at >= first_tested, TEST, np.where(at < first_tested - gap, TRAIN, LEFT_OUT))
    return np.where(at == NEVER, LEFT_OUT, sides)
