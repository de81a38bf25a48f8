"""What a contact changes is learnt from contacts at random, and differences that are not there are not told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gallop.errors import NotRandomisedError, SingleClassError
from gallop.modelling.families import columns
from gallop.modelling.uplift import Experiment, fit_uplift, require_randomised, robust_scores
from gallop.modelling.uplift_assessment import assess_uplift
from gallop.results.uplift import DIFFERENT_EFFECT, NO_EFFECT, SAME_EFFECT
from gallop.schema import Role
from gallop.settings.decision import DecisionRule

ROLES = {"visits": Role.NUMBER, "source": Role.CATEGORY}
INTERVALS: dict = {"contact_from": 0.05, "resamples": 200, "confidence": 0.95, "seed": 1}


def fit(X: pd.DataFrame, label: np.ndarray):
    step = columns("splines", ROLES)
    model = LogisticRegression(max_iter=500).fit(step.fit_transform(X, label), label)
    return lambda other: model.predict_proba(step.transform(other))[:, 1]


def drawn(effect: str, rows: int = 3000, seed: int = 0, *, by_visits: float = 0.0) -> tuple[Experiment, np.ndarray]:
    """Leads and the true change of their probabilities; `by_visits` lets sales contact those with many visits."""
    draw = np.random.default_rng(seed)
    X = pd.DataFrame({"visits": draw.normal(size=rows), "source": draw.choice(["ad", "mail"], rows)})
    mail = (X["source"] == "mail").to_numpy()
    change = {"none": 0.0 * mail, "same": 0.15 + 0.0 * mail, "harm": -0.15 + 0.0 * mail, "differs": 0.3 * mail}[effect]
    base = 0.2 + 0.4 / (1 + np.exp(-X["visits"].to_numpy()))
    treated = (draw.random(rows) < 1 / (1 + np.exp(0.5 - by_visits * X["visits"].to_numpy()))).astype(float)
    label = (draw.random(rows) < np.clip(base + treated * change, 0, 1)).astype(float)
    return Experiment(X, label, treated), change


def assessed(effect: str, seed: int, rule: DecisionRule | None = None):
    experiment, _ = drawn(effect, seed=2 * seed)
    test, _ = drawn(effect, 2000, 2 * seed + 1)
    model = fit_uplift(experiment, ROLES, fit, seed)
    scores = robust_scores(experiment, test, fit)
    return assess_uplift(
        scores,
        test.treated,
        model.log_odds(test.X),
        fit(experiment.X, experiment.label)(test.X),
        rule or DecisionRule(),
        **INTERVALS,
    )


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [("none", NO_EFFECT), ("same", SAME_EFFECT), ("harm", SAME_EFFECT), ("differs", DIFFERENT_EFFECT)],
)
def test_the_verdict_is_what_is_true(effect, verdict):
    verdicts = [assessed(effect, seed).verdict for seed in range(5)]
    assert verdicts.count(verdict) >= 4


def test_a_difference_between_leads_is_learnt_and_its_contributions_add_up():
    experiment, _ = drawn("differs", 6000)
    test, change = drawn("differs", 500, 1)
    model = fit_uplift(experiment, ROLES, fit, seed=0)
    uplift = model.log_odds(test.X)
    assert abs(uplift[change > 0].mean() - 0.3) < 0.06
    assert abs(uplift[change == 0].mean()) < 0.06
    parts, base = model.contributions(test.X)
    assert np.allclose(parts.sum(axis=1) + base, uplift, atol=1e-12)


def test_where_nobody_differs_everybody_gets_the_mean_effect():
    flat = [
        np.ptp(fit_uplift(drawn("same", seed=seed)[0], ROLES, fit, seed).log_odds(drawn("same")[0].X))
        for seed in range(5)
    ]
    assert flat.count(0.0) >= 4


def test_only_a_difference_lets_the_uplift_decide_and_money_follows_from_it():
    rule = DecisionRule(value=100.0, cost=10.0)
    differs, none = (assessed(effect, 3, rule) for effect in ("differs", "none"))
    assert (differs.contact_from, none.contact_from) == (0.05, None)
    last = differs.depths[-1]
    assert last.money is not None
    assert last.money.value == pytest.approx(100 * last.gain.value - 10)
    assert last.gain.value == pytest.approx(last.by_probability.value) == pytest.approx(last.at_random)
    assert [group.predicted for group in differs.groups] == sorted((g.predicted for g in differs.groups), reverse=True)


def test_contacts_that_a_column_foretells_are_refused_with_its_name():
    chosen, _ = drawn("same", by_visits=1.5)
    with pytest.raises(NotRandomisedError, match=r"'called' does not look random: .*'visits' alone"):
        require_randomised(chosen, ROLES, "called", 1)
    for seed in range(10):
        require_randomised(drawn("differs", seed=seed)[0], ROLES, "called", seed)


def test_too_few_leads_of_an_arm_are_counted():
    experiment, _ = drawn("none", 60)
    with pytest.raises(SingleClassError, match="at least 20 of each"):
        require_randomised(experiment, ROLES, "called", 1)
