"""A registered version says what it takes and gives, and one selection at a time changes what is champion."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

import pytest

from gallop.adapters.mlflow import client
from gallop.adapters.mlflow.history_log import patiently, write_entry
from gallop.adapters.mlflow.registry import MlflowRegistry
from gallop.adapters.process import own_marks
from gallop.artifacts.lineage import Lineage
from gallop.errors import ChecksumError, RegistryBusyError, TrackingError
from gallop.ports import CHAMPION, Registered
from gallop.results.history import Change, History, next_change
from gallop.results.run import Decision
from gallop.stages.model_selection import model_selection
from tests.stages.test_model_selection import manifest
from tests.support.dead_process import marks_of_a_dead_process
from tests.support.memory_registry import AUTHOR
from tests.support.mlflow_server import mlflow_on_postgres

pytestmark = pytest.mark.filterwarnings("default")

CAMPAIGN = max(3, round(200 * float(os.environ.get("GALLOP_CAMPAIGN", "1"))))
"""Rounds of a race; `GALLOP_CAMPAIGN=0.2` makes a fifth of them."""

LOADED = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/leads@champion")
client = mlflow.MlflowClient()
version, example = client.get_model_version_by_alias("leads", "champion"), model.input_example
lead = {"source": "signup", "purchases": 5, "time_spent": 100.0, "customer_group": 2, "onboarding": True}
lead["n_visits"] = 20
text = {name: str(value) for name, value in lead.items()}
other = lead | {"source": "fb", "lead_id": "x"}
frame = pd.DataFrame([lead, other, text], index=["a", "b", "c"])
answer = model.predict(frame)
print(json.dumps({
    "columns": list(answer.columns), "index": list(answer.index), "answer": answer["probability"].tolist(),
    "inputs": model.metadata.signature.inputs.input_names(),
    "outputs": model.metadata.signature.outputs.to_dict(),
    "example": example.iloc[0].to_dict(), "of_example": model.predict(example)["probability"].tolist(),
    "description": version.description, "tags": version.tags,
    "of_model": client.get_registered_model("leads").description,
}))
"""


