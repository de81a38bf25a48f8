"""Selection is a decision with a reason, and running it again changes nothing."""

from pathlib import Path

import numpy as np
import pytest

from gallop.artifacts.bundle import LAYOUT, Manifest
from gallop.artifacts.lineage import Lineage
from gallop.errors import ForeignModelError, RegistryBusyError
from gallop.evaluation.metrics import Estimate
from gallop.ports import CHALLENGER, CHAMPION, Registered
from gallop.results.evidence import ScoreUncertainty
from gallop.results.history import Change, History, next_change
from gallop.results.run import CodeVersion, DataVersion, Decision, Look
from gallop.settings.params import Settings
from gallop.stages.model_selection import decide_promotion, model_selection
from tests.support.memory_registry import AUTHOR, MemoryRegistry, entry

LINEAGE = Lineage("lead_scoring", "0123456789abcdef")


def manifest(name: str, data: str = "real") -> Manifest:
    return Manifest(
        layout=LAYOUT,
        model="lead_model",
        version=None,
        family="logistic_regression",
        data=data,
        data_version=DataVersion(origin="dvc" if data == "real" else "sample", path="data/raw/raw_data.csv", md5="m"),
        code_version=CodeVersion(commit="c0ffee", changed=False),
        metrics={},
        first_tested=None,
        threshold=0.5,
        bands={},
        uncertainty=ScoreUncertainty(nominal=0.9, not_up_to=None, converts_from=None, ranges=()),
        libraries={},
        files={"live/model.json": name},
    )


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def select(registry: MemoryRegistry, name: str, data: str = "real", *, better: bool | None = None, look: bool = False):
    """Select a candidate; `better` is what a comparison would find, None where there must be none."""

    def compare(champion: Registered, _history: History) -> Decision:
        assert better is not None, f"compared with {champion}, though there was nothing to compare"
        seen = Look(candidate=name, champion=champion.version, rows=1, sketch=(1,)) if look else None
        difference = Estimate(value=0.0, low=0.0, high=0.0)
        return Decision(promote=better, because="measured", difference=difference, look=seen)

    return model_selection(registry, Path("nowhere"), manifest(name, data), "run", LINEAGE, compare, AUTHOR)


def state(registry: MemoryRegistry) -> tuple:
    return [version.version for version in registry.made], dict(registry.aliases)


def test_the_first_candidate_becomes_champion(registry):
    selected = select(registry, "a")
    assert selected.decision == Decision(promote=True, because="the registry had no champion")
    assert (selected.candidate, selected.champion, selected.previous) == ("1", "1", None)
    assert state(registry) == (["1"], {CHAMPION: "1"})


def test_a_second_and_third_run_change_nothing(registry):
    select(registry, "a")
    before = state(registry), list(registry.entries)
    for _ in range(2):
        selected = select(registry, "a")
        assert selected.decision == Decision(promote=False, because="the candidate is the champion already")
        assert (selected.candidate, selected.champion) == ("1", "1")
        assert (state(registry), list(registry.entries)) == before


def test_a_better_candidate_becomes_champion(registry):
    select(registry, "a")
    selected = select(registry, "b", better=True)
    assert (selected.candidate, selected.champion, selected.previous) == ("2", "2", "1")
    assert state(registry) == (["1", "2"], {CHAMPION: "2"})


def test_another_candidate_becomes_challenger_however_often_it_is_selected(registry):
    select(registry, "a")
    for _ in range(3):
        selected = select(registry, "b", better=False)
        assert (selected.candidate, selected.champion) == ("2", "1")
        assert state(registry) == (["1", "2"], {CHAMPION: "1", CHALLENGER: "2"})


def test_a_challenger_that_wins_is_challenger_no_more(registry):
    select(registry, "a")
    select(registry, "b", better=False)
    select(registry, "b", better=True)
    assert state(registry) == (["1", "2"], {CHAMPION: "2"})


def test_a_champion_that_an_operator_made_of_the_challenger_is_challenger_no_more(registry):
    select(registry, "a")
    select(registry, "b", better=False)
    registry.point(CHAMPION, "2")
    select(registry, "b")
    assert registry.aliases == {CHAMPION: "2"}


def test_another_challenger_stays_where_the_candidate_is_the_champion_already(registry):
    select(registry, "a")
    select(registry, "b", better=False)
    select(registry, "a")
    assert registry.aliases == {CHAMPION: "1", CHALLENGER: "2"}


def test_no_version_is_ever_champion_and_challenger_at_once(registry):
    for name, better in [("a", None), ("b", False), ("c", True), ("b", True), ("c", False), ("b", None), ("d", False)]:
        select(registry, name, better=better)
        assert registry.aliases[CHAMPION] != registry.aliases.get(CHALLENGER)


