"""Clean tables of many shapes: strong, skewed, rare, coarse, drifting, and none of it a leak."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from gallop.leakage.finding import Finding
from gallop.leakage.guard import find_leaks
from gallop.schema import Role

ROWS = 4000


@dataclass(frozen=True)
class Leads:
    """A table with its label, and all that the guard may be told about it."""

    table: pd.DataFrame
    label: np.ndarray
    ids: list[str]
    days: list[str] | None = None
    dates: dict[str, list[str | None]] = field(default_factory=dict)
    order: np.ndarray | None = None
    test_share: float = 0.15
    split: np.ndarray | None = None
    """True for test rows, where the split is not at random."""

    def with_column(self, name: str, values) -> "Leads":
        """The same leads with one more column, in the middle, where a person would not look."""
        table = self.table.copy()
        table.insert(table.shape[1] // 2, name, values)
        return replace(self, table=table)


def guard(leads: Leads, seed: int) -> tuple[Finding, ...]:
    """Split as the pipeline does, and look."""
    random = np.random.default_rng(seed)
    test = leads.split if leads.split is not None else random.random(len(leads.label)) < leads.test_share
    train = ~test
    order = np.arange(len(train)) if leads.order is None else leads.order
    roles = {name: Role.NUMBER if values.dtype.kind == "f" else Role.CATEGORY for name, values in leads.table.items()}
    return find_leaks(
        leads.table[train],
        leads.label[train],
        roles,
        ids=list(np.array(leads.ids, dtype=object)[train]),
        order=order[train],
        days=None if leads.days is None else list(np.array(leads.days, dtype=object)[train]),
        other_dates={name: list(np.array(texts, dtype=object)[train]) for name, texts in leads.dates.items()},
        test=leads.table[test],
        test_label=leads.label[test],
        seed=seed,
        confidence=0.95,
    )


def outcome(score: np.ndarray, rate: float, random) -> np.ndarray:
    """Labels with the given base rate from log-odds known up to a constant."""
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-score - middle))).mean() < rate else (low, middle)
    return (random.random(len(score)) < 1 / (1 + np.exp(-score - low))).astype(float)


def leads_of(columns: dict, label: np.ndarray, random, **more) -> Leads:
    """Columns, with ids that say nothing."""
    table = pd.DataFrame(
        {
            name: pd.Series(values, dtype=object) if np.asarray(values).dtype.kind in "OU" else values.astype(float)
            for name, values in columns.items()
        }
    )
    ids = [f"L{number:07d}" for number in random.permutation(len(label))]
    return Leads(table, label, ids, **more)


def _numbers(random, rows=ROWS, count=8, prefix="x") -> dict:
    return {f"{prefix}{index}": random.normal(size=rows) for index in range(count)}


def _levels(random, size, count, prefix="level") -> np.ndarray:
    shares = random.dirichlet(np.full(count, 2.0))
    return np.array([f"{prefix} {index}" for index in range(count)], dtype=object)[random.choice(count, size, p=shares)]


def _effect(random, levels, spread) -> np.ndarray:
    names = sorted(set(levels))
    effects = dict(zip(names, random.normal(scale=spread, size=len(names)), strict=True))
    return np.array([effects[level] for level in levels])


def linear(random):
    columns = _numbers(random)
    score = sum(random.normal(scale=0.7) * values for values in columns.values())
    return leads_of(columns, outcome(score, 0.3, random), random)


def one_strong_number(random):
    columns = _numbers(random)
    return leads_of(columns, outcome(random.uniform(2.2, 2.6) * columns["x3"], 0.5, random), random)


def visits_with_a_floor(random):
    visits = np.minimum(1 + random.negative_binomial(1.6, 0.19, ROWS), 45).astype(float)
    label = outcome(4.5 * np.log(visits) - 1.1 * np.sqrt(np.maximum(visits - 14, 0)), 0.47, random) * (visits >= 4)
    return leads_of({**_numbers(random), "visits": visits}, label, random)


def skewed_money(random):
    spent = random.lognormal(3, 1.3, ROWS)
    columns = {**_numbers(random, count=4), "spent": np.round(spent, 2), "visits": random.poisson(2, ROWS) * 1.0}
    return leads_of(columns, outcome(1.1 * np.log(spent) + 0.3 * columns["visits"], 0.15, random), random)


def rare(random):
    columns = _numbers(random, rows=20_000, count=6) | {"source": _levels(random, 20_000, 5)}
    score = 1.2 * columns["x0"] + 0.6 * columns["x1"] + _effect(random, columns["source"], 0.6)
    return leads_of(columns, outcome(score, 0.01, random), random)


def categories(random):
    columns = {f"c{index}": _levels(random, ROWS, count) for index, count in enumerate((2, 3, 4, 5, 6, 8, 12))}
    return leads_of(
        columns, outcome(sum(_effect(random, levels, 0.9) for levels in columns.values()), 0.5, random), random
    )


def cities(random):
    columns = {**_numbers(random, count=4), "city": _levels(random, ROWS, 150, "city")}
    return leads_of(columns, outcome(_effect(random, columns["city"], 1.0) + columns["x0"], 0.25, random), random)


def informative_gaps(random):
    columns = _numbers(random)
    need = random.normal(size=ROWS)
    columns["size"] = np.where(random.random(ROWS) < 1 / (1 + np.exp(1 - need)), np.nan, columns["x1"] + 5)
    kind = _levels(random, ROWS, 5)
    kind[random.random(ROWS) < 1 / (1 + np.exp(1 - need))] = None
    return leads_of({**columns, "kind": kind}, outcome(1.1 * need + columns["x0"], 0.25, random), random)


def interactions(random):
    columns = _numbers(random)
    score = 1.5 * columns["x0"] * columns["x1"] + np.abs(columns["x2"]) - columns["x3"] ** 2
    return leads_of(columns, outcome(score, 0.3, random), random)


def yes_and_no(random):
    columns = {
        f"b{index}": np.where(random.random(ROWS) < random.uniform(0.1, 0.9), "yes", "no") for index in range(15)
    }
    columns = {name: values.astype(object) for name, values in columns.items()}
    score = sum(random.normal(scale=1.0) * (values == "yes") for values in columns.values())
    return leads_of(columns, outcome(score, 0.2, random), random)


def coarse(random):
    columns = {f"c{index}": _levels(random, ROWS, 3) for index in range(4)}
    return leads_of(
        columns, outcome(sum(_effect(random, levels, 1.0) for levels in columns.values()), 0.35, random), random
    )


def drifting(random):
    columns, time = _numbers(random), np.linspace(-1, 1, ROWS)
    leads = leads_of(columns, outcome(0.5 * time + columns["x0"], 0.25, random), random)
    days = (np.datetime64("2024-01-01") + (180 * (time + 1)).astype(int)).astype(str).tolist()
    seen = (np.array(days, dtype="datetime64[D]") - random.integers(0, 60, ROWS)).astype(str).tolist()
    return replace(leads, ids=[str(100_000 + index) for index in range(ROWS)], days=days, dates={"first_seen": seen})


def correlated(random):
    base = random.normal(size=(ROWS, 3))
    columns = {f"x{index}": base[:, index % 3] + random.normal(scale=0.3, size=ROWS) for index in range(12)}
    return leads_of(columns | {"twin": columns["x0"]}, outcome(1.4 * base[:, 0] + base[:, 1], 0.4, random), random)


def survey(random):
    mood = random.normal(size=ROWS)
    words = np.array(["never", "rarely", "sometimes", "often", "always"], dtype=object)
    columns = {
        f"q{index}": words[np.clip(np.round(mood + random.normal(size=ROWS) + 2), 0, 4).astype(int)]
        for index in range(8)
    }
    return leads_of(columns, outcome(1.5 * mood, 0.3, random), random)


def earlier_forecast(random):
    columns = _numbers(random)
    score = 1.6 * columns["x0"] + columns["x1"] - 1
    columns["forecast"] = np.round(1 / (1 + np.exp(-score)), 2)
    return leads_of(columns, (random.random(ROWS) < 1 / (1 + np.exp(-score))) * 1.0, random)


def few_leads(random):
    columns = _numbers(random, rows=500, count=6) | {"source": _levels(random, 500, 6)}
    return leads_of(columns, outcome(1.5 * columns["x0"] + _effect(random, columns["source"], 1), 0.3, random), random)


def wide(random):
    columns = _numbers(random, rows=2000, count=100) | {f"c{p}": _levels(random, 2000, 4) for p in range(20)}
    return leads_of(columns, outcome(1.5 * columns["x0"] + columns["x1"], 0.3, random), random)


def many_zeros(random):
    keen = random.gamma(0.7, 1.0, ROWS)
    columns = {f"n{index}": random.poisson(keen * random.uniform(0.5, 2)) * 1.0 for index in range(6)}
    return leads_of(columns | _numbers(random, count=3), outcome(1.3 * keen, 0.12, random), random)


def strong_together(random):
    columns = _numbers(random) | {"plan": _levels(random, ROWS, 4)}
    score = 1.9 * columns["x0"] + 1.5 * columns["x1"] + columns["x2"] + _effect(random, columns["plan"], 0.8)
    return leads_of(columns, outcome(score, 0.4, random), random)


def two_addresses(random):
    home = _levels(random, ROWS, 8, "country")
    work = np.where(random.random(ROWS) < 0.7, home, _levels(random, ROWS, 8, "country"))
    columns = _numbers(random, count=4) | {"home": home, "work": work, "age_group": _levels(random, ROWS, 5)}
    return leads_of(columns, outcome(_effect(random, home, 1.0) + 0.8 * (home != work), 0.3, random), random)


SHAPES: tuple[Callable[..., Leads], ...] = (
    linear,
    one_strong_number,
    visits_with_a_floor,
    skewed_money,
    rare,
    categories,
    cities,
    informative_gaps,
    interactions,
    yes_and_no,
    coarse,
    drifting,
    correlated,
    survey,
    earlier_forecast,
    few_leads,
    wide,
    many_zeros,
    strong_together,
    two_addresses,
)
