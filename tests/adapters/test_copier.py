"""The repository's own project is an instance of the template that `gallop init` renders."""

import compileall
import re
import shutil
from pathlib import Path

import copier
import pytest
from ruamel.yaml import YAML

from gallop.adapters.copier import TEMPLATE
from gallop.settings.params import Settings, load_settings


def reference_answers(settings: Settings) -> dict:
    """What a person would answer to get the reference project."""
    raw = YAML(typ="safe").load(Path("params.yaml").read_text(encoding="utf-8"))
    table, training = raw["table"], raw["training"]
    return {
        "name": raw["project"]["name"],
        "model": raw["project"]["model"],
        "raw": raw["data"]["raw"],
        "sample_rows": raw["data"]["sample_rows"],
        "missing": table["missing"],
        "max_defect_share": table["max_defect_share"],
        "on_new": table.get("on_new"),
        "moments": list(settings.table.moments),
        "score_at": settings.table.score_at,
        "label": table["label"]["column"],
        "positive": table["label"]["positive"],
        "negative": table["label"]["negative"],
        "label_other": table["label"]["other"],
        "window": table.get("window"),
        "keep": table.get("keep", {}),
        "columns": [{"name": name, "keys": keys} for name, keys in table["columns"].items()],
        "bins": raw["features"].get("bins", {}),
        "dates": raw["features"].get("dates", {}),
        "inputs": raw["features"]["inputs"],
        "clip_sd": training["clip_sd"],
        "encoding_of": training.get("encoding"),
        "families": training["families"],
        "contract": raw["export"]["contract"],
        "leaks": raw["leaks"]["acknowledged"],
        **{name: raw["decision"][name] for name in ("threshold", "value", "cost", "example", "capacity")},
    }


@pytest.fixture(scope="module")
def rendered(root, settings, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        answers = reference_answers(settings)
    copier.run_copy(str(TEMPLATE), folder, data=answers, defaults=True, quiet=True)
    return folder


def test_the_reference_settings_are_the_templates(rendered, settings):
    assert load_settings(rendered / "params.yaml") == settings


def test_the_reference_stages_are_the_templates_but_for_their_code(rendered, root):
    def stages(path: Path) -> dict:
        stages = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["stages"]
        for stage in stages.values():
            # The repository's stages depend on its own code, a generated project's on gallop's version.
            stage["deps"] = [name for name in stage["deps"] if not re.match(r"src/|\.gallop-version", name)]
        return stages

    assert stages(rendered / "dvc.yaml") == stages(root / "dvc.yaml")


def test_the_reference_project_ignores_what_the_template_ignores_and_what_its_development_makes(rendered, root):
    own, template = ((folder / ".gitignore").read_text(encoding="utf-8").splitlines() for folder in (root, rendered))
    assert [line for line in own if line not in {".coverage", ".coverage.*", "/site/"}] == template


@pytest.mark.parametrize("name", [".dvcignore", ".dvc/config", ".dvc/.gitignore", "models/.gitkeep"])
def test_the_reference_files_are_the_templates(rendered, root, name):
    assert (rendered / name).read_text(encoding="utf-8") == (root / name).read_text(encoding="utf-8")


def test_a_generated_project_has_no_code_of_its_own_among_its_dependencies(rendered):
    deps = {
        name
        for stage in YAML(typ="safe").load((rendered / "dvc.yaml").read_text())["stages"].values()
        for name in stage["deps"]
    }
    assert ".gallop-version" in deps
    assert not any(name.startswith("src/") for name in deps)


def test_the_template_renders_by_itself(tmp_path):
    copier.run_copy(str(TEMPLATE), tmp_path, data={"name": "shop", "label": "bought"}, defaults=True, quiet=True)
    assert load_settings(tmp_path / "params.yaml").table.label.column == "bought"


def test_what_a_generated_project_points_to_is_there(rendered):
    texts = {path: path.read_text(encoding="utf-8") for path in rendered.rglob("*") if path.is_file()}
    assert [str(path) for path, text in texts.items() if re.search(r"\bdocs/|gallop/src|\]\(", text)] == []
    readme = texts[rendered / "README.md"]
    named = set(re.findall(r"`([\w.-]+\.(?:txt|lock|yaml|py|yml))`", readme))
    assert {"requirements.txt", "requirements.lock", "params.yaml"} <= named
    assert [name for name in named if not (rendered / name).is_file()] == []


def test_bytecode_that_an_installation_makes_of_the_template_stays_out_of_a_project(tmp_path):
    template = shutil.copytree(TEMPLATE, tmp_path / "template")
    assert compileall.compile_dir(template, quiet=1)
    assert list(template.rglob("*.pyc"))
    copier.run_copy(str(template), tmp_path / "made", data={"name": "shop"}, defaults=True, quiet=True)
    assert not [path for path in (tmp_path / "made").rglob("*") if "pyc" in path.name]
