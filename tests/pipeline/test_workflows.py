"""The workflows say nothing that the project does not have: verbs, commands, paths, artifacts, inputs."""

import itertools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from containers import steps
from typer.main import get_command

from gallop.cli.app import app
from gallop.flow.project import Project
from tests.pipeline.github import ACTION, ROOT, SOURCES, WORKFLOWS, Step, content, steps_of

BIN = Path(sys.executable).parent
USES = [
    (path, line.strip())
    for path in SOURCES
    for line in path.read_text().splitlines()
    if " uses:" in line and "#   " not in line
]
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "custom.github-workflows-require-timeout": WORKFLOWS,
    "vendor.github-actions": [ACTION],
    "vendor.dependabot": [ROOT / ".github" / "dependabot.yml"],
    "vendor.github-issue-forms": [ROOT / ".github/ISSUE_TEMPLATE" / name for name in ("bug.yml", "idea.yml")],
    "vendor.github-issue-config": [ROOT / ".github/ISSUE_TEMPLATE/config.yml"],
}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in content(path)["jobs"].items():
            yield f"{path.stem}.{name}", job


def all_steps() -> list[Step]:
    return [step for path in SOURCES for step in steps_of(path)]


def command_lines() -> list[list[str]]:
    """Every command that a workflow runs, split into words; those of Dagger's action too."""
    scripts = [step["run"] for step in all_steps() if "run" in step]
    scripts += [step["with"]["args"] for step in all_steps() if "dagger-for-github" in step.get("uses", "")]
    return [shlex.split(line) for script in scripts for line in script.splitlines() if line.strip()]


def called(program: str) -> list[list[str]]:
    """What a program is called with, over all workflows."""
    calls = []
    for words in command_lines():
        for index, word in enumerate(words):
            if Path(word).name == program and index < 3:
                calls.append(list(itertools.takewhile(lambda word: word not in {"|", ">>"}, words[index + 1 :])))
    return calls


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_files_meet_githubs_schemas(schema: str) -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, *map(str, SCHEMAS[schema])]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_auditor_finds_nothing_in_the_workflows() -> None:
    command = [str(BIN / "zizmor"), "--offline", "--no-progress", "--quiet", "--persona=auditor", "--format=json"]
    linted = subprocess.run([*command, str(ACTION), str(ROOT / ".github")], capture_output=True, text=True, check=False)
    assert json.loads(linted.stdout) == []


def test_there_is_something_to_look_at() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "release", "train-and-test"]
    assert len(USES) > 10
    assert len(command_lines()) > 10


@pytest.mark.parametrize(("path", "line"), USES, ids=lambda value: getattr(value, "name", None))
def test_every_action_is_pinned_by_commit_and_says_its_version(path: Path, line: str) -> None:
    assert re.fullmatch(r"(- )?uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # (v\d+\.\d+\.\d+|no release, main)", line), path


def test_each_action_is_pinned_at_one_commit_everywhere() -> None:
    pins = {line.split("uses: ")[1] for _, line in USES}
    assert len({pin.split("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_nothing_by_default_and_replaces_its_own_older_runs(path: Path) -> None:
    workflow = content(path)
    assert workflow["permissions"] == {}
    assert "github.ref" in workflow["concurrency"]["group"]


def test_only_publishing_may_write() -> None:
    writers = [name for name, job in jobs() if "write" in job["permissions"].values()]
    assert writers == ["release.publish"]


def test_no_checkout_leaves_its_credentials_behind() -> None:
    checkouts = [step for step in all_steps() if "actions/checkout" in step.get("uses", "")]
    assert [step for step in checkouts if step["with"].get("persist-credentials") is not False] == []


def test_every_verb_that_is_made_is_in_the_makefile() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = [words[0] for words in called("make")]
    assert {"check", "test"} <= set(asked)
    assert [verb for verb in asked if verb not in verbs] == []


def test_every_call_of_the_pipeline_is_one_that_it_takes(pipeline: ModuleType) -> None:
    calls = called("pipeline.py")
    assert [words[0] for words in calls].count("train") == 2
    for words in calls:
        assert pipeline.parse(words).function == words[0]


def test_every_call_of_gallop_is_one_that_it_takes() -> None:
    group = get_command(app)
    calls = called("gallop")
    assert {"show", "audit"} == {words[0] for words in calls}
    for call in calls:
        words = ["1" if word.startswith("$") else word for word in call]
        command = group.get_command(typer.Context(group), words[0])  # ty: ignore[missing-attribute]
        assert command is not None, words
        command.make_context(words[0], words[1:], resilient_parsing=False)


def test_every_file_of_the_project_that_is_named_is_there() -> None:
    named = {word for words in command_lines() for word in words if word.endswith((".lock", ".py", ".txt", ".sh"))}
    assert {"containers/driver.lock", "containers/scoring.lock", "pipeline.py"} <= named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_output_that_is_read_is_one_that_the_pipeline_writes() -> None:
    paths = Project.open(ROOT).paths
    written = {str(path.relative_to(ROOT)) for path in (paths.export, paths.report, paths.metrics)}
    uploaded = [step["with"]["path"].split() for step in all_steps() if "upload-artifact" in step.get("uses", "")]
    shown = [words[1] for words in command_lines() if words[0] == "cat"]
    outputs = [path for paths in uploaded for path in paths if path != "dist/"]
    assert sorted(outputs) == sorted(written)
    assert shown == [steps.SUMMARY]


def test_an_artifact_that_is_missing_fails_its_upload() -> None:
    uploads = [step["with"] for step in all_steps() if "upload-artifact" in step.get("uses", "")]
    assert sorted(upload["name"] for upload in uploads) == ["model", "release", "report"]
    assert {upload["if-no-files-found"] for upload in uploads} == {"error"}


def test_the_validator_judges_the_model_that_was_just_trained() -> None:
    workflow = content(ROOT / ".github" / "workflows" / "train-and-test.yml")
    assert workflow["name"] == "Train and Test Model"
    assert set(workflow["on"]) == {"push", "workflow_dispatch"}
    train, test = workflow["jobs"]["train"], workflow["jobs"]["test"]
    uploads = {
        step["with"]["name"]: step["with"]["path"] for step in train["steps"] if "upload" in step.get("uses", "")
    }
    assert uploads["model"] == "models/model.pkl"
    assert test["needs"] == "train"
    assert [step["uses"].split("@")[0] for step in test["steps"]] == [
        "lasselundstenjensen/itu-sdse-project-model-validator"
    ]


def test_artifacts_that_are_downloaded_were_uploaded() -> None:
    names = {kind: set[str]() for kind in ("upload", "download")}
    for step in all_steps():
        for kind, artifacts in names.items():
            if f"actions/{kind}-artifact" in step.get("uses", ""):
                artifacts.add(step["with"]["name"])
    assert names["download"] == {"release"}
    assert names["download"] <= names["upload"]


def test_pages_name_no_workflow_that_is_not_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"workflows/([\w-]+\.ya?ml)", page.read_text("utf-8"))}
    assert named <= {path.name for path in WORKFLOWS}
