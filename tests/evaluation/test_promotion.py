"""A candidate that is no better is not promoted, however often it is tried; one that is better is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from gallop.evaluation.metrics import log_losses
from gallop.evaluation.promotion import Circumstances, earlier_looks, judge, look_at, price, shared_rows
from gallop.results.run import Decision, GuardRail
from gallop.settings.selection import Selection

RULE = Selection()
RESAMPLING = {"resamples": 200, "confidence": 0.95, "seed": 1}
FEW = RESAMPLING | {"resamples": 20}
"""Of the interval and the calibration alone; luck is computed without drawing."""
ROWS = 5000


class World:
    """Leads whose true probabilities are known, and models that see them through noise."""

    def __init__(self, seed: int, rows: int = ROWS) -> None:
        self.draw = np.random.default_rng(seed)
        self.log_odds = self.draw.normal(-1.2, 1.3, rows)
        self.truth = expit(self.log_odds)
        self.label = (self.draw.random(rows) < self.truth).astype(float)

    def model(self, loss: float) -> np.ndarray:
        """A model whose expected log-loss is about so much above the best possible one."""
        noise = np.sqrt(2 * loss / np.mean(self.truth * (1 - self.truth)))
        return expit(self.log_odds + self.draw.normal(0, noise, len(self.log_odds)))

    def judged(self, candidate: np.ndarray, champion: np.ndarray, **more) -> Decision:
        circumstances = Circumstances(categories={"level": self.levels()}, **more)
        return judge(self.label, candidate, champion, RULE, circumstances, RESAMPLING)

    def gained(self, candidate: np.ndarray, champion: np.ndarray, earlier: int = 0) -> Decision:
        """As `judged`, by the gain alone: slices could only hold back further."""
        return judge(self.label, candidate, champion, RULE, Circumstances(earlier=earlier), FEW)

    def levels(self) -> list[str]:
        return [f"l{number}" for number in np.arange(len(self.label)) % 4]


def fools(trial: int, looks: int) -> list[Decision]:
    """What is decided about candidates that should not win: shuffled labels, a hair worse, the same, equal ones."""
    world = World(trial)
    champion = world.model(0.01)
    shuffled = world.draw.permutation(world.model(0.01))
    worse = expit(np.log(champion / (1 - champion)) + world.draw.normal(0, 0.02, ROWS))
    single = [world.gained(candidate, champion) for candidate in (shuffled, worse, champion)]
    return single + [world.gained(world.model(0.01), champion, earlier) for earlier in range(looks)]


def gains(trial: int) -> Decision:
    """What is decided about a candidate whose log-loss is truly lower by 0.01, on 10,000 test rows."""
    world = World(10_000 + trial, rows=2 * ROWS)
    return world.judged(world.model(0.002), world.model(0.012))


def test_fools_stay_out_and_a_better_candidate_gets_in():
    assert not any(decision.promote for trial in range(2) for decision in fools(trial, looks=8))
    assert all(gains(trial).promote for trial in range(3))


@pytest.mark.slow
def test_in_200_trials_no_shuffled_no_worse_and_none_of_50_equal_candidates_is_promoted():
    promoted = [trial for trial in range(200) if any(decision.promote for decision in fools(trial, looks=50))]
    assert promoted == []


@pytest.mark.slow
def test_a_candidate_truly_better_by_a_hundredth_is_promoted_in_95_of_100_trials():
    assert sum(gains(trial).promote for trial in range(100)) >= 95


def test_a_true_gain_is_as_large_as_the_trials_say():
    world = World(1, rows=400_000)
    loss = [np.mean(log_losses(world.label, world.model(size))) for size in (0.002, 0.012)]
    assert loss[1] - loss[0] == pytest.approx(0.01, abs=0.001)


def test_a_tie_keeps_the_champion():
    world = World(5)
    champion = world.model(0.01)
    decision = world.judged(champion, champion)
    assert not decision.promote
    assert decision.difference.value == 0


@given(st.floats(0.5, 0.9999))
def test_all_looks_together_cost_no_more_than_the_confidence_leaves(confidence):
    prices = [price(confidence, look) for look in range(1, 500)]
    assert sum(prices) <= 1 - confidence
    assert prices == sorted(prices, reverse=True)


def test_a_later_look_needs_more():
    world = World(7)
    candidate, champion = world.model(0.002), world.model(0.012)
    assert world.judged(candidate, champion).promote
    refused = world.judged(candidate, champion, earlier=10_000_000)
    assert not refused.promote
    assert "since it is look 1e+07 on these rows" in refused.because


def decided(look) -> Decision:
    return Decision(promote=False, because="x", look=look)


def test_looks_count_by_the_share_of_todays_rows_that_they_saw():
    yesterday, today = range(1000), range(1200)
    now = look_at(today, "new", "1")
    assert earlier_looks(now, []) == 0
    assert shared_rows(now, look_at(yesterday, "old", "1")) == pytest.approx(1000 / 1200, abs=0.12)
    assert earlier_looks(now, [decided(look_at(range(5000, 6000), "old", "1"))]) == 0
    same = [decided(look_at(today, name, "1")) for name in ("a", "b", "a", "c")]
    assert earlier_looks(now, same) == 3


def test_a_candidate_that_is_judged_again_pays_what_it_paid_the_first_time():
    looks = [decided(look_at(range(50), name, "1")) for name in ("a", "b", "c", "d")]
    assert earlier_looks(look_at(range(50), "b", "1"), looks) == 1
    assert earlier_looks(look_at(range(50), "b", "2"), looks) == 4


def test_a_sketch_holds_no_id():
    look = look_at([f"person{number}@example.org" for number in range(300)], "a", "1")
    assert len(look.sketch) == 64
    assert "example" not in look.model_dump_json()


def test_a_gain_that_makes_one_level_worse_is_not_enough():
    world = World(11)
    champion, candidate = world.model(0.1), world.model(0.0)
    levels = np.array(world.levels())
    candidate[levels == "l2"] = world.model(0.2)[levels == "l2"]
    decision = world.judged(candidate, champion)
    assert decision.difference.high < 0
    assert not decision.promote
    [broken] = [rail for rail in decision.rails if not rail.kept]
    assert broken.name == "slices"
    assert broken.because.startswith("worse for level l2 (+0.")
    assert broken.because in decision.because


def test_a_gain_with_worse_calibration_is_not_enough():
    world = World(12)
    # Ranks far better, and is sure of itself beyond what it knows.
    candidate, champion = expit(1.35 * world.log_odds), np.full(ROWS, world.label.mean())
    decision = world.judged(candidate, champion)
    assert decision.difference.high < 0
    assert [rail.name for rail in decision.rails if not rail.kept] == ["calibration"]
    assert not decision.promote


def test_a_champion_that_tells_nothing_apart_is_calibrated_and_is_replaced_all_the_same():
    for seed in range(5):
        world = World(seed, rows=800)
        decision = world.judged(world.truth, np.full(800, world.label.mean()))
        assert decision.promote, decision.because


def test_a_guard_rail_from_elsewhere_holds_back_the_best_of_candidates():
    world = World(13)
    rail = GuardRail(name="data version", kept=False, because="older")
    decision = judge(world.label, world.truth, world.model(0.2), RULE, Circumstances(rails=(rail,)), RESAMPLING)
    assert not decision.promote
    assert decision.because.endswith("; data version: older")


def test_the_brier_score_may_decide_instead():
    world = World(14)
    rule = Selection(metric="brier")
    decision = judge(world.label, world.truth, world.model(0.1), rule, Circumstances(), RESAMPLING)
    assert decision.promote
    assert decision.because.startswith("Brier score -0.0")


def test_many_rows_of_one_lead_are_no_more_evidence_than_one():
    world = World(15, rows=400)
    candidate, champion = world.model(0.01), world.model(0.03)
    once = judge(world.label, candidate, champion, RULE, Circumstances(), RESAMPLING)
    label, many, few = (np.repeat(values, 30) for values in (world.label, candidate, champion))
    leads = [f"lead {number}" for number in np.repeat(np.arange(400), 30)]
    assert judge(label, many, few, RULE, Circumstances(), RESAMPLING).promote
    grouped = judge(label, many, few, RULE, Circumstances(groups=leads), RESAMPLING)
    assert not grouped.promote
    assert grouped.difference.value == pytest.approx(once.difference.value)
    assert (grouped.difference.high - grouped.difference.low) == pytest.approx(
        once.difference.high - once.difference.low, rel=0.25
    )
