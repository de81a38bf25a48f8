"""Which features are proposed for a log: a bounded list, the general ones first, with names people can read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gallop.schema import EVER, duration_us
from gallop.settings.event_features import ANY, BEFORE, PARTS_OF_DAY

MOST_FEATURES: Final = 200
"""More than this are not proposed; each fold then learns from those that say most, of its own rows."""
_SHARES: Final = 4


@dataclass(frozen=True)
class Shape:
    """What a log gives features of."""

    kinds: tuple[str, ...]
    """The commonest first."""
    converted: tuple[str, ...]
    attributes: Mapping[str, Mapping[str, Any]]
    windows: tuple[str, ...]
    by_day: bool

    @property
    def one_kind(self) -> bool:
        """All events are of one kind, so that nothing is to be said of any event besides."""
        return len(self.kinds) == 1


def propose_expressions(shape: Shape) -> dict[str, str]:
    """How often, and how long ago beside the lead's own rhythm: what stays comparable as time goes on."""
    subjects = [] if shape.one_kind else [ANY]
    found = {
        f"{kind} days a month so far": f"30 * `{kind} days ever` / (30 + `{kind} days since first`)"
        for kind in (*subjects, *shape.converted)
    }
    pause = subjects[0] if subjects else shape.kinds[0]
    return found | {"pause beside the usual one": f"`{pause} days since last` / (1 + `days between events ever`)"}


def propose_features(shape: Shape) -> list[str]:
    """Names of features, those of all events first, then of conversions, attributes, sessions, and the other kinds.

    Not the days since a lead's first event, though they may be added: in the days to come they are longer than in any
    day that was learnt from. The proposed expressions hold what they say beyond that.
    """
    timed = sorted((window for window in shape.windows if window != EVER), key=duration_us)
    longest = timed[-1] if timed else EVER
    names = [] if shape.one_kind else _of_kind(ANY, shape.windows, timed)
    for kind in shape.converted:
        names += _of_kind(kind, shape.windows, timed)
    names += [] if shape.one_kind else BEFORE
    names += [f"days between events {longest}", f"days between events {EVER}", f"weekend share {longest}"]
    if not shape.by_day:
        for window in dict.fromkeys([longest, EVER]):
            names += [
                f"{what} {window}" for what in ("sessions", "session minutes", "session pages", "session bounces")
            ]
        names += [f"{part} share {longest}" for part in PARTS_OF_DAY]
    for name, of in shape.attributes.items():
        names += _of_attribute(name, of, longest)
    others = [kind for kind in shape.kinds if kind not in shape.converted]
    # In rounds, so that where the list is full, every kind has its most telling features.
    for round_of in (
        [f"{kind} count {window}" for kind in others for window in dict.fromkeys([longest, EVER])],
        [f"{kind} days since last" for kind in others],
        [f"{earlier} after {later} {longest}" for earlier in shape.converted for later in others[:3]],
        [f"{kind} count {window}" for kind in others for window in timed[:-1]],
        [f"{kind} days {longest}" for kind in others],
    ):
        names += round_of
    return list(dict.fromkeys(names))[:MOST_FEATURES]


def _of_kind(kind: str, windows: tuple[str, ...], timed: list[str]) -> list[str]:
    days = [window for window in windows if window == EVER or duration_us(window) > duration_us("1d")]
    names = [f"{kind} count {window}" for window in windows] + [f"{kind} days {window}" for window in days]
    names.append(f"{kind} days since last")
    return names + [f"{kind} trend {window}" for window in timed if duration_us(window) > duration_us("1d")]


def _of_attribute(name: str, of: Mapping[str, Any], longest: str) -> list[str]:
    windows = list(dict.fromkeys([longest, EVER]))
    if of["role"] == "number":
        names = [f"{name} {what} {window}" for what in ("sum", "mean", "max") for window in windows]
        return [*names, f"{name} last"]
    if not of["levels"]:
        return [f"{name} distinct {window}" for window in windows]
    names = [f"{name} last", f"{name} first", f"{name} most frequent {longest}", f"{name} distinct {longest}"]
    return names + [f"{name}={level} share {longest}" for level in of["levels"][:_SHARES]]
