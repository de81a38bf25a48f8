"""The synthetic sample's files are told from a person's by their digest."""

from pathlib import Path

import pytest

from gallop.errors import ForeignFileError
from gallop.flow import sample_files
from gallop.flow.project import ProjectPaths


@pytest.fixture
def paths(tmp_path: Path) -> ProjectPaths:
    return ProjectPaths(tmp_path, tmp_path / "data/raw/raw_data.csv")


def names(paths: ProjectPaths) -> list[str]:
    folder = paths.raw.parent
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_what_is_written_is_known_and_removed(paths) -> None:
    sample_files.write_files(paths, "leads", "truth")
    assert names(paths) == ["sample.csv", "sample.sha256", "sample_truth.csv"]
    assert sample_files.is_own(paths, paths.sample)
    sample_files.write_files(paths, "other leads", "other truth")
    assert paths.sample.read_text() == "other leads"
    sample_files.remove_files(paths)
    assert names(paths) == []


@pytest.mark.parametrize("name", ["sample.csv", "sample_truth.csv"])
def test_a_persons_file_of_that_name_stops_everything(paths, name) -> None:
    own = paths.raw.with_name(name)
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    with pytest.raises(ForeignFileError, match="gallop did not make it"):
        sample_files.write_files(paths, "leads", "truth")
    assert not sample_files.is_own(paths, own)
    sample_files.remove_files(paths)
    assert names(paths) == [name]
    assert own.read_text() == "mine"


def test_a_sample_that_was_changed_is_no_longer_ours(paths) -> None:
    sample_files.write_files(paths, "leads", "truth")
    paths.sample.write_text("leads, and a note")
    assert not sample_files.is_own(paths, paths.sample)
    with pytest.raises(ForeignFileError):
        sample_files.write_files(paths, "leads", "truth")
    sample_files.remove_files(paths)
    assert names(paths) == ["sample.csv"]


def test_a_write_that_was_killed_between_its_files_is_taken_up_again(paths) -> None:
    sample_files.write_files(paths, "old leads", "old truth")
    listed = paths.sample_digests.read_text()
    sample_files.write_files(paths, "leads", "truth")
    # As after the first of the two files: the list has all four digests then.
    paths.sample_digests.write_text(listed + paths.sample_digests.read_text())
    paths.truth.write_text("old truth")
    sample_files.write_files(paths, "leads", "truth")
    assert (paths.sample.read_text(), paths.truth.read_text()) == ("leads", "truth")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"abc  sample.csv\n"])
def test_a_damaged_list_makes_nothing_ours(paths, content) -> None:
    sample_files.write_files(paths, "leads", "truth")
    paths.sample_digests.write_bytes(content)
    assert not sample_files.is_own(paths, paths.sample)
    sample_files.remove_files(paths)
    assert paths.sample.exists()


def test_the_raw_table_is_never_the_sample_whatever_its_name(tmp_path: Path) -> None:
    paths = ProjectPaths(tmp_path, tmp_path / "data/raw/sample.csv")
    assert paths.sample != paths.raw
    outside = ProjectPaths(tmp_path / "project", tmp_path / "project/../table.csv")
    assert outside.sample == tmp_path / "project/data/raw/sample.csv"
