"""A new project's files go beside a person's, or nowhere."""

import shutil
from pathlib import Path

import pytest

from gallop.adapters import git
from gallop.errors import DvcError, ForeignFileError, SettingsError
from gallop.flow.placing import placed_files, plan

FILES = {
    "README.md": "gallop's",
    "Makefile": "gallop's",
    ".gitignore": "/models/*",
    "dvc.yaml": "stages: {}",
    ".gallop-version": "1",
    ".dvc/config": "[core]",
    "models/.gitkeep": "",
    "params.yaml": "project: {}",
}


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "rendered" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "leads.csv").write_text("a,b")
    (tmp_path / "into").mkdir()
    return tmp_path


def put(folder: Path, into: str = "into"):
    return plan(folder / "rendered", {"data/raw/leads.csv": folder / "leads.csv"}, folder / into)


def everything(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_an_empty_folder_gets_every_file_and_the_table(rendered: Path) -> None:
    with placed_files(put(rendered, "new/folder")):
        assert not (rendered / "new/folder/params.yaml").exists()
    assert everything(rendered / "new/folder") == FILES | {"data/raw/leads.csv": "a,b"}


def test_a_persons_files_stay_and_gallops_come_beside_them(rendered: Path) -> None:
    mine = {"README.md": "mine", "Makefile": "mine", ".gitignore": "mine", ".dvc/config": "mine", "src/a.py": "mine"}
    (rendered / "into/.dvc").mkdir()
    (rendered / "into/src").mkdir()
    for name, text in mine.items():
        (rendered / "into" / name).write_text(text)
    wanted = put(rendered)
    with placed_files(wanted):
        pass
    after = everything(rendered / "into")
    assert {name: after[name] for name in mine} == mine
    assert wanted.left_alone == {
        ".gitignore": ".gitignore.gallop",
        "Makefile": "Makefile.gallop",
        "README.md": "README.gallop.md",
    }
    assert after["README.gallop.md"] == "gallop's"
    assert after["models/.gitignore"].startswith("*")


@pytest.mark.parametrize("name", ["dvc.yaml", ".gallop-version", "data/raw/leads.csv"])
def test_a_file_that_a_project_needs_of_its_own_stops_everything(rendered: Path, name: str) -> None:
    (rendered / "into" / name).parent.mkdir(parents=True, exist_ok=True)
    (rendered / "into" / name).write_text("mine")
    with pytest.raises(ForeignFileError, match="already, not made by gallop"):
        put(rendered)
    assert everything(rendered / "into") == {name: "mine"}


def test_a_folder_with_settings_has_a_project(rendered: Path) -> None:
    (rendered / "into/params.yaml").write_text("")
    with pytest.raises(SettingsError, match="there is a project already"):
        put(rendered)


def test_what_an_init_that_was_killed_left_is_taken_over(rendered: Path) -> None:
    shutil.copytree(rendered / "rendered", rendered / "into", dirs_exist_ok=True)
    (rendered / "into/params.yaml").unlink()
    wanted = put(rendered)
    assert wanted.left_alone == {}
    with placed_files(wanted):
        pass
    assert everything(rendered / "into") == FILES | {"data/raw/leads.csv": "a,b"}


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failure_takes_back_what_was_written_and_nothing_else(rendered: Path, error: type[BaseException]) -> None:
    (rendered / "into/README.md").write_text("mine")
    (rendered / "into/data").mkdir()
    before = everything(rendered)
    wanted = put(rendered)

    def fail() -> None:
        with placed_files(wanted):
            raise error

    with pytest.raises(error):
        fail()
    assert everything(rendered) == before
    assert sorted(path.name for path in (rendered / "into").iterdir()) == ["README.md", "data"]


@pytest.mark.parametrize(
    ("rule", "into"),
    [("data/", "into"), ("data/", "new/folder"), ("*.dvc", "into"), ("/into/data/raw/*", "into"), ("*.lock", "into")],
)
def test_a_rule_of_git_that_hides_what_dvc_keeps_is_named(rendered: Path, rule: str, into: str) -> None:
    assert git.start(rendered)
    (rendered / ".gitignore").write_text(f"*.log\n{rule}\n")
    before = everything(rendered)
    with pytest.raises(DvcError) as error:
        put(rendered, into)
    assert f"`{rule}` in line 2 of .gitignore makes Git ignore" in str(error.value)
    assert everything(rendered) == before


def test_rules_that_do_not_matter_or_are_taken_back_stop_nothing(rendered: Path) -> None:
    assert git.start(rendered)
    (rendered / ".gitignore").write_text("*.log\n*.csv\n*.lock\n!dvc.lock\nmodels/\n")
    put(rendered)
