"""A synthetic table of the reference schema whose true conversion probabilities are known.

For when the real file is not available, and for measuring a model against the best possible one: no model can be
expected to beat the log-loss of the true probabilities. Nothing is copied from real rows; distributions are made up.
It has the mess of the real kind: labels that are missing, days without zero-padding, truth values in two spellings.
"""

import csv
import io

import numpy as np

HEADER = (
    "lead_id", "lead_indicator", "date_part", "is_active", "marketing_consent", "first_booking", "existing_customer",
    "last_seen", "source", "domain", "country", "visited_learn_more_before_booking", "visited_faq", "purchases",
    "time_spent", "customer_group", "onboarding", "customer_code", "n_visits",
)  # fmt: skip

_GROUP_EFFECTS = (0.0, 0.15, -0.15, 0.1, -0.1, 0.2, -0.2, 0.1, -0.1)


def sample(rows: int, seed: int) -> tuple[str, str]:
    """Draw a table.

    Args:
        rows: number of leads, of which about a quarter come from the source `signup`.
        seed: equal seeds give equal bytes.

    Returns:
        Two CSV texts: the leads, and `lead_id, probability` with each one's true conversion probability.
    """
    random = np.random.default_rng(seed)
    visits = 1 + np.floor(random.gamma(1.6, 5.0, rows)).astype(int)
    purchases = random.poisson(5.0, rows)
    minutes = random.normal(100.0, 10.0, rows).clip(1.0)
    group = random.integers(1, 10, rows)
    onboarding = random.random(rows) < 0.5
    logit = (
        0.45 * (visits - 7.5)
        + 0.06 * (purchases - 5)
        + 0.01 * (minutes - 100.0)
        + np.take(_GROUP_EFFECTS, group - 1)
        + np.where(onboarding, 0.15, -0.15)
    )
    probability = 1.0 / (1.0 + np.exp(-logit))
    converted = random.random(rows) < probability
    columns = {
        "lead_id": [f"S{number:06d}" for number in range(1, rows + 1)],
        "lead_indicator": np.where(random.random(rows) < 0.05, "", np.where(converted, "1", "0")),
        "date_part": _days(random, rows),
        "is_active": random.integers(0, 2, rows),
        "marketing_consent": _truth(random, rows),
        "first_booking": _days(random, rows),
        "existing_customer": _truth(random, rows),
        "last_seen": _days(random, rows),
        "source": random.choice(["li", "organic", "signup", "fb"], rows),
        "domain": random.choice([".dk", ".com", ".cn"], rows),
        "country": random.choice(["DK", "US", "CN"], rows),
        "visited_learn_more_before_booking": random.integers(0, 10, rows),
        "visited_faq": random.integers(0, 15, rows),
        "purchases": purchases,
        "time_spent": [f"{value:.6f}" for value in minutes],
        "customer_group": group,
        "onboarding": np.where(onboarding, "True", "False"),
        "customer_code": [f"SAMPLE{number:06d}" for number in range(1, rows + 1)],
        "n_visits": visits,
    }
    leads = _csv(HEADER, zip(*(columns[name] for name in HEADER), strict=True))
    truth = _csv(("lead_id", "probability"), zip(columns["lead_id"], map(repr, probability.tolist()), strict=True))
    return leads, truth


def _days(random: np.random.Generator, rows: int) -> list[str]:
    return [f"2024-01-{day}" for day in random.integers(1, 32, rows)]


def _truth(random: np.random.Generator, rows: int) -> np.ndarray:
    return np.where(random.random(rows) < 0.5, "true", "false")


def _csv(header: tuple[str, ...], rows) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
