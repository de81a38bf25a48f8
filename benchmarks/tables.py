"""The fourteen open tables of `benchmarks.quality`, as files that a user has: train.csv with the label, test.csv not.

Values stay the texts that the source has. What its description calls a leak goes, and so do rows without a label.
Split 1 of `more` is as it came; every other split is drawn here: 15 % of the rows, stratified, or where rows have
time, the next 15 % after a cut that lies earlier with every split.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from tests.support.leak_real import SOURCES

KEY = "lead_id"
TEST_SHARE = 0.15
_MORE = "more"


@dataclass(frozen=True)
class Table:
    """Where a table lies, and what a user knows of it."""

    path: str
    label: str
    day: str | None = None
    in_time: bool = False
    """Whether test rows are those that came after the training rows."""


@dataclass(frozen=True)
class Part:
    """One table, split: texts with the label in `train`, without it in `test`."""

    train: pd.DataFrame
    test: pd.DataFrame
    test_label: np.ndarray
    """Shape (test rows,), 0 or 1."""


TABLES = {
    **{
        name: Table(source.file, source.label, source.day or next(iter(source.dates), None))
        for name, source in SOURCES.items()
    },
    "extraalearn": Table(_MORE, "converted"),
    "app install": Table(_MORE, "converted", "click_time", in_time=True),
    "vehicle coupon": Table(_MORE, "converted"),
    "book club": Table(_MORE, "converted"),
    "hotel cancellation": Table(_MORE, "converted", "date_of_arrival", in_time=True),
    "credit card approval": Table(_MORE, "converted"),
    "card default": Table(_MORE, "converted"),
    "airline phone sale": Table(_MORE, "converted"),
}


def part(name: str, shared: Path, split: int) -> Part:
    """The table with 15 % of its rows held out.

    Args:
        name: one of `TABLES`.
        shared: the folder of the evaluation data.
        split: 1 or more.
    """
    table = TABLES[name]
    train, test = _parts(name, table, shared)
    if split == 1 and test is not None:
        return Part(train, test.drop(columns=table.label), _labels(test[table.label]))
    rows = train if test is None else pd.concat([train, test], ignore_index=True)
    if table.in_time:
        end = round(len(rows) * (1 - TEST_SHARE * (split - 1) / 2))
        before, after = np.split(np.arange(end), [round(end * (1 - TEST_SHARE))])
    else:
        label = rows[table.label]
        before, after = train_test_split(np.arange(len(rows)), test_size=TEST_SHARE, stratify=label, random_state=split)
    seen, held_out = (rows.iloc[at].reset_index(drop=True) for at in (before, after))
    return Part(seen, held_out.drop(columns=table.label), _labels(held_out[table.label]))


def _parts(name: str, table: Table, shared: Path) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Labelled rows to learn from, and the rows to be held out where the source says which."""
    folder = shared / "data"
    if table.path == _MORE:
        train, test, truth = (_read(folder / _MORE / name.replace(" ", "_") / f"{part}.csv") for part in _FILES)
        return train, test.merge(truth, on=KEY, validate="one_to_one")
    source = SOURCES[name]
    raw = _read(folder / table.path, source.separator)
    outcome = raw[table.label].str.strip().str.lower()
    known = outcome.isin([source.positive, source.negative])
    rows = raw[known].drop(columns=[*source.leaks, *source.ids]).reset_index(drop=True)
    rows[table.label] = (outcome[known] == source.positive).astype(int).astype(str).to_numpy()
    keys = raw.loc[known, source.ids[0]] if source.ids else np.flatnonzero(known).astype(str)
    rows.insert(0, KEY, np.asarray(keys))
    return rows, None


_FILES = ("train", "test", "truth")


def _read(path: Path, separator: str = ",") -> pd.DataFrame:
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)


def _labels(texts: pd.Series) -> np.ndarray:
    return texts.to_numpy().astype(float)
