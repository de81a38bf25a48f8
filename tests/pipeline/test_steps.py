"""What the pipeline asks the engine to do, read from the calls that the stand-in recorded."""

import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from containers import steps

from gallop.stages import COMMANDS
from tests.pipeline.standin.calls import Call, Leaf
from tests.pipeline.standin.session import Backend, Recorder, Session
from tests.support.mlflow_server import mlflow_server

Run = Callable[..., Session]
STAGE_COMMANDS = [("gallop", stage.replace("_", "-")) for stage in COMMANDS]

INSTALL = ("pip", "install", "--require-hashes", "-r", "requirements.lock", "-c", "requirements.lock")


@pytest.fixture
def run(session: Session, pipeline: ModuleType, tmp_path: Path) -> Run:
    """Calls a function of the pipeline with a folder for its outputs."""

    def call(*arguments: str) -> Session:
        assert pipeline.main([*arguments, "--out", str(tmp_path)]) == 0
        return session

    return call


def evaluated(session: Session) -> list[Call]:
    """The calls that made the first container that was evaluated, in order."""
    return next(leaf.on for leaf in session.leaves if leaf.field == "sync").chain()


def commands(session: Session) -> list[tuple[str, ...]]:
    return [call["args"] for call in evaluated(session) if call.field == "withExec"]


def position(calls: list[Call], field: str, **args: object) -> int:
    """Where the only call with this field and these arguments stands."""
    positions = [i for i, call in enumerate(calls) if call.field == field and args.items() <= dict(call.args).items()]
    assert len(positions) == 1, f"{field} {args} was called {len(positions)} times"
    return positions[0]


def test_the_stages_run_in_the_projects_order_one_exec_each(run: Run) -> None:
    ran = commands(run("train"))
    assert [command for command in ran if command in STAGE_COMMANDS] == STAGE_COMMANDS


def test_train_is_what_runs_when_nothing_is_named(run: Run) -> None:
    assert STAGE_COMMANDS[0] in commands(run())


def test_the_data_is_pulled_before_the_first_stage_and_its_pin_is_never_moved(run: Run) -> None:
    ran = commands(run("train"))
    assert ran.index(("gallop", "data", "pull")) == ran.index(STAGE_COMMANDS[0]) - 1
    assert not [command for command in ran if "update" in command]


def test_the_lock_is_installed_before_the_source_comes_in(run: Run) -> None:
    calls = evaluated(run("train"))
    install = position(calls, "withExec", args=INSTALL)
    assert position(calls, "withFile", path="/project/requirements.lock") < install
    assert install < position(calls, "withDirectory", path="/project")


def test_nothing_but_the_lock_can_make_the_packages_install_anew(run: Run) -> None:
    calls = evaluated(run("train", "--tracking", "server", "--data-remote", "https://example.org/dvc"))
    install = calls[position(calls, "withExec", args=INSTALL)]
    from_host = [call for call in install.everything() if call.parent and call.parent.type == "Directory"]
    assert [(call.field, call["path"]) for call in from_host] == [("file", "requirements.lock")]


def test_downloaded_packages_are_kept_in_a_cache_volume(run: Run) -> None:
    calls = evaluated(run("train"))
    mount = calls[position(calls, "withMountedCache", path="/root/.cache/pip")]
    assert mount["cache"]["key"] == "gallop-pip"
    assert calls.index(mount) < position(calls, "withExec", args=("python3", "-m", "venv", "/opt/venv"))


def test_the_project_is_installed_without_asking_an_index(run: Run) -> None:
    install = next(command for command in commands(run("train")) if command[-1] == ".")
    assert {"--no-deps", "--no-build-isolation", "--no-index"} <= set(install)


def test_what_git_ignores_stays_on_the_host_and_so_does_git_itself(run: Run, pipeline: ModuleType) -> None:
    source = next(call for call in evaluated(run("train")) if call.field == "withDirectory")["source"]
    assert dict(source.args) == {"path": str(pipeline.HERE), "exclude": (".git",), "gitignore": True}


def test_a_folder_with_data_is_mounted_and_named(run: Run, tmp_path: Path) -> None:
    calls = evaluated(run("train", "--data-remote", str(tmp_path)))
    mounted = calls[position(calls, "withMountedDirectory", path="/data-remote")]
    assert mounted["source"]["path"] == str(tmp_path)
    assert position(calls, "withEnvVariable", name="GALLOP_DATA_REMOTE", value="/data-remote")


def test_an_address_with_data_is_named_and_nothing_is_mounted(run: Run) -> None:
    calls = evaluated(run("train", "--data-remote", "https://example.org/dvc"))
    assert position(calls, "withEnvVariable", name="GALLOP_DATA_REMOTE", value="https://example.org/dvc")
    assert "withMountedDirectory" not in [call.field for call in calls]


