"""Models to look at: one trained quickly on a small sample, for all that does not depend on how good it is."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import narwhals.stable.v2 as nw
import pytest

from gallop.artifacts import bundle, contract
from gallop.artifacts.bundle import Bundle
from gallop.artifacts.golden import GOLDEN, write_golden
from gallop.results.run import CodeVersion, DataVersion, TrainingResult, TrainTestSplit
from gallop.settings.params import Settings
from gallop.stages.data_clean import data_clean
from gallop.stages.data_preprocess import data_preprocess
from gallop.stages.data_split import data_split
from gallop.stages.model_training import Trained, assess, train
from gallop.tables.synthetic import sample
from tests.support.leads import raw

Truth = dict[str, float]


def raw_of(text: str) -> nw.DataFrame:
    """A CSV text as a table of text with row numbers."""
    return raw(csv.DictReader(io.StringIO(text)))


def quick(settings: Settings, trials: int = 2) -> Settings:
    """The project's settings with fewer trials, fits and resamples."""
    changed = json.loads(settings.model_dump_json())
    changed["evaluation"]["resamples"] = 100
    changed["training"]["folds"] = 3
    changed["training"]["repeats"] = 1
    for family in changed["training"]["families"].values():
        family["trials"] = trials
    return Settings.model_validate_json(json.dumps(changed))


@dataclass(frozen=True)
class Assessed:
    """A training and what the test rows say of it; the training's own attributes are at hand."""

    trained: Trained
    result: TrainingResult

    def __getattr__(self, name: str):
        return getattr(self.trained, name)


def model_training(train_test: TrainTestSplit, settings: Settings, *, truth: Truth | None = None, **how) -> Assessed:
    """Both halves of the stage, one after the other."""
    trained = train(train_test.train, settings, **how)
    return Assessed(
        trained, assess(trained, train_test.test, settings, all_rows=len(train_test.assignment), truth=truth)
    )


def split(text: str, settings: Settings) -> TrainTestSplit:
    """A CSV text on its way to training."""
    leads = data_clean(raw_of(text), settings.table, "sample").leads
    made = data_preprocess(leads, settings.table, settings.features)
    return data_split(made, settings.table, settings.split, settings.seed)


@pytest.fixture(scope="session")
def small(settings: Settings) -> Settings:
    """Settings for a quick training."""
    return quick(settings)


@pytest.fixture(scope="session")
def drawn() -> tuple[str, Truth]:
    """A small sample and its true probabilities."""
    leads, truth = sample(3200, 5)
    return leads, {row["lead_id"]: float(row["probability"]) for row in csv.DictReader(io.StringIO(truth))}


@pytest.fixture(scope="session")
def train_test(drawn: tuple[str, Truth], small: Settings) -> TrainTestSplit:
    """The small sample, split."""
    return split(drawn[0], small)


@pytest.fixture(scope="session")
def trained(train_test: TrainTestSplit, small: Settings, drawn: tuple[str, Truth]) -> Assessed:
    """A quick training on the small sample."""
    return model_training(train_test, small, export=contract.dump, truth=drawn[1])


@pytest.fixture
def folder(tmp_path: Path, trained: Assessed, small: Settings) -> Path:
    """The bundle of the quick training."""
    bundle.write_bundle(
        tmp_path / "bundle",
        live=trained.model,
        assessed=trained.model,
        family=trained.result.winner,
        settings=small,
        data=DataVersion(origin="sample", path="data/raw/sample.csv", md5="0" * 32),
        code=CodeVersion(commit="c0ffee", changed=False),
        metrics=trained.result.test.metrics,
        first_tested=None,
        plan=trained.result.evidence.decision,
        uncertainty=trained.result.evidence.uncertainty,
        files={
            "model.pkl": trained.export or b"",
            "result.json": trained.result.model_dump_json().encode(),
            GOLDEN: write_golden(trained.model, trained.golden),
        },
    )
    return tmp_path / "bundle"


@pytest.fixture
def loaded(folder: Path) -> Bundle:
    """The bundle of the quick training, loaded."""
    return bundle.load_bundle(folder)