def test_a_sample_never_replaces_real_data(registry):
    select(registry, "a", "real")
    selected = select(registry, "b", "sample")
    assert not selected.decision.promote
    assert "synthetic sample" in selected.decision.because
    assert registry.aliases == {CHAMPION: "1", CHALLENGER: "2"}


def test_real_data_replaces_a_sample_without_comparison(registry):
    select(registry, "a", "sample")
    selected = select(registry, "b", "real")
    assert selected.decision.promote
    assert registry.aliases == {CHAMPION: "2"}


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ({"project": "others", "table": LINEAGE.table}, "is of the project 'others', this is 'lead_scoring'"),
        ({"project": "lead_scoring", "table": "f" * 16}, "is of a table with another id or label"),
    ],
)
def test_a_champion_of_another_project_or_table_is_refused_and_nothing_changes(registry, tags, problem):
    registry.point(CHAMPION, registry.register(Path("nowhere"), None, tags).version)
    before = state(registry)
    with pytest.raises(ForeignModelError, match=problem):
        select(registry, "a")
    assert state(registry) == before
    assert not registry.locked


def test_a_champion_without_tags_is_compared(registry):
    registry.point(CHAMPION, registry.register(Path("nowhere"), None, {}).version)
    assert select(registry, "a", better=True).champion == "2"


def test_two_samples_are_compared(registry):
    select(registry, "a", "sample")
    assert select(registry, "b", "sample", better=True).champion == "2"


def test_a_version_carries_what_it_was_made_of(registry):
    select(registry, "a")
    version = registry.made[0]
    assert version.run_id == "run"
    assert version.tags == {
        "project": "lead_scoring",
        "table": "0123456789abcdef",
        "digest": manifest("a").digest,
        "family": "logistic_regression",
        "data": "real",
        "data_version": "m",
        "code_version": "c0ffee",
        "figures": "{}",
    }


class GuardedRegistry(MemoryRegistry):
    """A registry that nobody may read for a decision, or change, without its lock."""

    def __getattribute__(self, name: str):
        if name in {"settle", "versions", "holder", "register", "history", "append", "point", "release"}:
            assert self.locked, name
        return super().__getattribute__(name)


def test_what_is_read_and_changed_is_read_and_changed_under_the_lock():
    registry = GuardedRegistry()
    for name, better in [("a", None), ("b", False), ("c", True), ("c", None)]:
        select(registry, name, better=better)
    assert registry.aliases == {CHAMPION: "3"}
    assert not registry.locked


def said(registry: MemoryRegistry) -> list[tuple]:
    return [(change.command, change.was, change.live, change.pinned) for change in changes(registry)]


def changes(registry: MemoryRegistry) -> list:
    return [written.change for written in registry.history().entries]


def test_every_change_of_the_champion_has_its_reason_author_and_figures(registry):
    select(registry, "a")
    select(registry, "b", better=True)
    assert said(registry) == [("model-selection", None, "1", False), ("model-selection", "1", "2", False)]
    last = changes(registry)[-1]
    assert (last.because, last.candidate, last.who, last.at) == ("measured", "2", AUTHOR.who, AUTHOR.at)
    assert last.decision.promote


def test_a_comparison_that_promotes_nothing_is_remembered_once_since_it_was_a_look(registry):
    select(registry, "a")
    for _ in range(3):
        select(registry, "b", better=False, look=True)
    assert said(registry)[1:] == [("model-selection", "1", "1", False)]
    assert changes(registry)[-1].decision.look is not None
    assert registry.history().changes == registry.history().entries[:1]


def test_a_pinned_champion_stays_without_a_comparison(registry):
    select(registry, "a")
    select(registry, "b", better=True)
    pin(registry, "1")
    selected = select(registry, "c")
    assert not selected.decision.promote
    assert selected.pinned
    assert selected.decision.because.startswith(
        f"version 1 is pinned since {AUTHOR.at} by {AUTHOR.who} (it is safer); `gallop unpin` lets runs decide again"
    )
    assert registry.aliases == {CHAMPION: "1", CHALLENGER: "3"}


def pin(registry: MemoryRegistry, version: str) -> None:
    change = next_change(
        registry.history(), AUTHOR, command="rollback", live=version, because="it is safer", pinned=True
    )
    assert registry.append(change)


def test_after_it_was_unpinned_runs_decide_again(registry):
    select(registry, "a")
    pin(registry, "1")
    registry.append(next_change(registry.history(), AUTHOR, command="unpin", live="1", because="x", pinned=False))
    assert select(registry, "b", better=True).champion == "2"


def test_an_alias_that_was_moved_by_other_means_is_written_down_and_holds(registry):
    select(registry, "a")
    select(registry, "b", better=False)
    registry.point(CHAMPION, "2")
    selected = select(registry, "c")
    assert (selected.champion, selected.pinned) == ("2", True)
    assert said(registry)[-1] == ("outside gallop", "1", "2", True)


