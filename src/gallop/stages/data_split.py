"""data_split: hold out test leads, once, before anything is fitted.

The side of a lead follows from the seed and its id alone (SHA-256), within its label and whatever the order of the
rows, so the split is the same on every engine and machine. With `by: day` the last days are held out instead.

Rows of one group (several decisions about one lead) stay together. By day, a lead with rows on both sides is put on
one of them by its hash, and its rows on the other side are left out; so are the rows within `gap_days` before the test
days.
"""

import hashlib
from datetime import date

import narwhals.stable.v2 as nw
import numpy as np

from gallop.errors import SingleClassError
from gallop.results.run import TrainTestSplit
from gallop.settings.params import Split
from gallop.settings.table import Table

SIDE = "side"
TRAIN, TEST, LEFT_OUT = "train", "test", "left out"


def data_split(leads: nw.DataFrame, table: Table, split: Split, seed: int) -> TrainTestSplit:
    """Divide model-ready leads into training and test rows, both sorted by id.

    Raises:
        SingleClassError: one side has leads of one label only (possible with `by: day` or a tiny share).
    """
    ordered = leads.sort(table.id)
    ids, labels = ordered[table.id].to_list(), ordered[table.label.column].to_list()
    groups = ordered[table.group].to_list() if table.group else None
    if split.by == "day":
        sides = _by_day(ordered[str(table.day)].to_list(), groups, split, seed)
    elif groups is None:
        sides = [TEST if held else TRAIN for held in _stratified(ids, labels, split.test_share, seed)]
    else:
        sides = _whole_groups(groups, labels, split.test_share, seed)
    train, test = (ordered.filter([assigned == side for assigned in sides]) for side in (TRAIN, TEST))
    for name, part in (("training", train), ("test", test)):
        if part[table.label.column].n_unique() < 2:
            raise SingleClassError(
                f"data_split: the {len(part)} {name} leads have fewer than two labels; use more leads, another "
                "split.test_share, or split.by: random"
            )
    shown = f"{SIDE}_" if table.id == SIDE else SIDE
    assignment = nw.from_dict(
        {table.id: ordered[table.id], shown: nw.new_series(SIDE, sides, nw.String, backend=ordered.implementation)}
    )
    return TrainTestSplit(train, test, assignment)


def _stratified(ids: list[str], labels: list[int], share: float, seed: int) -> list[bool]:
    held: set[int] = set()
    for label in set(labels):
        members = [index for index, value in enumerate(labels) if value == label]
        members.sort(key=lambda index: hashlib.sha256(f"{seed}:{ids[index]}".encode()).digest())
        held.update(members[: round(share * len(members))])
    return [index in held for index in range(len(ids))]


def _whole_groups(groups: list[str], labels: list[int], share: float, seed: int) -> list[str]:
    """As `_stratified`, of whole groups, which count as converted where one of their rows did."""
    any_of: dict[str, int] = {}
    for group, label in zip(groups, labels, strict=True):
        any_of[group] = max(any_of.get(group, 0), label)
    held = dict(zip(any_of, _stratified(list(any_of), list(any_of.values()), share, seed), strict=True))
    return [TEST if held[group] else TRAIN for group in groups]


def _by_day(days: list[str], groups: list[str] | None, split: Split, seed: int) -> list[str]:
    """Whole days from the end until the share is reached; days within the gap before them are left out.

    Of the groups with rows on both sides, half are tested and half are learnt from; what each has on the other side is
    left out.
    """
    at = np.array([date.fromisoformat(day).toordinal() for day in days])
    if groups is None:
        wanted = max(1, round(split.test_share * len(days)))
        return _sides(at, int(np.sort(at)[-wanted]), split.gap_days)
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    tested = np.array([hashlib.sha256(f"{seed}:{name}".encode()).digest()[0] & 1 for name in names], dtype=bool)[group]

    def parted(first_test_day: int) -> list[str]:
        sides = np.array(_sides(at, first_test_day, split.gap_days))
        both = np.isin(group, np.intersect1d(group[sides == TRAIN], group[sides == TEST]))
        sides[both & (sides == TRAIN) & tested] = LEFT_OUT
        sides[both & (sides == TEST) & ~tested] = LEFT_OUT
        return sides.tolist()

    # The later the first test day, the fewer rows are tested: the last day with enough of them is found by halving.
    starts = np.unique(at)
    low, high = 0, len(starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        sides = parted(int(starts[middle]))
        enough = sides.count(TEST) >= split.test_share * (sides.count(TEST) + sides.count(TRAIN))
        low, high = (middle, high) if enough else (low, middle - 1)
    return parted(int(starts[low]))


def _sides(at: np.ndarray, first_test_day: int, gap: int) -> list[str]:
    return np.where(at >= first_test_day, TEST, np.where(at < first_test_day - gap, TRAIN, LEFT_OUT)).tolist()
