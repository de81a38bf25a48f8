"""What an operator says is live is live, deployed and told, holds against runs, and is refused where it must be."""

import io
import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from gallop.adapters.mlflow.client import connect
from gallop.adapters.mlflow.history_log import write_entry
from gallop.artifacts import bundle
from gallop.cli.app import app
from gallop.errors import ChecksumError, ForeignModelError, MissingOutputError, SettingsError
from gallop.flow.operation import run_promote, run_rollback, run_unpin
from gallop.flow.project import Project
from gallop.flow.registry import open_registry
from gallop.flow.selection import current_selection, last_selection, run_deploy, run_model_selection
from gallop.flow.status import read_registry_history, read_status
from gallop.ports import CHALLENGER, CHAMPION
from gallop.reporting.terminal.screen import Screen
from gallop.reporting.terminal.status import render_history, render_status
from gallop.results.history import next_change
from gallop.results.status import Status
from tests.support.bundles import resealed
from tests.support.checkouts import Checkout
from tests.support.memory_registry import AUTHOR

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def project(little: Checkout, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A small project after its run: version 1 is live."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(little.folder)
    return Project.open(little.folder)


def another_candidate(project: Project, mark: str) -> None:
    """A candidate that scores as the one before, and is another one all the same."""
    folder = project.paths.candidate
    resealed(folder, "leaks.json", (folder / "leaks.json").read_bytes() + mark.encode())


def live(project: Project) -> tuple:
    """What registry, history, deployment and the last selection say is live."""
    registry = open_registry(project)
    deployed, selected = bundle.verify_bundle(project.paths.deployed), last_selection(project)
    return registry.holder(CHAMPION).version, registry.history().live, deployed.version, selected.champion


def test_a_person_promotes_and_rolls_back_and_runs_hold_to_it(project):
    another_candidate(project, "\n")
    selected = run_model_selection(project)
    assert (selected.candidate, selected.champion) == ("2", "1")
    assert "log-loss +0.0000" in selected.decision.because
    assert [rail.name for rail in selected.decision.rails if rail.kept] == [
        "contract",
        "leak guard",
        "data version",
        "calibration",
        "slices",
    ]
    run_promote(project, "2", "the sales team wants it")
    assert live(project) == ("2",) * 4
    assert open_registry(project).holder(CHALLENGER) is None

    change = run_rollback(project, None, "leads complain")
    assert (change.was, change.live) == ("2", "1")
    assert live(project) == ("1",) * 4
    assert change.figures["log_loss"].low < change.figures["log_loss"].value
    # A run has nothing to do, and one with a new candidate leaves the pinned version.
    assert current_selection(project) is not None
    another_candidate(project, "\n\n")
    selected = run_model_selection(project)
    assert (selected.candidate, selected.champion, selected.pinned) == ("3", "1", True)
    assert "version 1 is pinned since" in selected.decision.because
    assert live(project) == ("1",) * 4

    assert run_unpin(project).because == "leads complain"
    assert run_unpin(project) is None
    assert current_selection(project) is None
    assert "on the same" in run_model_selection(project).decision.because
    changes = [entry.change for entry in read_registry_history(project).changes]
    assert [(change.command, change.was, change.live, change.pinned) for change in changes] == [
        ("model-selection", None, "1", False),
        ("promote", "1", "2", False),
        ("rollback", "2", "1", True),
        ("unpin", "1", "1", False),
    ]
    status = read_status(project)
    assert status.agrees
    assert (status.live.because, status.live.instead_of, status.pinned) == ("leads complain", "2", None)
    assert status.challenger.version == "3"
    fits_one_screen(status)
    told = shown(render_history(read_registry_history(project).entries[::-1], ()))
    for part in ("2 -> 1, pinned", "leads complain", "log-loss", "guard rails  contract: the project has none"):
        assert part in told


def shown(content) -> str:
    screen = Screen(width=80, record=True, file=io.StringIO())
    screen.print(content)
    return screen.export_text()


def fits_one_screen(status: Status) -> None:
    lines = shown(render_status(status)).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24


@pytest.mark.parametrize(
    ("version", "error", "problem"),
    [
        ("1", SettingsError, "version 1 of .* is live already"),
        ("2", ForeignModelError, "is of the project 'others', this is"),
        ("3", ForeignModelError, "is of a table with another id or label"),
        ("4", ForeignModelError, "was made under another contract"),
        ("5", ChecksumError, "version 5 of .* holds no bundle"),
        ("6", MissingOutputError, "has no version 6 with its files; there are: 1, 2, 3, 4, 5"),
        (None, MissingOutputError, "knows no version that was live before; name one"),
    ],
)
def test_what_cannot_be_live_is_refused_and_nothing_changes(project, version, error, problem):
    registry, model = open_registry(project), project.settings.project.model
    asked = connect(f"sqlite:///{project.paths.root / 'mlflow.db'}")
    own = registry.holder(CHAMPION).tags
    empty = project.paths.root / "empty"
    empty.mkdir()
    for tags in ({"project": "others"}, {"table": "f" * 16}, {"contract": "f" * 16}, {"digest": "none"}):
        asked.create_model_version(model, empty.as_uri(), tags=own | tags)
    before = live(project), len(registry.history().entries)
    with pytest.raises(error, match=problem):
        run_rollback(project, version, "a reason")
    assert (live(project), len(open_registry(project).history().entries)) == before


def move_alias(project: Project) -> None:
    asked = connect(f"sqlite:///{project.paths.root / 'mlflow.db'}")
    asked.create_model_version(project.settings.project.model, "gallop:/x", tags={})
    asked.set_registered_model_alias(project.settings.project.model, CHAMPION, "2")


def interrupt(project: Project) -> None:
    registry = open_registry(project)
    change = next_change(registry.history(), AUTHOR, command="promote", live="2", because="x")
    write_entry(connect(f"sqlite:///{project.paths.root / 'mlflow.db'}"), project.settings.project.model, change)


def delete_entry(project: Project) -> None:
    asked = connect(f"sqlite:///{project.paths.root / 'mlflow.db'}")
    asked.delete_model_version(f"{project.settings.project.model}.history", "1")


def damage(project: Project) -> None:
    path = project.paths.deployed / "live/model.json"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b"x")


