"""What is pinned is pinned to the byte, and pins that name the same thing agree."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from containers import steps
from dagger._engine._version import CLI_VERSION

ROOT = Path(__file__).resolve().parents[2]
PINS = re.findall(
    r"^FROM (\S+) AS (\w+)$", (ROOT / "containers" / "images.Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("image", "name"), PINS)
def test_every_image_is_pinned_by_tag_and_digest(image: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(steps.image_variable(name), raising=False)
    assert re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image)
    assert steps.image(name) == image


def test_the_pipeline_has_all_its_images_and_no_others() -> None:
    assert sorted(name for _, name in PINS) == ["postgres", "python", "serving"]


def test_both_python_images_hold_the_same_python() -> None:
    tags = {name: image.split("@")[0] for image, name in PINS}
    assert tags["serving"] == tags["python"].replace("-bookworm", "-slim-bookworm")


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("python", "PIPELINE_IMAGE"),
        ("serving", "PIPELINE_IMAGE_SERVING"),
        ("postgres", "PIPELINE_IMAGE_POSTGRES"),
    ],
)
def test_each_image_has_a_variable_that_overrides_it_alone(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = {other: steps.image(other) for _, other in PINS}
    monkeypatch.setenv(variable, "localhost/mine")
    assert {other: steps.image(other) for _, other in PINS} == pinned | {name: "localhost/mine"}


def test_the_docs_name_every_variable_that_overrides_an_image() -> None:
    page = (ROOT / "docs/containers.md").read_text(encoding="utf-8")
    assert [name for _, name in PINS if f"`{steps.image_variable(name)}`" not in page] == []


def locked(path: str) -> dict[str, str]:
    """Name → the rest of its line: version and marker."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return dict(line.removesuffix(" \\").split("==", 1) for line in lines if re.match(r"\w[\w.-]*==", line))


@pytest.mark.parametrize("lock", ["containers/driver.lock", "containers/scoring.lock"])
def test_what_several_locks_hold_is_one_version(lock: str) -> None:
    project, part = (
        {name: rest.split(" ")[0] for name, rest in locked(path).items()} for path in ("requirements.lock", lock)
    )
    assert {name: version for name, version in part.items() if project.get(name, version) != version} == {}


def test_what_scores_is_a_part_of_what_trains() -> None:
    assert set(locked("containers/scoring.lock")) <= set(locked("requirements.lock"))


@pytest.mark.parametrize("name", ["driver", "scoring"])
def test_a_lock_holds_all_that_was_asked_for(name: str) -> None:
    asked = (ROOT / "containers" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    names = {re.split(r"[ ;=<>]", line)[0] for line in asked if line and not line.startswith("#")}
    assert names <= set(locked(f"containers/{name}.lock"))


def test_engine_client_library_and_project_name_one_version_of_dagger() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["pipeline"] == [f"dagger-io=={CLI_VERSION}"]
    assert version("dagger-io") == CLI_VERSION
    workflow = (ROOT / ".github" / "workflows" / "train-and-test.yml").read_text(encoding="utf-8")
    assert re.findall(r"^\s+version: (.+)$", workflow, re.MULTILINE) == [f'"{CLI_VERSION}"']
