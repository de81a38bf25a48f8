"""A search that is killed goes on where it was, and ends as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gallop.modelling.search.run import search
from tests.conftest import ROOT
from tests.support.made import ROLES, leads, training
from tests.support.resumed import SEED, digests


def searched(folder: Path, killed_after: int = 0, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tests.support.resumed", str(folder), str(killed_after)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def uninterrupted() -> dict:
    return json.loads(json.dumps(digests(search(*leads(300), ROLES, training(), SEED))))


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_killed_search_goes_on_from_its_journal_and_ends_with_the_trials_of_one_that_was_not(
    tmp_path, uninterrupted, killed_after
):
    folder = tmp_path / "studies"
    assert searched(folder, killed_after).returncode == -signal.SIGKILL
    assert list(folder.rglob("*.log"))
    done = searched(folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"trials": 4, "found": uninterrupted}
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "damage", [b"", b"no json\n", b'{"op_code": 5, "worker'], ids=["empty", "not JSON", "half a line"]
)
def test_a_journal_that_cannot_be_read_begins_the_search_again(tmp_path, uninterrupted, damage):
    folder = tmp_path / "studies"
    searched(folder, 1)
    for journal in folder.rglob("*.log"):
        journal.write_bytes((journal.read_bytes() if damage.startswith(b"{") else b"") + damage)
    done = searched(folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["found"] == uninterrupted


def test_whatever_damage_a_journal_takes_the_search_ends_with_the_same_trials(tmp_path):
    X, y = leads(120)
    whole = digests(search(X, y, ROLES, quick(), 1))
    cut_off(tmp_path)
    (journal,) = tmp_path.rglob("*.log")
    content, draw = journal.read_bytes(), random.Random(3)
    for attempt in range(12):
        changed = bytearray(content)
        if attempt % 3 == 0:
            del changed[draw.randrange(len(changed)) :]
        elif attempt % 3 == 1:
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        else:
            lines = content.splitlines(keepends=True)
            del lines[draw.randrange(len(lines))]
            changed = bytearray(b"".join(lines))
        journal.parent.mkdir(exist_ok=True)
        journal.write_bytes(changed)
        assert digests(search(X, y, ROLES, quick(), 1, folder=tmp_path)) == whole


@pytest.mark.parametrize("threads", ["1", "2"])
def test_another_process_with_one_thread_or_two_finds_the_same_to_the_last_bit(tmp_path, uninterrupted, threads):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    done = searched(tmp_path / "studies", **dict.fromkeys(names, threads))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["found"] == uninterrupted


def test_studies_of_other_searches_are_forgotten_and_a_finished_one_leaves_nothing(tmp_path):
    (tmp_path / "0123456789abcdef").mkdir()
    (tmp_path / "0123456789abcdef" / "splines.log").write_text("of long ago")
    search(*leads(120), ROLES, quick(), 1, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def cut_off(folder: Path, seed: int = 1, rows: int = 120, **changes) -> set[str]:
    def killed(_family: str) -> None:
        raise KeyboardInterrupt

    X, y = leads(rows)
    with pytest.raises(KeyboardInterrupt):
        search(X, y, ROLES, quick(**changes), seed, folder=folder, on_trial=killed)
    return {path.name for path in folder.iterdir()}


def quick(**changes):
    chosen = training(**changes)
    return chosen.model_copy(update={"families": {"splines": chosen.families["splines"]}})


def test_only_the_same_search_goes_on_from_a_study(tmp_path):
    first = cut_off(tmp_path)
    assert len(first) == 1
    assert cut_off(tmp_path) == first
    # Another budget goes on from what is there; other rows, seeds, folds or encodings begin anew.
    assert cut_off(tmp_path, budget="thorough", seconds=1000) == first
    others = [cut_off(tmp_path, **change) for change in ({"seed": 2}, {"rows": 121}, {"folds": 4}, {"clip_sd": 3.0})]
    assert all(len(each) == 1 for each in others)
    assert len({*first, *(name for each in others for name in each)}) == 5


def test_time_that_is_up_ends_a_search_with_what_it_has(monkeypatch):
    clock = iter(np.arange(0.0, 1e6, 600.0))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    found = search(*leads(120), ROLES, quick(seconds=60), 1)
    assert len(found.families["splines"].trials) == 1
