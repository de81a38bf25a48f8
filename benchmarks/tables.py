"""The six open tables as every system in `benchmarks.quality` gets them: typed columns, known leaks left out, split.

Numbers are Float64 with NaN, everything else is text with None. Ids and leaks go, days become days since 1970, and the
noise in the spelling of the online shoppers' levels is read as its own description says. The label is 0 or 1.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from tests.support.leak_real import SOURCES, honest, real

TEST_SHARE = 0.15
_DAYS = {"campaign": "Dt_Customer"}
_NOISE = r"[^a-z0-9_ ]+"


@dataclass(frozen=True)
class Part:
    """One table, split."""

    train: pd.DataFrame
    train_label: np.ndarray
    test: pd.DataFrame
    test_label: np.ndarray


NAMES = tuple(SOURCES)


def table(name: str, shared: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns and label of one of `NAMES`, all labelled rows."""
    leads = honest(real(name, shared), name)
    X = leads.table.copy()
    if name in _DAYS:
        days = pd.to_datetime(pd.Series(leads.dates[_DAYS[name]]))
        X[_DAYS[name]] = (days - pd.Timestamp(0)).dt.days.astype(float)
    if name == "online shoppers":
        for column in X.select_dtypes(exclude="number"):
            plain = X[column].str.lower().str.replace(_NOISE, "", regex=True).str.strip()
            X[column] = plain.where(~plain.isin(["", "nan"]), None).astype(object)
    return X, leads.label.astype(int)


def part(name: str, shared: Path, seed: int) -> Part:
    """The table with 15 % of its rows held out, stratified, by this seed."""
    X, y = table(name, shared)
    train, test = train_test_split(np.arange(len(y)), test_size=TEST_SHARE, stratify=y, random_state=seed)
    return Part(X.iloc[train].reset_index(drop=True), y[train], X.iloc[test].reset_index(drop=True), y[test])
