"""A person's files: no command deletes or replaces what gallop did not make, and a failed `init` leaves nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.checkouts import IDENTITY, Checkout
from tests.support.tables import csv_text, leads


def everything(folder: Path) -> dict[str, bytes]:
    """Every file but Git's own, by its path."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def repository(folder: Path, **files: str) -> Checkout:
    """A person's own repository, with a table of leads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"leads.csv": csv_text(leads(300)), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"], [*IDENTITY, "commit", "-qm", "mine"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return Checkout(folder)


def init(project: Checkout, table: str | Path = "leads.csv", *options: str, code: int = 0) -> str:
    return " ".join(project.gallop("init", table, "--label", "converted", "--yes", *options, code=code).split())


def test_init_in_a_repository_keeps_each_of_its_files_and_names_them(tmp_path: Path, shared: Path) -> None:
    shutil.copytree(shared / "cases/init-overwrites-own-files", tmp_path / "repo")
    project = repository(tmp_path / "repo", **{".gitignore": "*.log\n"})
    before = everything(project.folder)
    printed = init(project)
    after = everything(project.folder)
    assert {name: after[name] for name in before} == before
    for name, beside in {
        "README.md": "README.gallop.md",
        ".gitignore": ".gitignore.gallop",
        "Makefile": "Makefile.gallop",
        "requirements.txt": "requirements.gallop.txt",
    }.items():
        assert f"{name} (the project's is {beside})" in printed
        assert beside in after


def test_gits_view_of_such_a_repository_stays_clean_of_models_and_reports(tmp_path: Path) -> None:
    project = repository(tmp_path, **{".gitignore": "*.log\n"})
    init(project)
    for name in ("models/deployed", "models/model.pkl", "reports/report.html"):
        assert not subprocess.run(["git", "check-ignore", "-q", name], cwd=tmp_path, check=False).returncode, name
    for name in ("reports/metrics.json", "reports/plots/roc.json", "params.yaml", "data/raw/leads.csv.dvc"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=tmp_path, check=False).returncode, name


def test_a_second_init_stops_before_it_writes(tmp_path: Path) -> None:
    project = repository(tmp_path)
    init(project)
    before = everything(tmp_path)
    assert "there is a project already" in init(project, code=3)
    assert everything(tmp_path) == before


def test_a_rule_of_git_that_hides_what_dvc_keeps_is_named_before_anything_is_written(tmp_path: Path) -> None:
    project = repository(tmp_path, **{".gitignore": "*.log\ndata/\n"})
    before = everything(tmp_path)
    printed = init(project, "leads.csv", "--into", "my-leads", code=34)
    assert "`data/` in line 2 of .gitignore makes Git ignore leads.csv.dvc" in printed
    assert everything(tmp_path) == before
    (tmp_path / ".gitignore").write_text("*.log\n")
    init(project, "leads.csv", "--into", "my-leads")


def test_a_rule_that_comes_later_stops_a_run_with_its_name(little: Checkout) -> None:
    (little.folder / ".gitignore").write_text("*.lock\n" + (little.folder / ".gitignore").read_text())
    printed = little.gallop("run", code=34)
    assert "'dvc.lock' is git-ignored" in printed
    assert "`*.lock` in line 1 of .gitignore" in printed


def test_an_init_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    project = repository(tmp_path / "repo", **{"README.md": "mine"})
    before = everything(project.folder)
    # DVC cannot write its cache there.
    (project.folder / ".dvc").mkdir()
    (project.folder / ".dvc/cache").write_text("a file where DVC wants a folder")
    before = everything(project.folder)
    init(project, code=31)
    assert everything(project.folder) == before


@pytest.mark.parametrize("name", ["sample.csv", "samples of may.csv"])
def test_a_table_of_any_name_works_and_stays(tmp_path: Path, name: str) -> None:
    raw = tmp_path / "data/raw" / name
    raw.parent.mkdir(parents=True)
    raw.write_text(csv_text(leads(300)), encoding="utf-8")
    project = Checkout(tmp_path)
    init(project, Path("data/raw") / name)
    params = tmp_path / "params.yaml"
    params.write_text(params.read_text().replace("  raw: ", "  sample_rows: 2000\n  raw: "))
    project.gallop("data", "sample")
    project.gallop("data", "pull")
    assert raw.read_text(encoding="utf-8") == csv_text(leads(300))
    assert "300 leads" in project.gallop("data-clean")


def test_a_persons_own_sample_beside_the_raw_table_is_neither_deleted_nor_replaced_nor_learnt_from(
    fresh: Checkout, remote: str
) -> None:
    own = fresh.folder / "data/raw/sample.csv"
    own.write_text("mine\n")
    assert "gallop did not make it" in fresh.gallop("data", "sample", code=32)
    assert "gallop did not make it" in fresh.gallop("run", code=32)
    assert "raw_data.csv: not there" in fresh.gallop("data-clean", code=21)
    fresh.environment["GALLOP_DATA_REMOTE"] = remote
    fresh.gallop("data", "pull")
    assert own.read_text() == "mine\n"


def test_a_sample_that_somebody_has_changed_is_theirs(fresh: Checkout, remote: str) -> None:
    fresh.gallop("data", "sample")
    changed = fresh.folder / "data/raw/sample.csv"
    changed.write_text(changed.read_text() + "one more row\n")
    fresh.environment["GALLOP_DATA_REMOTE"] = remote
    fresh.gallop("data", "pull")
    assert changed.read_text().endswith("one more row\n")
    assert not (fresh.folder / "data/raw/sample_truth.csv").exists()


def test_a_raw_table_outside_the_project_has_neighbours_that_stay(little: Checkout) -> None:
    outside = little.folder.parent
    (outside / "table.csv").write_bytes((little.folder / "data/raw/leads.csv").read_bytes())
    (outside / "sample.csv").write_text("mine\n")
    params = little.folder / "params.yaml"
    params.write_text(params.read_text().replace("raw: data/raw/leads.csv", "raw: ../table.csv\n  sample_rows: 2000"))
    little.gallop("data", "sample")
    little.gallop("data", "pull")
    assert (outside / "sample.csv").read_text() == "mine\n"
    assert not (little.folder / "data/raw/sample.csv").exists()


def test_scores_and_rejected_rows_of_an_earlier_scoring_are_replaced(little: Checkout) -> None:
    table = little.folder / "leads.csv"
    text = (little.folder / "data/raw/leads.csv").read_text()
    table.write_text(text + text.splitlines()[1] + "\n")
    for _ in range(2):
        little.gallop("score", "leads.csv", "-o", "scores.csv")
        assert "duplicate" in (little.folder / "scores.rejected.csv").read_text()
    table.write_text(text)
    little.gallop("score", "leads.csv", "-o", "scores.csv")
    assert not (little.folder / "scores.rejected.csv").exists()
