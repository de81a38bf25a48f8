"""Selection is a decision with a reason, and running it again changes nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gallop.artifacts.bundle import LAYOUT, Manifest
from gallop.artifacts.lineage import Lineage
from gallop.errors import ForeignModelError
from gallop.evaluation.metrics import Estimate
from gallop.ports import CHALLENGER, CHAMPION, Registered
from gallop.results.evidence import ScoreUncertainty
from gallop.results.run import CodeVersion, DataVersion, Decision
from gallop.settings.params import Settings
from gallop.stages.model_selection import decide_promotion, model_selection

LINEAGE = Lineage("lead_scoring", "0123456789abcdef")


class MemoryRegistry:
    """The port `Registry`, in memory."""

    def __init__(self) -> None:
        self.versions: list[Registered] = []
        self.bundles: dict[str, Path] = {}
        self.aliases: dict[str, str] = {}
        self.history: list[tuple[str, str, str]] = []
        self.locked = False

    def check(self) -> None:
        """It always answers."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        assert not self.locked
        self.locked = True
        try:
            yield
        finally:
            self.locked = False

    def find(self, tag: str, value: str) -> Registered | None:
        return next((each for each in reversed(self.versions) if each.tags.get(tag) == value), None)

    def holder(self, alias: str) -> Registered | None:
        version = self.aliases.get(alias)
        return next((each for each in self.versions if each.version == version), None)

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        made = Registered(str(len(self.versions) + 1), run_id, dict(tags))
        self.versions.append(made)
        self.bundles[made.version] = bundle
        return made

    def point(self, alias: str, version: str, because: str) -> None:
        self.aliases[alias] = version
        self.history.append((alias, version, because))

    def release(self, alias: str) -> None:
        self.aliases.pop(alias, None)

    def fetch(self, version: str, into: Path) -> Path:
        return Path(shutil.copytree(self.bundles[version], into))


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
        threshold=0.5,
        bands={},
        uncertainty=ScoreUncertainty(nominal=0.9, not_up_to=None, converts_from=None, ranges=()),
        libraries={},
        files={"live/model.json": name},
    )


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def select(registry: MemoryRegistry, name: str, data: str = "real", *, better: bool | None = None):
    """Select a candidate; `better` is what a comparison would find, None where there must be none."""

    def compare(champion: Registered) -> Decision:
        assert better is not None, f"compared with {champion}, though there was nothing to compare"
        return Decision(promote=better, because="measured", difference=Estimate(value=0.0, low=0.0, high=0.0))

    return model_selection(registry, Path("nowhere"), manifest(name, data), "run", LINEAGE, compare)


def state(registry: MemoryRegistry) -> tuple:
    return [each.version for each in registry.versions], dict(registry.aliases)


def test_the_first_candidate_becomes_champion(registry):
    selected = select(registry, "a")
    assert selected.decision == Decision(promote=True, because="the registry had no champion")
    assert (selected.candidate, selected.champion, selected.previous) == ("1", "1", None)
    assert state(registry) == (["1"], {CHAMPION: "1"})


def test_a_second_and_third_run_change_nothing(registry):
    select(registry, "a")
    before = state(registry), list(registry.history)
    for _ in range(2):
        selected = select(registry, "a")
        assert selected.decision == Decision(promote=False, because="the candidate is the champion already")
        assert (selected.candidate, selected.champion) == ("1", "1")
        assert (state(registry), registry.history) == before


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
    registry.point(CHAMPION, "2", "by hand")
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
    registry.point(CHAMPION, registry.register(Path("nowhere"), None, tags).version, "theirs")
    before = state(registry)
    with pytest.raises(ForeignModelError, match=problem):
        select(registry, "a")
    assert state(registry) == before
    assert not registry.locked


def test_a_champion_without_tags_is_compared(registry):
    registry.point(CHAMPION, registry.register(Path("nowhere"), None, {}).version, "before there were tags")
    assert select(registry, "a", better=True).champion == "2"


def test_two_samples_are_compared(registry):
    select(registry, "a", "sample")
    assert select(registry, "b", "sample", better=True).champion == "2"


def test_a_version_carries_what_it_was_made_of(registry):
    select(registry, "a")
    version = registry.versions[0]
    assert version.run_id == "run"
    assert version.tags == {
        "project": "lead_scoring",
        "table": "0123456789abcdef",
        "digest": manifest("a").digest,
        "family": "logistic_regression",
        "data": "real",
        "data_version": "m",
        "code_version": "c0ffee",
    }


class GuardedRegistry(MemoryRegistry):
    """A registry that nobody may read for a decision, or change, without its lock."""

    def __getattribute__(self, name: str):
        if name in {"find", "holder", "register", "point", "release"}:
            assert self.locked, name
        return super().__getattribute__(name)


def test_what_is_read_and_changed_is_read_and_changed_under_the_lock():
    registry = GuardedRegistry()
    for name, better in [("a", None), ("b", False), ("c", True), ("c", None)]:
        select(registry, name, better=better)
    assert registry.aliases == {CHAMPION: "3"}
    assert not registry.locked


def test_every_change_of_an_alias_has_its_reason(registry):
    select(registry, "a")
    select(registry, "b", better=False)
    assert registry.history == [(CHAMPION, "1", "the registry had no champion"), (CHALLENGER, "2", "measured")]


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
        assert "a promotion needs a gain of more than 0.0000, in 90% of resamples" in decision.because


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
    assert "better in 86% of resamples; a promotion needs" in decision.because
    assert decide_promotion(LABEL, nearly, FAIR, rule(settings, confidence=0.8)).promote


def test_a_decision_does_not_say_minus_zero(settings):
    assert "-0.0000" not in decide_promotion(LABEL, GOOD, GOOD, settings).because