def test_a_tracking_server_on_postgresql_is_bound_before_the_stages(run: Run) -> None:
    calls = evaluated(run("train", "--tracking", "server"))
    bound = calls[position(calls, "withServiceBinding", alias="mlflow")]
    assert calls.index(bound) < position(calls, "withExec", args=STAGE_COMMANDS[0])
    assert position(calls, "withEnvVariable", name="MLFLOW_TRACKING_URI", value="http://mlflow:5000")
    server = bound["service"].chain()
    postgres = server[position(server, "withServiceBinding", alias="postgres")]["service"].chain()
    assert bound["service"]["args"][:2] == ("mlflow", "server")
    assert "postgresql+psycopg://mlflow@postgres:5432/mlflow" in bound["service"]["args"]
    assert position(server, "withExposedPort", port=5000)
    assert position(postgres, "withExposedPort", port=5432)
    state = postgres[position(postgres, "withMountedCache", path="/var/lib/postgresql/data")]
    assert state["sharing"] == "LOCKED"


def test_the_stages_wait_until_the_bound_server_answers_and_no_cache_knows_that(run: Run) -> None:
    calls = evaluated(run("train", "--tracking", "server"))
    waits = position(calls, "withExec", args=("python", "containers/wait.py", "http://mlflow:5000/health", "180"))
    assert position(calls, "withServiceBinding", alias="mlflow") < waits
    assert next(i for i, call in enumerate(calls) if call.get("name") == "PIPELINE_RUN") < waits
    assert waits < position(calls, "withExec", args=STAGE_COMMANDS[0])


def test_the_bound_servers_access_log_is_quiet(run: Run, tmp_path: Path) -> None:
    calls = evaluated(run("train", "--tracking", "server"))
    arguments = calls[position(calls, "withServiceBinding", alias="mlflow")]["service"]["args"]
    assert arguments[-2:] == steps.QUIET
    with mlflow_server(tmp_path, f"sqlite:///{tmp_path}/mlflow.db", options=steps.QUIET) as (address, _):
        urllib.request.urlopen(f"{address}/health", timeout=20).close()
    log = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert "Application startup complete" in log
    assert "GET /health" not in log


@pytest.mark.parametrize("tracking", [(), ("--tracking", "https://mlflow.example.org")])
def test_without_a_bound_server_nothing_waits(run: Run, tracking: tuple[str, ...]) -> None:
    assert not [command for command in commands(run("train", *tracking)) if "containers/wait.py" in command]


def test_a_server_that_runs_already_is_used_by_its_address(run: Run) -> None:
    calls = evaluated(run("train", "--tracking", "https://mlflow.example.org"))
    assert position(calls, "withEnvVariable", name="MLFLOW_TRACKING_URI", value="https://mlflow.example.org")
    assert "withServiceBinding" not in [call.field for call in calls]


def test_with_a_tracking_server_no_stage_is_answered_from_a_cache(run: Run) -> None:
    first, second = (stage_before(run("train", "--tracking", "server"), turn) for turn in (0, 1))
    assert first.id != second.id


def test_without_a_tracking_server_an_unchanged_run_is_the_same_calls(run: Run) -> None:
    first, second = (stage_before(run("train"), turn) for turn in (0, 1))
    assert first.id == second.id


def stage_before(session: Session, turn: int) -> Call:
    """The first stage of this turn."""
    synced = [leaf.on for leaf in session.leaves if leaf.field == "sync"][turn]
    return next(call for call in synced.chain() if call.field == "withExec" and call["args"] == STAGE_COMMANDS[0])


def test_secrets_are_passed_by_name_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2-hunter2")
    session = run("train", "--secret", "MLFLOW_TRACKING_PASSWORD")
    calls = evaluated(session)
    assert calls[position(calls, "withSecretVariable")]["secret"]["uri"] == "env://MLFLOW_TRACKING_PASSWORD"
    assert not [query for query in session.queries if "hunter2" in query]


def test_models_and_reports_reach_the_host_after_everything_is_evaluated(run: Run, tmp_path: Path) -> None:
    session = run("train")
    fields = [leaf.field for leaf in session.leaves]
    assert fields[:3] == ["sync", "export", "export"]
    exports = [leaf for leaf in session.leaves if leaf.field == "export"]
    assert [leaf.on["path"] for leaf in exports] == ["models", "reports"]
    assert [leaf["wipe"] for leaf in exports] == [True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "reports"]


def test_an_export_leaves_nothing_of_the_run_before(run: Run, tmp_path: Path) -> None:
    stale = tmp_path / "models" / "stale.pkl"
    stale.parent.mkdir()
    stale.touch()
    run("train")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["exported"]


def test_the_summary_is_written_by_a_command_and_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    calls = evaluated(run("train"))
    assert calls[-1]["args"] == ("gallop", "show", "--markdown")
    assert calls[-1]["redirectStdout"] == "/project/reports/summary.md"
    assert "<contents>" in capsys.readouterr().out


