"""The generated project's pipeline and workflow: the repository's own stages and pins."""

import importlib.util
import re
from pathlib import Path

import pytest

from gallop.adapters.copier import TEMPLATE
from gallop.stages import COMMANDS
from tests.pipeline.github import content
from tests.pipeline.standin.session import Recorder

PROJECT = TEMPLATE / "project"


@pytest.fixture
def generated():
    """The template's pipeline.py, unmodified."""
    spec = importlib.util.spec_from_file_location("generated_pipeline", PROJECT / "pipeline.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_pipeline_runs_every_stage_in_order_and_then_exports(generated, session, tmp_path):
    assert generated.main(["--out", str(tmp_path), "--data-remote", str(tmp_path), "--secret", "TOKEN"]) == 0

    calls = next(leaf.on for leaf in session.leaves if leaf.field == "sync").chain()
    commands = [call["args"] for call in calls if call.field == "withExec"]
    assert commands == [
        ("pip", "install", "-r", "requirements.txt"),
        ("gallop", "data", "pull"),
        *[("gallop", stage.replace("_", "-")) for stage in COMMANDS],
        ("gallop", "show", "--markdown"),
    ]
    assert [call["name"] for call in calls if call.field == "withSecretVariable"] == ["TOKEN"]
    assert len([leaf for leaf in session.leaves if leaf.field == "export"]) == 2


def test_the_generated_workflow_shows_the_summary_that_the_generated_pipeline_writes(generated, session, tmp_path):
    assert generated.main(["--out", str(tmp_path)]) == 0

    calls = next(leaf.on for leaf in session.leaves if leaf.field == "sync").chain()
    written = [call["redirectStdout"] for call in calls if call.field == "withExec" and call["args"][1] == "show"]
    assert written == ["/project/reports/summary.md"]
    steps = content(PROJECT / ".github/workflows/train.yml")["jobs"]["train"]["steps"]
    (shown,) = [step["run"] for step in steps if "GITHUB_STEP_SUMMARY" in step.get("run", "")]
    assert shown == 'cat reports/summary.md >> "$GITHUB_STEP_SUMMARY"'


def test_the_generated_pipeline_installs_from_the_requirements_and_wheels_alone(generated, session, tmp_path):
    assert generated.main(["--out", str(tmp_path)]) == 0

    calls = next(leaf.on for leaf in session.leaves if leaf.field == "sync").chain()
    before = calls[: next(i for i, call in enumerate(calls) if call.field == "withExec")]
    taken = [call["source"] for call in before if call.field == "withDirectory"]
    assert [source["include"] for source in taken] == [("requirements*", "wheels")]


def test_the_generated_pipeline_takes_another_image_from_the_environment(generated, session, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_IMAGE", "localhost/mine")
    assert generated.main(["--out", str(tmp_path)]) == 0
    calls = next(leaf.on for leaf in session.leaves if leaf.field == "sync").chain()
    assert next(call["address"] for call in calls if call.field == "from") == "localhost/mine"


def test_the_generated_pipeline_names_the_step_that_failed_and_leaves_what_it_said_to_the_log(
    generated, session_with, tmp_path, capsys
):
    session_with(Recorder({("gallop", "data-clean"): (12, "", "leads.csv: no row is left")}))
    assert generated.main(["--out", str(tmp_path)]) == 12
    assert capsys.readouterr().err == "pipeline: gallop data-clean failed with exit code 12, see above\n"


def test_folders_that_the_generated_pipeline_exports_are_open_to_all(generated, session_with, tmp_path):
    class AsTheEngineExports(Recorder):
        def answer(self, leaf, type_):
            answer = super().answer(leaf, type_)
            if leaf.field == "export":
                Path(leaf["path"]).chmod(0o700)
            return answer

    session_with(AsTheEngineExports())
    assert generated.main(["--out", str(tmp_path)]) == 0
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o755}


def test_the_generated_workflow_trains_on_the_default_branch_whatever_it_is_called():
    workflow = content(PROJECT / ".github/workflows/train.yml")
    assert workflow["on"] == {"push": None, "workflow_dispatch": None}
    condition = workflow["jobs"]["train"]["if"]
    assert condition.endswith("|| github.ref_name == github.event.repository.default_branch")
    assert condition.startswith("github.event_name == 'workflow_dispatch' ||")


def test_the_generated_project_has_the_repositorys_pins(root):
    def uses(path: Path) -> set[str]:
        return set(re.findall(r"uses: (\S+@[0-9a-f]{40} # \S+)", path.read_text(encoding="utf-8")))

    ours = set().union(*[uses(path) for path in (root / ".github/workflows").glob("*.yml")])
    assert uses(PROJECT / ".github/workflows/train.yml")
    assert uses(PROJECT / ".github/workflows/train.yml") <= ours
    image = re.search(r'IMAGE: Final = "(\S+)"', (PROJECT / "pipeline.py").read_text())
    assert image
    assert f"FROM {image[1]} AS python" in (root / "containers/images.Dockerfile").read_text()
    client = re.search(r"dagger-io==([0-9.]+)", (root / "pyproject.toml").read_text())
    assert client
    for name in ("pipeline.py", ".github/workflows/train.yml"):
        assert f"dagger-io=={client[1]}" in (PROJECT / name).read_text()
    assert f'version: "{client[1]}"' in (PROJECT / ".github/workflows/train.yml").read_text()
