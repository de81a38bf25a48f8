"""data_split: hold out test leads, once, before anything is fitted.

The side of a lead follows from the seed and its id alone (SHA-256), within its label and whatever the order of the
rows, so the split is the same on every engine and machine. With `by: day` the last days are held out instead.
"""

import hashlib

import narwhals.stable.v2 as nw

from gallop.errors import SingleClassError
from gallop.results.run import TrainTestSplit
from gallop.settings.params import Split
from gallop.settings.table import Table

SIDE = "side"


def data_split(leads: nw.DataFrame, table: Table, split: Split, seed: int) -> TrainTestSplit:
    """Divide model-ready leads into training and test rows, both sorted by id.

    Raises:
        SingleClassError: one side has leads of one label only (possible with `by: day` or a tiny share).
    """
    ordered = leads.sort(table.id)
    ids, labels = ordered[table.id].to_list(), ordered[table.label.column].to_list()
    if split.by == "day":
        held_out = _last_days(ordered[str(table.day)].to_list(), split.test_share)
    else:
        held_out = _stratified(ids, labels, split.test_share, seed)
    sides = ["test" if held else "train" for held in held_out]
    train, test = (ordered.filter([lead == side for lead in sides]) for side in ("train", "test"))
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


def _last_days(days: list[str], share: float) -> list[bool]:
    """Whole days from the end until the share is reached, so that no day is on both sides."""
    wanted = max(1, round(share * len(days)))
    first_test_day = sorted(days)[-wanted]
    return [day >= first_test_day for day in days]
