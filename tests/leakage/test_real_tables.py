"""The leak guard on the evaluation tables: their known leaks are named, and the honest ones go on."""

from pathlib import Path

import numpy as np
import pytest

from gallop.leakage.finding import Severity
from tests.support.leak_real import SOURCES, honest, part, real
from tests.support.leak_tables import Leads, guard


def stopped(leads: Leads, seed: int) -> set[str | None]:
    return {finding.column for finding in guard(leads, seed) if finding.severity is Severity.STOP}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_known_leaks_are_named_and_nothing_else_is_stopped(shared: Path, name: str, seed: int) -> None:
    columns = stopped(real(name, shared), seed)
    assert columns >= set(SOURCES[name].must_name)
    assert columns <= set(SOURCES[name].leaks)


@pytest.mark.parametrize("name", SOURCES)
def test_without_its_known_leaks_no_table_is_stopped(shared: Path, name: str) -> None:
    assert stopped(honest(real(name, shared), name), 1) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_no_part_of_an_honest_real_table_is_stopped(shared: Path, name: str) -> None:
    whole = honest(real(name, shared), name)
    wrong = [seed for seed in range(300, 320) if stopped(part(whole, np.random.default_rng(seed)), seed)]
    assert len(wrong) <= 1
