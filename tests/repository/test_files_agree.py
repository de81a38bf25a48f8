"""Files that must agree are held to it: stages and modules, settings and docs, changelog and version."""

import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import grimp
import pytest
from ruamel.yaml import YAML
from scripts import pages
from typer.main import get_command

import gallop
from gallop import errors
from gallop.cli.app import app
from gallop.stages import COMMANDS, DVC_STAGES, STAGES

# Modules that hold words, types and errors: they compute nothing that a stage's output could depend on, or their
# content reaches the stage through params.yaml.
VOCABULARY = {"errors", "results", "ports", "settings", "files", "__init__"}


@pytest.fixture(scope="module")
def dvc(root: Path) -> dict:
    return YAML(typ="safe").load((root / "dvc.yaml").read_text())["stages"]


def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    return [root / name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file()]


def test_every_stage_has_a_module_and_a_command_of_its_name() -> None:
    commands = get_command(app).commands  # ty: ignore[missing-attribute]
    for stage in STAGES:
        module = importlib.import_module(f"gallop.stages.{stage}")
        entries = ("train", "assess") if stage == "model_training" else (stage,)
        assert all(callable(getattr(module, entry)) for entry in entries)
    assert {command.replace("_", "-") for command in COMMANDS} <= set(commands)


def test_dvcs_stages_are_the_file_stages_in_order_with_their_commands(dvc: dict) -> None:
    assert tuple(dvc) == DVC_STAGES
    for stage, definition in dvc.items():
        assert definition["cmd"] == f"gallop {stage.replace('_', '-')}"


def test_no_output_is_removed_before_its_stage_has_a_new_one(dvc: dict) -> None:
    for definition in dvc.values():
        for output in [*definition["outs"], *definition.get("metrics", [])]:
            assert next(iter(output.values()))["persist"] is True


def computed_with(graph: grimp.ImportGraph, module: str) -> set[str]:
    """A module and all it imports, directly or not, without going through the vocabulary."""
    reached, waiting = set(), {module}
    while waiting:
        reached |= (now := waiting)
        imported = {other for name in now for other in graph.find_modules_directly_imported_by(name)}
        waiting = (
            {name for name in imported if name.split(".")[1:2] not in [[name] for name in VOCABULARY]}
            - reached
            - {"gallop"}
        )
    return reached


@pytest.mark.parametrize("stage", DVC_STAGES)
def test_a_stage_declares_every_module_it_computes_with(stage: str, dvc: dict, root: Path) -> None:
    graph = grimp.build_graph("gallop")
    start = "gallop.reporting.html.page" if stage == "report" else f"gallop.stages.{stage}"
    needed = computed_with(graph, start)
    declared = [Path(path) for path in dvc[stage]["deps"]]
    for name in sorted(needed):
        path = Path("src", *name.split("."))
        file = path.with_suffix(".py") if (root / path.with_suffix(".py")).exists() else path / "__init__.py"
        if file.name == "__init__.py":
            continue
        assert any(file.is_relative_to(folder) for folder in declared), (
            f"{stage} imports {name}, dvc.yaml does not say so"
        )


def test_every_part_of_the_settings_is_a_parameter_of_some_stage_or_used_after_them(dvc: dict, root: Path) -> None:
    declared = {key for definition in dvc.values() for key in definition["params"]}
    sections = set(YAML(typ="safe").load((root / "params.yaml").read_text()))
    assert sections - declared == {"monitoring", "selection"}


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_that_follows_from_elsewhere_is_what_it_follows_from(name: str, root: Path) -> None:
    assert (root / "docs" / name).read_text() == pages.PAGES[name](), "run `python -m scripts.pages`"


def test_every_setting_is_documented() -> None:
    undocumented = [line for line in pages.settings_page().splitlines() if line.endswith("|  |")]
    assert undocumented == []


