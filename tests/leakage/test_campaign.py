"""The planted-leak campaign: benchmarks/leaks.py prints the same with more seeds and a peer."""

import numpy as np
import pytest

from gallop.leakage.finding import Severity
from tests.support.leak_plants import PLANTS, caught
from tests.support.leak_tables import SHAPES, cities, drifting, guard, many_zeros, skewed_money
from tests.support.leak_unseen import UNSEEN_PLANTS, UNSEEN_SHAPES

SEEDS = range(300, 303)
BASES = (cities, drifting, many_zeros, skewed_money)


def _share(plants) -> float:
    right = []
    for plant in plants:
        for seed in SEEDS:
            random = np.random.default_rng(seed)
            leads, kinds = plant(BASES[seed % len(BASES)](random), random)
            right.append(caught(guard(leads, seed), kinds))
    return float(np.mean(right))


@pytest.mark.slow
def test_nineteen_leaks_in_twenty_are_caught() -> None:
    assert _share(PLANTS) >= 0.95


@pytest.mark.slow
def test_most_leaks_of_kinds_the_guard_was_not_made_for_are_caught() -> None:
    assert _share(UNSEEN_PLANTS) >= 0.6


@pytest.mark.slow
def test_no_clean_table_is_stopped() -> None:
    stopped = [
        (shape.__name__, seed)
        for shape in (*SHAPES, *UNSEEN_SHAPES)
        for seed in SEEDS
        if any(finding.severity is Severity.STOP for finding in guard(shape(np.random.default_rng(seed)), seed))
    ]
    assert stopped == []
