"""Figures: values with intervals, and points of curves. Without numpy, which is slow to import."""

import json
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class ResultModel(BaseModel):
    """Base of the results: values, comparable, and JSON-serialisable."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Estimate(ResultModel):
    """A figure with its interval."""

    value: float
    low: float
    high: float


class CalibrationBin(ResultModel):
    """Leads of similar probability: their mean probability, and how many converted."""

    rows: int
    probability: float
    rate: float
    low: float
    high: float


class LiftStep(ResultModel):
    """The best `share` of the leads: their conversion rate, lift over all leads, and share of all conversions."""

    share: float
    rate: float
    lift: float
    gain: float


class MetricsReport(ResultModel):
    """All figures of one set of probabilities on one set of rows."""

    rows: int
    positives: int
    threshold: float
    confidence: float
    metrics: dict[str, Estimate]
    confusion: tuple[int, int, int, int]
    """True negatives, false positives, false negatives, true positives."""
    roc: tuple[tuple[float, float], ...]
    """(false-positive rate, true-positive rate), from (0, 0) to (1, 1)."""
    pr: tuple[tuple[float, float], ...]
    """(recall, precision), from high to low cut-off."""
    calibration: tuple[CalibrationBin, ...]
    lift: tuple[LiftStep, ...]


def text_of_figures(figures: Mapping[str, Estimate]) -> str:
    """Figures with their intervals, as a tag of a version has them."""
    return json.dumps({name: [round(value, 6) for _, value in estimate] for name, estimate in figures.items()})


def read_figures(text: str) -> dict[str, Estimate]:
    """The figures in a tag; none where it holds no such text."""
    try:
        numbers = json.loads(text)
        return {name: Estimate(value=value, low=low, high=high) for name, (value, low, high) in numbers.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
