"""Leaks and clean tables of kinds that were written after the guard was finished, to measure what it does on the new.

Nothing in the guard was changed for them; docs/decisions/020-leak-guard.md says what they showed.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.support.leak_plants import Planted, _first_number, _plant
from tests.support.leak_tables import ROWS, Leads, _effect, _levels, _numbers, leads_of, outcome


def sentinel_for_some_converters(leads: Leads, random) -> Planted:
    """999 in an honest number, for a part of the converters."""
    marked = (leads.label == 1) & (random.random(len(leads.label)) < random.uniform(0.25, 0.6))
    return _plant(leads, np.where(marked, 999.0, np.round(random.normal(40, 12, len(marked)))))


def one_of_five_stage_flags(leads: Leads, random) -> Planted:
    """Stages as flags; the one that is planted was set by the outcome."""
    for index in range(4):
        leads = leads.with_column(
            f"stage_{index}", pd.Series(random.choice(["yes", "no"], len(leads.label)), dtype=object)
        )
    right = random.random(len(leads.label)) > random.uniform(0.02, 0.08)
    return _plant(leads, np.where((leads.label == 1) == right, "yes", "no"))


def mean_of_the_others_in_the_group(leads: Leads, random) -> Planted:
    """The group's mean without the row itself: lower for converters."""
    group = random.integers(0, len(leads.label) // 40, len(leads.label))
    size, hits = np.bincount(group)[group], np.bincount(group, leads.label)[group]
    named = leads.with_column("area", pd.Series([f"area {index}" for index in group], dtype=object))
    return _plant(named, (hits - leads.label) / np.maximum(size - 1, 1))


def smoothed_mean_per_group(leads: Leads, random) -> Planted:
    """A target encoding with a little smoothing, fitted on all rows."""
    group = random.integers(0, len(leads.label) // 50, len(leads.label))
    weight, base = random.uniform(1, 3), leads.label.mean()
    means = (np.bincount(group, leads.label) + weight * base) / (np.bincount(group) + weight)
    named = leads.with_column("area", pd.Series([f"area {index}" for index in group], dtype=object))
    return _plant(named, means[group])


def label_plus_noise(leads: Leads, random) -> Planted:
    """A bell around each outcome, well apart."""
    return _plant(leads, leads.label + random.normal(scale=random.uniform(0.2, 0.4), size=len(leads.label)))


def total_of_other_columns_and_the_label(leads: Leads, random) -> Planted:
    """A total into which the outcome was counted, rounded."""
    first = _first_number(leads)
    extra = pd.Series(np.round(random.gamma(2, 20, len(first)), 1), index=leads.table.index)
    total = np.round(extra + random.uniform(5, 30) * leads.label, 1)
    return _plant(leads.with_column("part", extra), total)


def notes_with_a_telling_word(leads: Leads, random) -> Planted:
    """Free text, every row different, that begins otherwise for converters."""
    words = np.where(random.random(len(leads.label)) < 0.05, 1 - leads.label, leads.label)
    return _plant(
        leads,
        [f"{'signed' if word else 'called'} {random.integers(10**6)} {index}" for index, word in enumerate(words)],
    )


def number_given_after_the_sale(leads: Leads, random) -> Planted:
    """A contract number: real for converters, zero or a stray one for others."""
    has = random.random(len(leads.label)) < np.where(leads.label == 1, 0.97, random.uniform(0.0, 0.04))
    return _plant(leads, np.where(has, random.integers(10**5, 10**6, len(has)), 0).astype(float))


def same_reading_twice_with_some_emptied(leads: Leads, random) -> Planted:
    """A copy of an honest category that is emptied for leads that were lost."""
    first = _levels(random, len(leads.label), 6, "team")
    emptied = random.random(len(first)) < np.where(leads.label == 1, 0.05, random.uniform(0.5, 0.8))
    return _plant(leads.with_column("team", pd.Series(first, dtype=object)), np.where(emptied, None, first))


def rank_among_the_sold(leads: Leads, random) -> Planted:
    """Leads ranked by what they bought: the last places are all who bought nothing."""
    worth = leads.label * random.uniform(0.5, 2, len(leads.label)) + random.normal(scale=0.15, size=len(leads.label))
    return _plant(leads, np.argsort(np.argsort(-worth)).astype(float))


def sum_of_three_parities(leads: Leads, random) -> Planted:
    """An exclusive or of three columns."""
    coins = random.integers(0, 2, (2, len(leads.label)))
    for index, coin in enumerate(coins):
        leads = leads.with_column(f"coin_{index}", pd.Series(np.where(coin, "h", "t"), dtype=object))
    return _plant(leads, np.where((coins.sum(axis=0) + leads.label) % 2 == 1, "l", "r"))


def copy_in_one_row_of_eight(leads: Leads, random) -> Planted:
    """A category that holds the label's name in an eighth of the rows."""
    honest = random.choice(["a", "b", "c"], len(leads.label)).astype(object)
    outcome_level = np.where(leads.label == 1, "c+", "c-")
    return _plant(leads, np.where(random.random(len(honest)) < 0.125, outcome_level, honest))


UNSEEN_PLANTS: tuple[Callable[..., Planted], ...] = (
    sentinel_for_some_converters,
    one_of_five_stage_flags,
    mean_of_the_others_in_the_group,
    smoothed_mean_per_group,
    label_plus_noise,
    total_of_other_columns_and_the_label,
    notes_with_a_telling_word,
    number_given_after_the_sale,
    same_reading_twice_with_some_emptied,
    rank_among_the_sold,
    sum_of_three_parities,
    copy_in_one_row_of_eight,
)


def threshold_model(random) -> Leads:
    """Converts when a sum passes a line, and by a coin near it."""
    columns = _numbers(random)
    score = 6 * np.tanh(columns["x0"] + 0.6 * columns["x1"] + 0.5 * columns["x2"] - 0.4) * 0.5
    return leads_of(columns, outcome(score, 0.4, random), random)


def earlier_purchases(random) -> Leads:
    """An honest spike: half of the leads never bought before, and buyers buy more."""
    bought = random.random(ROWS) < 0.4
    spent = np.where(bought, np.round(random.lognormal(3, 0.8, ROWS), 2), 0.0)
    return leads_of({**_numbers(random), "spent_before": spent}, outcome(1.4 * bought, 0.2, random), random)


def half_converts(random) -> Leads:
    """Many levels, balanced, with a few strong ones."""
    columns = {f"c{index}": _levels(random, ROWS, 10) for index in range(5)} | _numbers(random, count=3)
    score = sum(_effect(random, columns[f"c{index}"], 1.2) for index in range(5)) + columns["x0"]
    return leads_of(columns, outcome(score, 0.5, random), random)


def prices_with_endings(random) -> Leads:
    """Prices that end in .99 or .00 where the kind of product, which matters, decides the ending."""
    premium = random.random(ROWS) < 0.4
    price = np.round(random.gamma(3, 20, ROWS)) + np.where(premium, 0.99, 0.0)
    return leads_of({**_numbers(random), "price": price}, outcome(1.2 * premium, 0.3, random), random)


def months_and_weekdays(random) -> Leads:
    """Whole numbers that are codes, not amounts, with a season."""
    month, weekday = random.integers(1, 13, ROWS) * 1.0, random.integers(1, 8, ROWS) * 1.0
    score = 1.5 * np.sin(month / 12 * 2 * np.pi) - 1.0 * (weekday > 5)
    return leads_of({**_numbers(random), "month": month, "weekday": weekday}, outcome(score, 0.2, random), random)


UNSEEN_SHAPES: tuple[Callable[..., Leads], ...] = (
    threshold_model,
    earlier_purchases,
    half_converts,
    prices_with_endings,
    months_and_weekdays,
)