def test_every_error_has_an_exit_code_of_its_own() -> None:
    codes = [kind.exit_code for kind in errors.GallopError.__subclasses__() if kind is not errors.StageError]
    assert len(codes) == len(set(codes))
    assert not {0, 1, 2} & set(codes)


def test_the_changelog_knows_the_version(root: Path) -> None:
    assert f"## [{gallop.__version__}]" in (root / "CHANGELOG.md").read_text()
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"] == gallop.__version__


def test_every_make_verb_and_link_in_the_readme_exists(root: Path) -> None:
    text = "\n".join((root / name).read_text() for name in ("README.md", "CONTRIBUTING.md"))
    verbs = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) - {"makes"} <= verbs
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (root / link).exists(), link


def test_every_link_in_the_docs_exists(root: Path) -> None:
    for page in (root / "docs").rglob("*.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_lock_has_hashes_and_no_file_names_a_package_index(root: Path) -> None:
    lock = (root / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    hosts = [
        "pypi" + ".org",
        "python" + "hosted",
        "npmjs" + ".org",
        "repo1" + ".maven",
        "deb.debian" + ".org",
        "crates" + ".io/",
    ]
    for path in tracked(root):
        content = path.read_bytes()
        for host in hosts:
            assert host.encode() not in content, f"{path} names {host}"
    assert not (root / "uv.lock").exists()


def test_the_lock_never_has_both_packages_of_xgboost_for_one_platform(root: Path) -> None:
    for line in (root / "requirements.lock").read_text().splitlines():
        if line.startswith("xgboost=="):
            assert "sys_platform != 'linux'" in line
        if line.startswith("xgboost-cpu=="):
            assert "sys_platform == 'linux'" in line


def test_every_configured_remote_is_verified(root: Path) -> None:
    for name in (".dvc/config", "docs/data.md"):
        text = (root / name).read_text()
        assert text.count("remote add") == text.count("verify true")
        assert text.count("['remote") == text.count("verify = true") or name.endswith(".md")


def test_modules_stay_short(root: Path) -> None:
    for path in (root / "src").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 250, path
        assert path.stem not in {"utils", "helpers", "common"}


def test_every_file_and_folder_on_the_map_of_the_code_exists(root: Path) -> None:
    named = re.findall(r"`([\w./-]+(?:/|\.(?:py|md|sh|toml|yaml)))`", (root / "CONTRIBUTING.md").read_text())
    assert len(named) > 60
    homes = [root, root / "src/gallop", root / "src/gallop/template/project"]
    assert [name for name in named if not any((home / name).exists() for home in homes)] == []


def test_every_room_is_on_the_map_of_the_code(root: Path) -> None:
    rooms = re.search(r"\| room \|.*?\n\n", (root / "CONTRIBUTING.md").read_text(), flags=re.DOTALL)
    assert rooms
    paths = [
        path for path in (root / "src/gallop").iterdir() if path.name not in {"__pycache__", "template", "py.typed"}
    ]
    there = {path.name + "/" * path.is_dir() for path in paths}
    assert set(re.findall(r"`([\w.]+(?:/|\.py))`", rooms[0])) == there - {"__pycache__/", "template/", "py.typed"}


def test_every_text_file_is_as_the_editor_is_told(root: Path) -> None:
    assert "trim_trailing_whitespace = true" in (root / ".editorconfig").read_text()
    for path in tracked(root):
        content = path.read_bytes()
        if content and b"\0" not in content:
            content.decode("utf-8")
            assert content.endswith(b"\n"), path
            assert not re.search(rb"[ \t\r]\n", content), path


def test_hooks_before_a_commit_are_the_projects_own_tools(root: Path) -> None:
    (repository,) = YAML(typ="safe").load((root / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    checks = (root / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    for hook in repository["hooks"]:
        program = " ".join(hook["entry"].split()[:2]).removesuffix(" --offline").removesuffix(" -m")
        assert hook["language"] == "system"
        assert program in checks or program == "make --silent", hook["id"]
