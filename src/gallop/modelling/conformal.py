"""How sure the model may be of one lead: conformal sets of outcomes, and how often they hold the true one. Pure."""

import numpy as np

from gallop.evaluation import Vector, wilson
from gallop.evidence import Certainty


def certainty(
    label: Vector, probability: Vector, test_label: Vector, test_probability: Vector, confidence: float
) -> Certainty:
    """Class-conditional conformal sets (Vovk 2012) from out-of-fold probabilities, judged on the test leads.

    Args:
        label, probability: of the training leads, out of fold, shape (n,).
        test_label, test_probability: of the test leads, both outcomes present.
        confidence: coverage of the Wilson intervals.
    """
    nominal, held = 0.9, {}
    for outcome in (0, 1):
        # How strange each known lead of this outcome is; a test lead no stranger than 90 % of them may be one.
        strange = np.sort(np.abs(outcome - probability[label == outcome]))
        place = int(np.ceil((len(strange) + 1) * nominal)) - 1
        limit = strange[place] if place < len(strange) else 1.0
        held[outcome] = np.abs(outcome - test_probability) <= limit
    right = np.where(test_label == 1, held[1], held[0])
    parts = [right, right[test_label == 1], right[test_label == 0]]
    coverage, of_converted, of_others = (wilson(int(each.sum()), len(each), confidence) for each in parts)
    return Certainty(
        nominal=nominal,
        coverage=coverage,
        of_converted=of_converted,
        of_others=of_others,
        unsure=float(np.mean(held[0] & held[1])),
    )