@pytest.fixture
def uri(tmp_path: Path, empty_database: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(empty_database.read_bytes())
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_the_champion_says_what_it_takes_and_gives_and_answers_so(uri, folder):
    registry = MlflowRegistry(uri, "leads", "leads")
    made = registry.register(folder, None, {"digest": "d", "project": "p"})
    registry.point(CHAMPION, made.version)
    loaded = subprocess.run([sys.executable, "-c", LOADED, uri], capture_output=True, text=True, check=True)
    shown = json.loads(loaded.stdout.splitlines()[-1].replace("NaN", "null"))
    assert shown["columns"] == ["probability"]
    assert shown["index"] == ["a", "b", "c"]
    typed, out_of_scope, text = shown["answer"]
    assert typed == text
    assert 0 < typed < 1
    assert out_of_scope is None
    columns = ["source", "purchases", "time_spent", "customer_group", "onboarding", "n_visits"]
    assert sorted(shown["inputs"]) == sorted(columns) == sorted(shown["example"])
    assert shown["outputs"] == [{"type": "double", "name": "probability", "required": True}]
    assert 0 < shown["of_example"][0] < 1
    for part in ("The probability that a lead of project lead_scoring", "log-loss", "md5", *columns):
        assert part in shown["description"]
    assert "champion" in shown["of_model"]
    assert shown["tags"]["project"] == "p"


def test_a_version_whose_files_are_gone_is_a_sentence(uri, folder, tmp_path):
    registry = MlflowRegistry(uri, "leads", "leads")
    version = registry.register(folder, None, {}).version
    (next((tmp_path / "mlruns").rglob("manifest.json"))).unlink()
    with pytest.raises(ChecksumError, match="version 1 of leads holds no bundle"):
        registry.fetch(version, tmp_path / "into")
    (tmp_path / "mlruns").rename(tmp_path / "elsewhere")
    with pytest.raises(TrackingError, match="MLflow at sqlite"):
        registry.fetch(version, tmp_path / "into")


def test_nothing_is_found_where_nothing_is(uri):
    registry = MlflowRegistry(uri, "leads", "leads")
    registry.check()
    assert registry.holder(CHAMPION) is None
    assert registry.versions() == ()
    assert registry.history().entries == ()


def change(registry: MlflowRegistry, live: str, because: str = "a reason") -> Change:
    return next_change(registry.history(), AUTHOR, command="promote", live=live, because=because)


def bare_versions(uri: str, name: str, count: int) -> None:
    """Versions without files, which cost nothing to make."""
    asked = client.connect(uri)
    asked.create_registered_model(name)
    for number in range(count):
        asked.create_model_version(name, "gallop:/test", tags={"quality": str(number)})


@pytest.fixture
def bare(request: pytest.FixtureRequest) -> MlflowRegistry:
    """A registry of four versions in a SQLite file, or at a real server where a test asks for one."""
    address = request.getfixturevalue(getattr(request, "param", "uri"))
    name = f"bare{uuid.uuid4().hex[:8]}"
    bare_versions(address, name, 4)
    return MlflowRegistry(address, name, "leads")


@pytest.mark.parametrize("bare", ["uri", "server"], indirect=True)
def test_a_change_is_in_the_history_and_the_alias_follows_and_one_that_came_late_counts_never(bare):
    assert bare.history().entries == ()
    assert bare.append(change(bare, "1", because="long " * 3000))
    late = change(bare, "3")
    assert bare.append(change(bare, "2"))
    assert not bare.append(late)
    history = bare.history()
    assert (history.live, history.faults, bare.holder(CHAMPION).version) == ("2", (), "2")
    assert [(written.number, written.done) for written in history.entries] == [(1, True), (2, True)]
    assert history.entries[0].change.because == "long " * 3000


def test_an_entry_that_was_deleted_is_missed_the_last_one_too_and_then_nothing_moves(bare):
    for live in ("1", "2", "3"):
        bare.append(change(bare, live))
    asked = client.connect(bare._uri)
    asked.delete_model_version(f"{bare._name}.history", "3")
    assert (
        bare.history()
        .faults[0]
        .endswith("which the registered model remembers, is not there: it was deleted or changed")
    )
    asked.delete_model_version(f"{bare._name}.history", "1")
    assert "entry 1 was deleted" in bare.history().faults
    bare.settle()
    assert bare.holder(CHAMPION).version == "3"


def test_this_project_remembers_an_entry_that_nobody_else_does(uri):
    bare_versions(uri, "leads", 2)
    registry = MlflowRegistry(uri, "leads", "leads")
    registry.append(change(registry, "1"))
    assert MlflowRegistry(uri, "leads", "leads", registry.history().head).history().faults == ()
    [fault] = MlflowRegistry(uri, "leads", "leads", "f" * 64).history().faults
    assert fault.startswith("entry ffffffff, which this project remembers")
    assert MlflowRegistry(uri, "another", "leads", "f" * 64).history().faults == ()


def test_a_move_that_was_killed_before_the_alias_followed_is_finished(bare):
    bare.append(change(bare, "1"))
    write_entry(client.connect(bare._uri), bare._name, change(bare, "2"))
    assert (bare.history().live, bare.holder(CHAMPION).version) == ("2", "1")
    assert bare.settle() == ("an interrupted promote was finished: version 2 is live",)
    assert (bare.history().last.done, bare.holder(CHAMPION).version) == (True, "2")
    assert bare.settle() == ()


def test_runs_models_and_versions_of_killed_processes_are_closed(uri):
    registry = MlflowRegistry(uri, "leads", "leads")
    asked = client.connect(uri)
    experiment = asked.create_experiment("leads")
    bare_versions(uri, "leads", 2)
    dead = asked.create_run(experiment, tags=marks_of_a_dead_process())
    asked.create_logged_model(experiment, name="half", source_run_id=dead.info.run_id)
    long_ago = asked.create_run(experiment, start_time=1000, tags={"gallop.host": "ci-1", "gallop.pid": "7"})
    others = asked.create_run(experiment, start_time=1000)
    live = asked.create_run(experiment, tags=own_marks())
    resumed = asked.create_run(experiment, tags=marks_of_a_dead_process())
    asked.set_terminated(resumed.info.run_id)
    database = Path(uri.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(database)) as store:
        store.execute("update runs set status = 'RUNNING' where run_uuid = ?", (resumed.info.run_id,))
        store.execute("update model_versions set status = 'PENDING_REGISTRATION', creation_time = 0 where version = 2")
        store.commit()
    assert registry.settle() == (
        "3 interrupted runs were closed",
        "1 models without files were closed",
        "1 versions without files were removed",
    )
    runs = (dead, long_ago, others, live, resumed)
    statuses = [asked.get_run(run.info.run_id).info.status for run in runs]
    assert statuses == ["KILLED", "KILLED", "RUNNING", "RUNNING", "FINISHED"]
    assert [version.version for version in registry.versions()] == ["1"]
    assert registry.settle() == ()


class Promoter(MlflowRegistry):
    """A registry that registers a version by its quality alone."""

    def register(self, bundle: Path, run_id: str | None, tags: dict[str, str]) -> Registered:
        tags = tags | {"quality": bundle.name}
        made = patiently(lambda: client.connect(self._uri).create_model_version(self._name, "gallop:/test", tags=tags))
        return Registered(str(made.version), run_id, tags)


class UnlockedPromoter(Promoter):
    """One that takes no lock: the history alone must hold."""

    def lock(self) -> AbstractContextManager[None]:
        return nullcontext()


def raced(uri: str, promoter: type[Promoter], rounds: int, promoters: int = 8) -> None:
    """Promoters at once, round after round: the best one is champion, and each change is in the history once."""
    name = f"race{uuid.uuid4().hex[:8]}"
    client.connect(uri).create_registered_model(name)
    # No quality comes twice: equal candidates have one digest, and are registered once.
    drawn = random.Random(1).sample(range(10_000), promoters * rounds)
    best, highest = None, -1
    for number in range(rounds):
        qualities = drawn[number * promoters : (number + 1) * promoters]
        with ThreadPoolExecutor(promoters) as pool:
            list(pool.map(lambda quality: promote(promoter(uri, name, "leads"), quality), qualities))
        registry = MlflowRegistry(uri, name, "leads")
        versions = {version.version: int(version.tags["quality"]) for version in registry.versions()}
        highest = max(highest, *qualities)
        best = registry.holder(CHAMPION)
        history = registry.history()
        assert versions[best.version] == highest, f"round {number}"
        assert (history.live, history.faults) == (best.version, ())
        lived = [versions[written.change.live] for written in history.entries]
        assert lived == sorted(set(lived)), "each change once, and each to a better one"
        steps = [(written.change.was, written.change.live) for written in history.entries]
        assert [was for was, _ in steps[1:]] == [live for _, live in steps[:-1]]
        assert len(versions) == promoters * (number + 1)


def promote(registry: Promoter, quality: int) -> None:
    def compare(champion: Registered, _history: History) -> Decision:
        return Decision(promote=quality > int(champion.tags["quality"]), because="by quality")

    lineage = Lineage("race", "t")
    for _ in range(20):
        try:
            made = manifest(str(quality))
            model_selection(registry, Path(str(quality)), made, None, lineage, compare, AUTHOR)
            return
        except RegistryBusyError:
            continue
    pytest.fail("never got through")


def test_of_eight_promoters_at_once_the_best_is_champion(uri):
    raced(uri, Promoter, rounds=1)


@pytest.mark.slow
@pytest.mark.parametrize("promoter", [Promoter, UnlockedPromoter])
def test_of_eight_promoters_at_once_the_best_is_champion_200_times_in_a_file(uri, promoter):
    raced(uri, promoter, rounds=CAMPAIGN)


@pytest.mark.slow
@pytest.mark.parametrize("promoter", [Promoter, UnlockedPromoter])
def test_of_eight_promoters_at_once_the_best_is_champion_200_times_at_a_server_on_postgresql(tmp_path, promoter):
    with mlflow_on_postgres(tmp_path) as address:
        raced(address, promoter, rounds=CAMPAIGN)
