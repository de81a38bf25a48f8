"""Made tables with known effects of a contact: how often the verdict is right, and how often bands hold the truth.

Effects are none, the same for all, or different by a column; who is contacted is drawn at random. The truth of a band
is the gain of that very ranking among 50,000 other leads.

`python -m benchmarks.uplift [TABLES]`: so many tables of each kind, 200 where nothing is said.
"""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from benchmarks.machine import machine
from gallop.evaluation.metrics import Vector
from gallop.modelling.families import columns
from gallop.modelling.uplift import Experiment, fit_uplift, robust_scores
from gallop.modelling.uplift_assessment import assess_uplift
from gallop.schema import Role
from gallop.settings.decision import DecisionRule

TABLES, TRAINING, TEST, POPULATION = 200, 3000, 2000, 50_000
VERDICT, CONFIDENCE = 0.95, 0.9
"""Of the intervals behind the verdict, as in every project, and of the bands that are counted."""
ROLES = {"visits": Role.NUMBER, "minutes": Role.NUMBER, "source": Role.CATEGORY}
EFFECTS: dict[str, Callable[[pd.DataFrame], Vector]] = {
    "none": lambda X: np.zeros(len(X)),
    "the same for all (+0.08)": lambda X: np.full(len(X), 0.08),
    "by a column (+0.2 or 0)": lambda X: np.where(X["visits"] > 0, 0.2, 0.0),
    "by two columns (+0.15 to -0.05)": lambda X: (
        np.where(X["source"] == "ad", 0.15, -0.05) * (X["minutes"] < 1).to_numpy()
    ),
}


def fit(X: pd.DataFrame, label: Vector) -> Callable[[pd.DataFrame], Vector]:
    """A model of the outcome: an untuned additive logistic regression."""
    step = columns("splines", ROLES)
    model = LogisticRegression(C=1.0, max_iter=500).fit(step.fit_transform(X, label), label)
    return lambda other: model.predict_proba(step.transform(other))[:, 1]


def drawn(effect: Callable[[pd.DataFrame], Vector], rows: int, seed: int) -> tuple[Experiment, Vector]:
    """Leads, a third of them contacted, and the true effect on each."""
    draw = np.random.default_rng(seed)
    X = pd.DataFrame({"visits": draw.normal(size=rows), "minutes": draw.exponential(size=rows)})
    X["source"] = draw.choice(["ad", "mail", "search"], rows)
    base = 0.1 + 0.5 / (1 + np.exp(-X["visits"].to_numpy() - 0.5 * (X["source"] == "search").to_numpy()))
    treated, change = (draw.random(rows) < 1 / 3).astype(float), effect(X)
    label = (draw.random(rows) < base + treated * change).astype(float)
    return Experiment(X, label, treated), change


def main() -> None:
    """Measure and print."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else TABLES
    print(machine())
    print(f"{tables} tables of each kind: {TRAINING:,} leads to learn from, {TEST:,} tested; bands of {CONFIDENCE:.0%}")
    for name, effect in EFFECTS.items():
        verdicts: Counter[str] = Counter()
        inside, kept = [], []
        for number in range(tables):
            experiment, _ = drawn(effect, TRAINING, 3 * number)
            test, _ = drawn(effect, TEST, 3 * number + 1)
            others, truth = drawn(effect, POPULATION, 3 * number + 2)
            model = fit_uplift(experiment, ROLES, fit, seed=number)
            probability = fit(experiment.X, experiment.label)(test.X)
            uplift, scores = model.log_odds(test.X), robust_scores(experiment, test, fit)
            intervals: dict = {"contact_from": 0.01, "resamples": 400, "seed": number}
            measured = (scores, test.treated, uplift, probability, DecisionRule())
            verdicts[assess_uplift(*measured, confidence=VERDICT, **intervals).verdict] += 1
            result = assess_uplift(*measured, confidence=CONFIDENCE, **intervals)
            predicted = model.log_odds(others.X)
            tie = np.random.default_rng(number).random(POPULATION)
            so_far = np.cumsum(truth[np.lexsort((tie, -predicted))]) / POPULATION
            for depth in result.depths:
                actual = so_far[round(depth.share * POPULATION) - 1]
                inside.append(depth.gain.low <= actual <= depth.gain.high)
            kept.append(result.average.low <= float(truth.mean()) <= result.average.high)
        told = ", ".join(f"{verdict}: {count / tables:.1%}" for verdict, count in verdicts.most_common())
        print(
            f"effect {name}: {told}; the band holds the gain {np.mean(inside):.1%}, the mean effect {np.mean(kept):.1%}"
        )


if __name__ == "__main__":
    main()
