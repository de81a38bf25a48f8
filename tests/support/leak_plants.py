"""Leaks of different kinds, planted into a clean table. Each gets leads and a generator, gives leads and a name.

How strong each leak is is drawn from a range, so that no figure depends on one lucky strength.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from gallop.leakage.finding import Finding, FindingKind, Severity
from tests.support.leak_tables import Leads

NAME = "k7"
"""A name that says nothing."""
Planted = tuple[Leads, frozenset[FindingKind]]


def caught(findings: tuple[Finding, ...], row_kinds: frozenset[FindingKind]) -> bool:
    """Whether a stop names the planted column, or, for leaks of rows, is of the planted kind."""
    stops = [finding for finding in findings if finding.severity is Severity.STOP]
    if row_kinds:
        return any(finding.kind in row_kinds for finding in stops)
    return any(NAME in (finding.column, *finding.others) for finding in stops)


def _plant(leads: Leads, values) -> Planted:
    array = np.asarray(values)
    column = pd.Series(array.astype(object if array.dtype.kind in "OUb" else float), index=leads.table.index)
    return leads.with_column(NAME, column), frozenset()


def _flipped(label, share, random):
    return np.where(random.random(len(label)) < share, 1 - label, label)


def _first_number(leads: Leads) -> np.ndarray:
    name = next(name for name, values in leads.table.items() if values.dtype.kind == "f" and values.nunique() > 20)
    return leads.table[name].fillna(leads.table[name].mean()).to_numpy()


def copy_of_the_label(leads, _random):
    return _plant(leads, leads.label)


def noisy_copy(leads, random):
    return _plant(leads, np.where(_flipped(leads.label, random.uniform(0.01, 0.06), random) == 1, "b", "a"))


def flipped_label(leads, _random):
    return _plant(leads, 1 - leads.label)


def label_in_level_names(leads, random):
    indices = random.integers(0, 6, len(leads.label))
    return _plant(
        leads, [f"{'QXZ'[index % 3]}{index + 6 * int(y)}" for index, y in zip(indices, leads.label, strict=True)]
    )


def function_of_label_and_another_column(leads, random):
    other = _first_number(leads)
    return _plant(leads, other + random.uniform(0.2, 1.0) * other.std() * leads.label)


def product_of_label_and_another_column(leads, random):
    other = _first_number(leads)
    return _plant(leads, other * (1 + random.uniform(0.2, 1.0) * leads.label))


def filled_only_for_converters(leads, random):
    filled = _flipped(leads.label, random.uniform(0.0, 0.02), random) == 1
    return _plant(leads, np.where(filled, random.lognormal(3, 1, len(filled)), np.nan))


def missingness_shifted(leads, random):
    low, high = random.uniform(0.05, 0.15), random.uniform(0.65, 0.85)
    gone = random.random(len(leads.label)) < np.where(leads.label == 1, low, high)
    return _plant(leads, np.where(gone, None, random.choice(["north", "south", "east"], len(gone))))


def amount_after_the_purchase(leads, random):
    uncertainty, false = random.uniform(0.75, 0.95), random.uniform(0.02, 0.12)
    paid = random.random(len(leads.label)) < np.where(leads.label == 1, uncertainty, false)
    return _plant(leads, np.where(paid, np.round(random.lognormal(3.5, 1, len(paid)), 2), 0.0))


def day_after_the_decision(leads, random):
    rows = len(leads.label)
    decided = np.datetime64("2024-01-01") + random.integers(0, 300, rows)
    late = random.random(rows) < np.where(leads.label == 1, random.uniform(0.6, 0.95), random.uniform(0.05, 0.25))
    touched = decided + np.where(late, random.integers(1, 40, rows), -random.integers(0, 40, rows))
    return replace(leads, days=decided.astype(str).tolist(), dates={NAME: touched.astype(str).tolist()}), frozenset()


def id_encodes_the_label(leads, random):
    mark = _flipped(leads.label, random.uniform(0.0, 0.15), random).astype(int)
    if random.random() < 0.5:
        ids = [
            f"{'AC'[digit]}-{number}"
            for digit, number in zip(mark, random.integers(10**6, 10**7, len(mark)), strict=True)
        ]
    else:
        ids = [
            str(number * 2 + digit)
            for digit, number in zip(mark, random.integers(10**6, 10**7, len(mark)), strict=True)
        ]
    if random.random() < 0.3:
        ids = [str(900_000 * digit + number) for digit, number in zip(mark, random.permutation(len(mark)), strict=True)]
    return replace(leads, ids=ids), frozenset({FindingKind.ID_OR_ORDER})


def rows_sorted_by_the_label(leads, random):
    return replace(
        leads, order=np.argsort(np.argsort(leads.label + random.normal(scale=0.3, size=len(leads.label))))
    ), frozenset({FindingKind.ID_OR_ORDER})


def mean_of_the_label_per_group(leads, random):
    group = random.integers(0, int(len(leads.label) / random.uniform(15, 60)), len(leads.label))
    means = np.bincount(group, leads.label) / np.maximum(np.bincount(group), 1)
    named = leads.with_column("area", pd.Series([f"area {index}" for index in group], dtype=object))
    return _plant(named, means[group])


def rows_on_both_sides(leads, random):
    rows = len(leads.label)
    test = random.random(rows) < 0.15
    twin = np.arange(rows)
    copied = test & (random.random(rows) < random.uniform(0.25, 0.5))
    twin[copied] = random.choice(np.flatnonzero(~test), copied.sum())
    return _rows(leads, twin, leads.label[twin], test), frozenset({FindingKind.DUPLICATES_ACROSS_SPLIT})


def rows_with_the_other_label(leads, random):
    rows = len(leads.label)
    again = random.choice(rows, int(rows * random.uniform(0.06, 0.15)), replace=False)
    label = np.concatenate([leads.label, 1 - leads.label[again]])
    twin = np.concatenate([np.arange(rows), again])
    return _rows(leads, twin, label, random.random(len(twin)) < 0.15), frozenset({FindingKind.DUPLICATES_OTHER_LABEL})


def _rows(leads, twin, label, split):
    return Leads(leads.table.iloc[twin].reset_index(drop=True), label, [f"R{index}" for index in twin], split=split)


def count_after_the_event(leads, random):
    few, many = random.uniform(0.05, 0.3), random.uniform(4, 8)
    return _plant(leads, random.poisson(np.where(leads.label == 1, many, few)).astype(float))


def near_certain_level(leads, random):
    levels = random.choice(["web", "phone", "shop"], len(leads.label)).astype(object)
    chance = np.where(leads.label == 1, random.uniform(0.15, 0.4), 0.002 * leads.label.mean())
    return _plant(leads, np.where(random.random(len(levels)) < chance, "partner", levels))


def days_until_closed(leads, random):
    uncertainty = random.random(len(leads.label)) < np.where(leads.label == 1, 0.95, random.uniform(0.02, 0.08))
    return _plant(leads, np.where(uncertainty, random.integers(1, 89, len(uncertainty)), 90).astype(float))


def odd_last_digit(leads, random):
    cents = np.round(100 * random.lognormal(3, 1, len(leads.label))) // 2 * 2
    odd = _flipped(leads.label, random.uniform(0.0, 0.05), random)
    return _plant(leads, (cents + odd) / 100)


def status_of_later(leads, random):
    words = np.array(["open", "in talks", "signed", "refused", "asleep"], dtype=object)
    noise = random.uniform(0.02, 0.1)
    won = np.array([0.05, 0.15, 0.75, noise / 2, 0.05]) / (1 + noise / 2)
    lost = np.array([0.10, 0.10, noise / 2, 0.5, 0.3]) / (1 + noise / 2)
    draw = random.random(len(leads.label))
    won, lost = np.cumsum(won / won.sum()), np.cumsum(lost / lost.sum())
    step = np.where(leads.label == 1, np.searchsorted(won, draw), np.searchsorted(lost, draw))
    return _plant(leads, words[np.minimum(step, 4)])


def exclusive_or_of_two_columns(leads, random):
    coin = random.random(len(leads.label)) < 0.5
    mark = _flipped(leads.label, random.uniform(0.0, 0.05), random) == 1
    other = leads.with_column("coin", pd.Series(np.where(coin, "heads", "tails"), dtype=object))
    return _plant(other, np.where(coin ^ mark, "left", "right"))


def too_good_together(leads, random):
    shift = random.uniform(1.0, 1.4)
    for index in range(12):
        values = shift * leads.label + random.normal(size=len(leads.label))
        leads = leads.with_column(f"w{index}", pd.Series(values, index=leads.table.index))
    return leads, frozenset({FindingKind.TOO_GOOD, FindingKind.FUNCTION_OF_LABEL})


def overwritten_copy(leads, random):
    words = np.array([f"step {index}" for index in range(6)], dtype=object)
    first = words[random.integers(0, 6, len(leads.label))]
    touched = random.random(len(leads.label)) < np.where(leads.label == 1, 0.15, random.uniform(0.35, 0.6))
    return _plant(leads.with_column("step", pd.Series(first, dtype=object)), np.where(touched, "edited", first))


PLANTS: tuple[Callable[..., Planted], ...] = (
    copy_of_the_label,
    noisy_copy,
    flipped_label,
    label_in_level_names,
    function_of_label_and_another_column,
    product_of_label_and_another_column,
    filled_only_for_converters,
    missingness_shifted,
    amount_after_the_purchase,
    day_after_the_decision,
    id_encodes_the_label,
    rows_sorted_by_the_label,
    mean_of_the_label_per_group,
    rows_on_both_sides,
    rows_with_the_other_label,
    count_after_the_event,
    near_certain_level,
    days_until_closed,
    odd_last_digit,
    status_of_later,
    exclusive_or_of_two_columns,
    too_good_together,
    overwritten_copy,
)
