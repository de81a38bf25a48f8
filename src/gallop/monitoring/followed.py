"""Scores and outcomes brought together: each lead once, by its first score under the version that is live. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from gallop.modelling.judging import CONTACT
from gallop.monitoring.delays import Days
from gallop.monitoring.outcomes import LeadOutcome
from gallop.schema import DAY_US, SECOND_US

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class FollowedLeads:
    """Leads in the order of their scores; all arrays have shape (n,), times are in days since 1970, UTC."""

    probability: NDArray[np.float64]
    scored: Days
    converted: Days
    """When each converted; infinite where it is not known to have, or did after the horizon."""
    seen: Days
    """When that was seen; infinite likewise."""
    value: NDArray[np.float64]
    """Of the conversion, where somebody said so; NaN elsewhere."""
    band: NDArray[np.str_]
    held_out: Flags
    contact: Flags
    """Whether the decision was to contact; never of those held out."""
    version: NDArray[np.str_]
    """Of the model that scored each."""
    inputs: NDArray[np.object_]
    """What the model saw, as JSON."""
    again: int
    """Scores left out, since the lead had one already."""
    converted_before: int
    """Leads left out, since they had converted before."""

    def __len__(self) -> int:
        return len(self.probability)

    def where(self, mask: Flags) -> "FollowedLeads":
        """Some of them."""
        arrays = {name: value[mask] if isinstance(value, np.ndarray) else value for name, value in vars(self).items()}
        return FollowedLeads(**arrays)

    def known_at(self, until: float) -> "FollowedLeads":
        """Those scored before a moment, and of them what was seen by then."""
        leads = self.where(self.scored < until)
        late = leads.seen > until
        converted, seen = np.where(late, np.inf, leads.converted), np.where(late, np.inf, leads.seen)
        return replace(leads, converted=converted, seen=seen)


def follow(scores: nw.DataFrame, outcomes: Mapping[str, LeadOutcome], horizon_days: float) -> FollowedLeads:
    """What became of the leads of a log.

    Args:
        scores: as the log of scores has them, the oldest first.
        outcomes: lead → what was said of it last.
        horizon_days: conversions later than so many days after the score do not count.
    """
    first = scores.unique(subset=["lead"], keep="first", maintain_order=True)
    said = [outcomes.get(lead) for lead in first["lead"].to_list()]
    scored = in_days(np.array(first["scored_at"].dt.timestamp("us").to_list(), dtype=np.float64))
    happened = [outcome.converted if outcome else None for outcome in said]
    converted = in_days(np.array([np.inf if moment is None else moment for moment in happened], dtype=np.float64))
    before = converted < scored
    noticed = [outcome.seen if outcome and outcome.seen is not None else np.inf for outcome in said]
    late = converted - scored > horizon_days
    converted = np.where(late, np.inf, converted)
    # Seen when it happened, where nobody says otherwise.
    seen_at = in_days(np.array(noticed, dtype=np.float64))
    seen = np.where(np.isinf(converted) | np.isinf(seen_at), converted, np.maximum(converted, seen_at))
    value = [np.nan if outcome is None or outcome.value is None else outcome.value for outcome in said]
    followed = FollowedLeads(
        probability=np.clip(first["probability"].to_numpy(), 1e-9, 1 - 1e-9),
        scored=scored,
        converted=converted,
        seen=seen,
        value=np.array(value, dtype=np.float64),
        band=np.array(first["band"].to_list(), dtype=str),
        held_out=np.array(first["held_out"].to_list(), dtype=bool),
        contact=np.array(first["decision"].to_list(), dtype=str) == CONTACT,
        version=np.array(first["model_version"].to_list(), dtype=str),
        inputs=np.array(first["inputs"].to_list(), dtype=object),
        again=len(scores) - len(first),
        converted_before=int(before.sum()),
    )
    return followed.where(~before)


def in_days(micros: NDArray[np.float64]) -> Days:
    """Microseconds since 1970 as days."""
    return micros / DAY_US


def shown_day(days: float) -> str:
    """Days since 1970 as YYYY-MM-DD."""
    return datetime.fromtimestamp(days * DAY_US / SECOND_US, UTC).date().isoformat()


def ripe_age(leads: FollowedLeads, horizon_days: float) -> float:
    """The age at which a lead's outcome is known, in days: the horizon, and how late 99 in 100 conversions are seen."""
    known = np.isfinite(leads.seen)
    late = leads.seen[known] - leads.converted[known]
    return horizon_days + (float(np.ceil(np.quantile(late, 0.99, method="higher"))) if len(late) else 0.0)


def scores_of_live_version(scores: nw.DataFrame) -> tuple[str, nw.DataFrame]:
    """The version that scored last, and its scores since another version scored.

    Args:
        scores: as the log has them, the oldest first; at least one.
    """
    version = scores["model_version"].to_list()[-1]
    others = scores.filter(nw.col("model_version") != version)
    own = scores.filter(nw.col("model_version") == version)
    return version, own.filter(nw.col("scored_at") > others["scored_at"].max()) if len(others) else own