def test_a_champion_from_before_there_was_a_history_begins_it_and_is_not_pinned(registry):
    registry.point(CHAMPION, registry.register(Path("nowhere"), None, LINEAGE.tags()).version)
    assert select(registry, "a", better=True).champion == "2"
    assert said(registry) == [("outside gallop", None, "1", False), ("model-selection", "1", "2", False)]


def test_nothing_is_promoted_while_the_history_is_not_whole_until_a_person_has_seen_it(registry):
    for name, better in (("a", None), ("b", True), ("c", True)):
        select(registry, name, better=better)
    del registry.entries[1]
    selected = select(registry, "d")
    assert not selected.decision.promote
    assert "the registry's history is not whole (entry 2 was deleted; entry 3 does not follow" in (
        selected.decision.because
    )
    registry.entries.append(
        entry(
            4,
            next_change(
                registry.history(),
                AUTHOR,
                command="promote",
                live="3",
                because="seen",
                faults_seen=registry.history().faults,
            ),
        )
    )
    assert registry.history().trusted


class FasterOthers(MemoryRegistry):
    """A registry in which another command writes just before this one, some times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def append(self, change: Change) -> bool:
        if self.history().live is not None and self.times:
            self.times -= 1
            other = self.register(Path("nowhere"), None, LINEAGE.tags()).version
            super().append(next_change(self.history(), AUTHOR, command="promote", live=other, because="faster"))
        return super().append(change)


def test_a_decision_that_another_command_was_faster_than_is_taken_anew():
    registry = FasterOthers(2)
    select(registry, "a")
    compared = []

    def compare(champion: Registered, _history: History) -> Decision:
        compared.append(champion.version)
        return Decision(promote=True, because="measured")

    selected = model_selection(registry, Path("nowhere"), manifest("b"), "run", LINEAGE, compare, AUTHOR)
    assert compared == ["1", "3", "4"]
    assert (selected.champion, selected.previous) == ("2", "4")
    assert registry.aliases[CHAMPION] == registry.history().live == "2"


def test_a_registry_that_others_change_again_and_again_is_said_to_be_busy():
    registry = FasterOthers(9)
    select(registry, "a")
    with pytest.raises(RegistryBusyError, match="other commands have changed lead_model 5 times"):
        select(registry, "b", better=True)
    assert registry.aliases[CHAMPION] == registry.history().live != "2"


LABEL = np.tile([0.0, 1.0], 100)
GOOD, FAIR = np.where(LABEL == 1, 0.8, 0.2), np.where(LABEL == 1, 0.7, 0.3)


def rule(settings: Settings, **changes: float) -> Settings:
    return settings.model_copy(update={"selection": settings.selection.model_copy(update=changes)})


def test_a_clearly_better_candidate_is_promoted_with_the_figures(settings):
    decision = decide_promotion(LABEL, GOOD, FAIR, settings)
    assert decision.promote
    assert decision.because.startswith("log-loss -0.1335 [")
    assert "on the same 200 test rows, better in 100% of resamples" in decision.because
    assert decision.difference.value == pytest.approx(np.log(0.7) - np.log(0.8))


def test_a_worse_or_an_equal_candidate_is_not_promoted_and_told_what_it_needs(settings):
    for candidate in (FAIR, GOOD):
        decision = decide_promotion(LABEL, candidate, GOOD, settings)
        assert not decision.promote
        assert "a promotion needs a gain of more than 0.0000, in 99.95% of resamples" in decision.because


def test_a_gain_that_is_too_small_is_not_enough(settings):
    assert decide_promotion(LABEL, GOOD, FAIR, rule(settings, minimum_gain=0.13)).promote
    decision = decide_promotion(LABEL, GOOD, FAIR, rule(settings, minimum_gain=0.14))
    assert not decision.promote
    assert "a gain of more than 0.1400" in decision.because


def test_a_gain_that_is_not_sure_is_not_enough(settings):
    # Better by a hair on every row but two, on which it is worse by nearly all that it gains.
    nearly = np.where(LABEL == 1, 0.701, 0.299)
    nearly[:2] = [0.36, 0.64]
    decision = decide_promotion(LABEL, nearly, FAIR, settings)
    assert decision.difference.value < 0
    assert not decision.promote
    assert "better in 80% of resamples; a promotion needs" in decision.because
    assert decide_promotion(LABEL, nearly, FAIR, rule(settings, confidence=0.5)).promote


def test_a_decision_does_not_say_minus_zero(settings):
    assert "-0.0000" not in decide_promotion(LABEL, GOOD, GOOD, settings).because
