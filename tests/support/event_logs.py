"""Logs of events with all that gives trouble: ties, repeats, late and corrected events, zones, bots, empty leads."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from gallop.adapters.tables.event_log import raw_events
from gallop.events.raw import RawEvents
from gallop.settings.events import Events

KINDS = ("view", "signup", "buy")
WINDOWS = ("1h", "1d", "7d", "ever")
BASE = datetime(2024, 3, 29, 20, tzinfo=UTC)
"""Near the night in which the clocks of Paris are set forward, and a weekend."""
ZONES = ("", "Europe/Paris", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")


def every_feature() -> list[str]:
    """A name of each statistic in each window."""
    names = []
    for kind in ("any event", "view", "buy"):
        names += [f"{kind} count {window}" for window in WINDOWS] + [f"{kind} days {window}" for window in WINDOWS]
        names += [f"{kind} days since last", f"{kind} days since first", f"{kind} trend 1d", f"{kind} trend 7d"]
    for statistic in ("sum", "mean", "max"):
        names += [f"amount {statistic} {window}" for window in WINDOWS]
    for window in WINDOWS:
        names += [f"place most frequent {window}", f"place distinct {window}", f"place=home share {window}"]
        names += [f"{statistic} {window}" for statistic in ("sessions", "session minutes", "session pages")]
        names += [f"session bounces {window}", f"days between events {window}", f"buy after view {window}"]
        names += [f"{part} share {window}" for part in ("night", "morning", "afternoon", "evening", "weekend")]
    return [*names, "amount last", "place last", "place first", "last event", "second last event", "third last event"]


def settings_of(**changes: Any) -> Events:
    """Settings that ask for every feature; of each key, what is said here."""
    said = {
        "lead": "lead",
        "time": "time",
        "event": "event",
        "kinds": KINDS,
        "converted": ["buy"],
        "horizon": "2d",
        "decisions": {"rule": "every", "days": 1, "active": "7d"},
        "windows": WINDOWS,
        "attributes": {
            "amount": {"role": "number", "decimals": 2},
            "place": {"role": "category", "levels": ["home", "shop"]},
        },
        "features": every_feature(),
    }
    return Events.model_validate_json(json.dumps(said | changes))


def raw(rows: list[dict[str, str]], events: Events) -> RawEvents:
    """The rows as a file of texts would give them."""
    return raw_events(pl.DataFrame(rows) if rows else pl.DataFrame(), events, "the log")


def drawn(seed: int, rows: int, leads: int, *, late: bool = True, ids: bool = True) -> list[dict[str, str]]:
    """A log in no order, over ten days, on a grid of minutes so coarse that times are often equal."""
    draw = np.random.default_rng(seed)
    found: list[dict[str, str]] = []
    for _ in range(rows):
        time = BASE + timedelta(minutes=5 * int(draw.integers(0, 2900)))
        if draw.random() < 0.3 and found:
            time = datetime.fromisoformat(found[int(draw.integers(len(found)))]["true"])
        shown = time.replace(tzinfo=None).isoformat(sep=" ") if draw.random() < 0.5 else f"{time.isoformat()[:-6]}Z"
        if draw.random() < 0.2:
            shown = (time + timedelta(hours=5, minutes=45)).isoformat()[:-6] + "+05:45"
        wait = timedelta(minutes=float(draw.choice([0, 0, 0, 1, 60, 3000])) if late else 0)
        lead = f"lead {draw.integers(leads)}"
        found.append(
            {
                "lead": lead if draw.random() > 0.01 else "",
                "time": shown if draw.random() > 0.01 else str(draw.choice(["", "yesterday", "2024-02-30"])),
                "arrived": (time + wait).isoformat(),
                "id": f"{lead} {draw.integers(rows)}" if ids and draw.random() < 0.9 else "",
                "event": str(draw.choice([*KINDS, "view", "view", "strange"])),
                "amount": str(draw.choice(["", "1.5", "-3", "0.105", "1e3", "12.345", "much"])),
                "place": str(draw.choice(["", "home", "shop", "street", "park"])),
                "zone": str(draw.choice(ZONES)),
                "true": time.isoformat(),
                "_zone": "UTC",
            }
        )
        if draw.random() < 0.15:
            again = dict(found[int(draw.integers(len(found)))])
            again["arrived"] = (datetime.fromisoformat(again["arrived"]) + timedelta(hours=5)).isoformat()
            if draw.random() < 0.5:
                again["event"], again["amount"] = "buy", "7"
            found.append(again)
    return found


def moments(seed: int, rows: list[dict[str, str]], count: int) -> list[datetime]:
    """Decision times: some at exactly the times and arrivals of events."""
    draw = np.random.default_rng(seed)
    exact = [row[name] for row in rows for name in ("true", "arrived")] or [BASE.isoformat()]
    free = [(BASE + timedelta(minutes=int(draw.integers(-2000, 20_000)))).isoformat() for _ in range(count)]
    return [datetime.fromisoformat(str(text)) for text in draw.choice([*exact, *free], count)]


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
