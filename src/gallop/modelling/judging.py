"""What is said of a scored lead: contact or wait, its band, the word for its outcome, and the rates of such scores."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from gallop.artifacts.bundle import Bundle
from gallop.modelling.uncertainty import predictions, rate_interval

CONTACT: Final = "contact"
WAIT: Final = "wait"
PROBABILITIES: Final = ("probability", "low", "high", "uplift")
"""Columns of scores that are probabilities, or differences of them."""


def judged(
    probability: np.ndarray, uplift: np.ndarray | None, held_out: Sequence[bool], bundle: Bundle
) -> dict[str, Any]:
    """What is said of scored leads by name, from their probability on to their band; all of shape (n,).

    Args:
        uplift: what a contact adds to each probability; None where the model does not know.
        held_out: who is never contacted by score.
    """
    manifest, yes = bundle.manifest, worth_contacting(probability, uplift, bundle)
    low, high = rate_interval(probability, manifest.uncertainty.ranges)
    return {
        "probability": probability,
        "low": low,
        "high": high,
        **({} if uplift is None else {"uplift": uplift}),
        "prediction": predictions(probability, manifest.uncertainty),
        "decision": np.where(yes & ~np.array(held_out, dtype=bool), CONTACT, WAIT).tolist(),
        "held_out": held_out,
        "band": bands_of(probability, manifest.bands),
    }


def worth_contacting(probability: np.ndarray, uplift: np.ndarray | None, bundle: Bundle) -> np.ndarray:
    """Whose score says contact, held out or not: shape (n,). Arguments as of `judged`."""
    manifest = bundle.manifest
    if uplift is not None and manifest.uplift_from is not None:
        return uplift >= manifest.uplift_from
    return probability >= manifest.threshold


def bands_of(probability: np.ndarray, bands: Mapping[str, float]) -> list[str]:
    """The band of each probability, shape (n,): the best one whose smallest probability it reaches.

    Args:
        bands: name → smallest probability, the best band first, the last one from 0, as the manifest has them.
    """
    names, lowest = list(bands), np.array(list(bands.values()))
    return [names[index] for index in np.argmax(probability[:, None] >= lowest, axis=1)]
