"""A log of events whose leads convert with a known probability: what the best possible model would say.

Each week a lead is awake or asleep, and looks at pages accordingly. Whether it buys in the week to come hangs on what
it looked at in the last seven days and on how long it has been away, not on how much it ever did. Early weeks are busy
for half of the leads and late weeks for the other half, so that counts since the beginning mislead.
"""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
DAY_S = 86_400


@dataclass(frozen=True)
class KnownHazard:
    """A log, and the truth about each decision."""

    rows: list[dict[str, str]]
    truth: dict[str, float]
    """Lead and Monday, as `gallop` names a decision → probability of a conversion in the week after."""

    @property
    def text(self) -> str:
        """As a CSV."""
        file = io.StringIO()
        writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return file.getvalue()


def known_hazard(leads: int, weeks: int, seed: int = 11) -> KnownHazard:
    """A log of so many leads and weeks, drawn from a seed."""
    draw = np.random.default_rng(seed)
    rows, truth = [], {}
    for number in range(leads):
        lead = f"L{number:05d}"
        early = draw.random() < 0.5
        awake, pricing_times, last = True, [], MONDAY
        rows.append(_row(lead, MONDAY + timedelta(hours=float(draw.uniform(1, 20))), "view"))
        for week in range(weeks):
            monday = MONDAY + week * WEEK
            if week:
                recent = sum(monday - WEEK <= time < monday for time in pricing_times)
                away = (monday - last) / timedelta(days=1)
                odds = -2.6 + 1.1 * min(recent, 4) - 0.12 * min(away, 20)
                probability = 1 / (1 + np.exp(-odds))
                truth[f"{lead} {monday.isoformat()[:-6]}Z"] = float(probability)
                if draw.random() < probability:
                    rows.append(_row(lead, monday + timedelta(seconds=float(draw.uniform(1, 7 * DAY_S - 1))), "buy"))
            awake = draw.random() < (0.75 if awake else 0.25)
            busy = 3.0 if (week < weeks / 2) == early else 1.0
            for kind, rate in (("view", 2.0), ("pricing", 0.8)):
                for _ in range(int(draw.poisson(rate * busy * awake))):
                    time = monday + timedelta(seconds=float(draw.uniform(0, 7 * DAY_S - 1)))
                    rows.append(_row(lead, time, kind))
                    last = max(last, time)
                    if kind == "pricing":
                        pricing_times.append(time)
    rows.sort(key=lambda row: row["time"])
    return KnownHazard(rows, truth)


def _row(lead: str, time: datetime, kind: str) -> dict[str, str]:
    return {"lead_id": lead, "time": time.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds"), "event": kind}