def test_exported_folders_are_open_to_all_as_they_were_in_the_container(
    session_with: Callable[[Backend], Session], pipeline: ModuleType, tmp_path: Path
) -> None:
    class AsTheEngineExports(Recorder):
        def answer(self, leaf: Leaf, type_: str) -> Any:
            answer = super().answer(leaf, type_)
            if leaf.field == "export":
                target = Path(leaf["path"])
                if target.is_dir():
                    (target / "bundles/one").mkdir(parents=True)
                    (target / "bundles/one/model").touch(mode=0o644)
                    (target / "deployed").symlink_to("bundles/one")
                    for path in (target / "bundles/one", target / "bundles", target):
                        path.chmod(0o700)
                else:
                    target.chmod(0o600)
            return answer

    session_with(AsTheEngineExports())
    out, tarball = tmp_path / "out", tmp_path / "image.tar"
    assert pipeline.main(["train", "--out", str(out)]) == 0
    exported = [path for path in out.rglob("*") if not path.is_symlink()]
    assert len(exported) == 10
    modes = {"folder": {path.stat().st_mode & 0o777 for path in exported if path.is_dir()}}
    modes["file"] = {path.stat().st_mode & 0o777 for path in exported if path.is_file()}
    assert modes == {"folder": {0o755}, "file": {0o644}}
    assert (out / "models/deployed").readlink() == Path("bundles/one")
    assert pipeline.main(["image", "--out", str(out), "--tarball", str(tarball)]) == 0
    assert tarball.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("verb", ["check", "test"])
def test_checks_and_tests_have_a_repository_of_one_commit(run: Run, verb: str) -> None:
    made = commands(run(verb))[-2]
    assert made[:2] == ("sh", "-c")
    assert made[2].startswith("git init --quiet && git add --all && ")


@pytest.mark.parametrize("verb", ["check", "test"])
def test_checks_and_tests_are_the_makefiles(run: Run, verb: str) -> None:
    assert commands(run(verb))[-1] == ("make", "--old-file=.venv/ready", "BIN=/opt/venv/bin", verb)


def test_validate_judges_the_hosts_model(run: Run, tmp_path: Path) -> None:
    model = tmp_path / "models" / "model.pkl"
    model.parent.mkdir()
    model.touch()
    calls = evaluated(run("validate"))
    assert calls[position(calls, "withFile", path="/tmp/model.pkl")]["source"]["path"] == str(model)
    assert calls[-1]["args"] == ("gallop", "validate", "/tmp/model.pkl", "--isolated")


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """A deployed bundle, as the link that `deploy` makes."""
    bundle = tmp_path / "models" / "bundles" / "one"
    bundle.mkdir(parents=True)
    (tmp_path / "models" / "deployed").symlink_to("bundles/one")
    return bundle


def test_the_image_holds_the_deployed_bundle_and_runs_without_rights(run: Run, deployed: Path, tmp_path: Path) -> None:
    tarball = tmp_path / "out" / "image.tar"
    session = run("image", "--tarball", str(tarball))
    calls = evaluated(session)
    assert "slim" in calls[position(calls, "from")]["address"]
    assert calls[position(calls, "withDirectory", path="/project/models/deployed")]["source"]["path"] == str(deployed)
    assert "libgomp1" in commands(session)[0][-1]
    assert position(calls, "withUser", name="10001:10001")
    assert position(calls, "withEntrypoint", args=("gallop",))
    assert tarball.is_file()


@pytest.mark.usefixtures("deployed")
def test_the_image_serves_with_keys_from_a_folder_that_its_user_may_write_to(run: Run, tmp_path: Path) -> None:
    session = run("image", "--tarball", str(tmp_path / "image.tar"))
    calls = evaluated(session)
    (served,) = [call["args"] for call in calls if call.field == "withDefaultArgs"]
    # Bound for others to reach, so a key is asked for; the image's user can record nothing beside the model.
    assert served == ("serve", "--host", "0.0.0.0", "--no-record", "--keys-file", "/keys/keys.json")
    made = ("install", "-d", "-m", "700", "-o", "10001", "-g", "10001", "/keys")
    assert position(calls, "withExec", args=made) < position(calls, "withUser")


@pytest.mark.usefixtures("deployed")
def test_the_image_is_pushed_only_on_request(run: Run, tmp_path: Path) -> None:
    session = run("image", "--tarball", str(tmp_path / "image.tar"))
    assert "publish" not in [leaf.field for leaf in session.leaves]
    run("image", "--tarball", str(tmp_path / "image.tar"), "--push", "registry.example.org/gallop:1")
    assert [leaf["address"] for leaf in session.leaves if leaf.field == "publish"] == ["registry.example.org/gallop:1"]
