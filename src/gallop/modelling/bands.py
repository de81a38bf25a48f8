"""Hot, warm and cold leads: cut-offs chosen on out-of-fold probabilities, with each band's conversion rates. Pure."""

from collections.abc import Sequence

import numpy as np

from gallop.evaluation.metrics import Vector, wilson
from gallop.results.evidence import Band
from gallop.settings.decision import Bands


def choose_bands(label: Vector, probability: Vector, shares: Bands, confidence: float) -> tuple[Band, ...]:
    """Cut where the share above comes nearest to the wanted one; a band that ties leave without leads is no band.

    Args:
        label, probability: of the training leads, out of fold, shape (n,).
        shares: of the leads wanted in each band.
        confidence: coverage of the Wilson intervals.
    """
    known, counts = np.unique(probability, return_counts=True)
    reached = np.r_[counts[::-1].cumsum()[::-1] / len(probability), 0.0]
    chosen, above = [], np.inf
    for name, share in (("hot", shares.hot), ("warm", shares.hot + shares.warm), ("cold", 1.0)):
        index = int(np.argmin(np.abs(reached - share)))
        lowest = 0.0 if name == "cold" else float(known[index]) if index < len(known) else np.inf
        own = (probability >= lowest) & (probability < above)
        if not own.any():
            continue
        rate = wilson(int(label[own].sum()), int(own.sum()), confidence)
        chosen.append(Band(name=name, lowest=lowest, share=float(own.mean()), rate=rate))
        above = lowest
    return tuple(chosen)


def measure_bands(bands: Sequence[Band], label: Vector, probability: Vector, confidence: float) -> tuple[Band, ...]:
    """The bands with the conversion rates of the test leads in them: label and probability have shape (n,)."""
    measured, above = [], np.inf
    for band in bands:
        own = (probability >= band.lowest) & (probability < above)
        rows = int(own.sum())
        rate = wilson(int(label[own].sum()), rows, confidence) if rows else None
        measured.append(band.model_copy(update={"test_rows": rows, "test_rate": rate}))
        above = band.lowest
    return tuple(measured)
