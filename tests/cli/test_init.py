"""A person at a terminal may change the role of a column, and may leave before anything is written."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.tables import csv_text, leads

GALLOP = str(Path(sys.executable).with_name("gallop"))


def typed(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """`gallop init` on a terminal where somebody types this."""
    (folder / "leads.csv").write_text(csv_text(leads(300)), encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [GALLOP, "init", "leads.csv", "--label", "converted", "--into", "project"]
    child = subprocess.Popen(
        command,
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        os.write(ours, text.encode())
        printed, _ = child.communicate(timeout=120)
    finally:
        child.kill()
        os.close(ours)
    return subprocess.CompletedProcess(command, child.returncode, printed, "")


def test_a_role_is_changed_by_name_and_wrong_names_and_roles_are_asked_for_again(tmp_path):
    done = typed(tmp_path, "no such column\nconverted\nn visits\nbanana\ncategory\n\n")
    assert done.returncode == 0, done.stdout
    assert "'no such column' is not a column whose role can change here" in done.stdout
    assert "'converted' is not a column whose role can change here" in done.stdout
    columns = YAML(typ="safe").load(tmp_path / "project" / "params.yaml")["table"]["columns"]
    assert columns["n visits"]["role"] == "category"
    assert columns["converted"]["role"] == "label"


def test_enter_takes_everything_as_proposed(tmp_path):
    done = typed(tmp_path, "\n")
    assert done.returncode == 0, done.stdout
    columns = YAML(typ="safe").load(tmp_path / "project" / "params.yaml")["table"]["columns"]
    assert columns["n visits"]["role"] == "number"


@pytest.mark.parametrize("keys", ["\x04", "n visits\n\x04"], ids=["at once", "in the middle"])
def test_who_ends_the_input_leaves_nothing_behind_and_sees_no_traceback(tmp_path, keys):
    done = typed(tmp_path, keys)
    assert done.returncode not in {0, None}
    assert "Traceback" not in done.stdout
    assert not (tmp_path / "project").exists()
