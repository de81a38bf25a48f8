"""A made-up deployment: a log of scores, and what became of the leads, with delays that are known."""

from datetime import UTC, datetime, timedelta

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from gallop.adapters.monitoring.score_log import SCORE_COLUMNS
from gallop.monitoring.outcomes import LeadOutcome
from gallop.schema import DAY_US

START = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_DAY = START.timestamp() / 86_400


def deployment(
    days: int,
    *,
    ratio: float = 1.0,
    version: str = "1",
    first: int = 0,
    seed: int = 1,
    leads_a_day: int = 60,
    lift: float = 0.0,
) -> tuple[nw.DataFrame, dict[str, LeadOutcome]]:
    """Leads scored evenly over some days, a fifth of which convert within 30 days where `ratio` is 1.

    Args:
        first: the day of the first score.
        lift: added to the rate of those to contact.
    """
    rng = np.random.default_rng(seed)
    count = days * leads_a_day
    probability = np.clip(rng.beta(1.0, 4.0, count), 0.001, 0.999)
    held_out = rng.random(count) < 0.1
    scored = [START + timedelta(days=first + index / leads_a_day) for index in range(count)]
    contact = (probability >= 0.3) & ~held_out
    converts = rng.random(count) < probability * ratio + lift * contact
    delay = np.minimum(rng.gamma(1.2, 6.0, count), 29.9)
    names = [f"{version}-{first}-{index}" for index in range(count)]
    frame = pl.DataFrame(
        {
            "lead": names,
            "scored_at": scored,
            "probability": probability,
            "band": np.select([probability >= 0.45, probability >= 0.3], ["hot", "warm"], "cold").tolist(),
            "decision": np.where(contact, "contact", "wait").tolist(),
            "held_out": held_out.tolist(),
            "model_version": [version] * count,
            "inputs": [f'{{"visits": "{visits}", "source": "ads"}}' for visits in rng.poisson(9, count)],
        },
        schema=SCORE_COLUMNS,
    )
    outcomes = {
        name: LeadOutcome(name, int(moment.timestamp() * 1e6 + days_later * DAY_US), None, 60.0)
        for name, moment, days_later, yes in zip(names, scored, delay, converts, strict=True)
        if yes
    }
    return nw.from_native(frame, eager_only=True), outcomes