def change_selection(project: Project) -> None:
    content = json.loads(project.paths.selection.read_text())
    content["selected"]["champion"] = "7"
    project.paths.selection.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("disagree", "what", "says"),
    [
        (move_alias, "registry and history", "the alias was moved to version 2 by other means, the history says 1"),
        (interrupt, "registry and history", "promote to version 2 is under way or was interrupted"),
        (delete_entry, "history", "which the registered model remembers, is not there"),
        (damage, "deployment", "damaged: "),
        (lambda project: project.paths.deployed.unlink(), "deployment", "nothing is deployed here; `gallop deploy`"),
        (change_selection, "last selection", "says version 7 is champion, it is 1"),
        (lambda project: project.paths.selection.write_text("{"), "last selection", "selection.json is damaged"),
    ],
)
def test_whatever_disagrees_is_named_and_ends_with_exit_code_1(project, disagree, what, says):
    runner, status = CliRunner(), ["--project", str(project.paths.root), "status"]
    assert runner.invoke(app, status).exit_code == 0
    disagree(project)
    done = runner.invoke(app, [*status, "--json"])
    assert done.exit_code == 1
    checks = {check["what"]: check for check in json.loads(done.stdout)["checks"]}
    assert not checks[what]["agrees"]
    assert says in checks[what]["says"]
    fits_one_screen(read_status(project))


def test_a_deployment_that_disagrees_is_mended_by_deploying(project):
    damage(project)
    change_selection(project)
    run_deploy(project)
    assert read_status(project).agrees


def test_what_is_not_trained_yet_is_said(project):
    assert read_status(project).untrained == ()
    params = project.paths.root / "params.yaml"
    params.write_text(params.read_text().replace("seed: 42", "seed: 43"))
    raw = project.paths.raw
    raw.write_bytes(raw.read_bytes() + b"\n")
    [pointer] = project.paths.root.rglob("*.csv.dvc")
    pointer.write_text(pointer.read_text().replace("md5: ", "md5: 0", 1).replace("0", "1", 1))
    another_candidate(project, "\n")
    said = read_status(Project.open(project.paths.root)).untrained
    assert [sentence.split()[0] for sentence in said] == [project.settings.data.raw, "params.yaml", "the"]
    shutil.rmtree(project.paths.candidate)
    assert read_status(project).untrained == ("there is no candidate here; `gallop run` trains one",)


def test_a_version_that_a_person_makes_live_is_fetched_again_where_it_is_not_here(project):
    another_candidate(project, "\n")
    run_model_selection(project)
    run_promote(project, "2", "x")
    for folder in project.paths.bundles.iterdir():
        if not folder.samefile(project.paths.deployed):
            shutil.rmtree(folder)
    run_rollback(project, "1", "x")
    assert live(project) == ("1",) * 4


def test_commands_say_what_they_did(project):
    another_candidate(project, "\n")
    run_model_selection(project)
    runner, here = CliRunner(), ["--project", str(project.paths.root)]

    def said(*arguments: str) -> tuple[int, str]:
        done = runner.invoke(app, [*here, *arguments])
        return done.exit_code, " ".join(done.stdout.split())

    assert "version 2 is live, instead of version 1; nothing is pinned" in said("promote", "2", "--because", "why")[1]
    assert "version 1 is live and pinned, instead of version 2" in said("rollback", "--because", "why not")[1]
    assert said("rollback", "2")[0] == said("promote", "2", "--because", " ")[0] == 2
    assert "version 1 is held no more" in said("unpin")[1]
    code, printed = said("history", "--top", "2")
    assert code == 0
    assert "version 1 unpinned" in printed
    assert "1 -> 2" not in printed
    changes = json.loads(runner.invoke(app, [*here, "history", "--json", "--all"]).stdout)["changes"]
    assert [change["number"] for change in changes] == [5, 4, 3, 2, 1]
    with closing(sqlite3.connect(project.paths.root / "mlflow.db")) as store:
        store.execute("delete from model_version_tags where key = 'gallop.entry.0' and version = 3")
        store.commit()
    code, printed = said("history")
    assert code == 1
    assert "The history is not whole: entry 3 was changed after it was written" in printed


def test_a_question_makes_no_registry(project):
    (project.paths.root / "mlflow.db").unlink()
    assert read_status(project).live is None
    assert not read_status(project).agrees
    assert read_registry_history(project).entries == ()
    assert not (project.paths.root / "mlflow.db").exists()
