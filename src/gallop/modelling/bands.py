"""Hot, warm and cold leads: cut-offs chosen on out-of-fold probabilities, with each band's conversion rates. Pure."""

import numpy as np

from gallop.evaluation.metrics import Vector, wilson
from gallop.results.evidence import Band
from gallop.settings.decision import Bands


def bands(
    label: Vector,
    probability: Vector,
    test_label: Vector,
    test_probability: Vector,
    shares: Bands,
    confidence: float,
) -> tuple[Band, ...]:
    """Cut where the share above comes nearest to the wanted one; a band that ties leave without leads is no band.

    Args:
        label, probability: of the training leads, out of fold, shape (n,).
        test_label, test_probability: of the test leads, which choose nothing.
        shares: of the leads wanted in each band.
        confidence: coverage of the Wilson intervals.
    """
    known, counts = np.unique(probability, return_counts=True)
    reached = np.r_[counts[::-1].cumsum()[::-1] / len(probability), 0.0]
    found, above = [], np.inf
    for name, share in (("hot", shares.hot), ("warm", shares.hot + shares.warm), ("cold", 1.0)):
        place = int(np.argmin(np.abs(reached - share)))
        lowest = 0.0 if name == "cold" else float(known[place]) if place < len(known) else np.inf
        own = (probability >= lowest) & (probability < above)
        if not own.any():
            continue
        of_test = (test_probability >= lowest) & (test_probability < above)
        rows = int(of_test.sum())
        found.append(
            Band(
                name=name,
                lowest=lowest,
                share=float(own.mean()),
                rate=wilson(int(label[own].sum()), int(own.sum()), confidence),
                test_rows=rows,
                test_rate=wilson(int(test_label[of_test].sum()), rows, confidence) if rows else None,
            )
        )
        above = lowest
    return tuple(found)
