"""Kills, full disks and runs at once, many of each: no third state, no traceback, the live model always whole.

`GALLOP_CAMPAIGN=0.2` makes a fifth of it.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from gallop.artifacts.bundle import verify_bundle
from tests.support.checkouts import GALLOP, Checkout
from tests.support.disks import fill, small_disk
from tests.support.tables import csv_text, leads

pytestmark = pytest.mark.slow
SHARE = float(os.environ.get("GALLOP_CAMPAIGN", "1"))
COMMANDS = (
    *("run", "run", "run", "data-clean", "data-preprocess", "data-split", "model-training", "report"),
    *("model-selection", "deploy", "track", "data pull", "show", "score data/raw/leads.csv -o scores.csv", "init"),
)


def start(project: Checkout, command: str) -> subprocess.Popen:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))}
    return subprocess.Popen(
        [str(GALLOP), *command.split()],
        cwd=project.folder,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen) -> tuple[int, str]:
    """Wait for a command; it must not have printed a traceback. Returns its exit code and what it printed."""
    printed, _ = process.communicate(timeout=300)
    assert "Traceback" not in printed, printed
    return process.returncode, printed


def change(project: Checkout, number: int) -> None:
    """Give the next run something to do in every stage."""
    params = project.folder / "params.yaml"
    lines = [f"seed: {number}" if line.startswith("seed: ") else line for line in params.read_text().splitlines()]
    params.write_text("\n".join(lines) + "\n")


def leftovers(project: Checkout) -> list[Path]:
    return [path for path in project.folder.rglob("*") if path.match(".*.tmp") or path.match(".*.coming")]


def test_a_hundred_kills_leave_the_live_model_whole_and_the_next_run_mends_the_rest(little: Checkout) -> None:
    draw, counts = random.Random(12), {"killed": 0, "ended before": 0, "mended by a run": 0}
    raw = (little.folder / "data/raw/leads.csv").read_bytes()
    for attempt in range(max(8, round(100 * SHARE))):
        command = COMMANDS[attempt % len(COMMANDS)]
        change(little, attempt)
        if command == "init":
            kill_an_init(little.folder.parent / f"init{attempt}", draw)
            continue
        process = start(little, command)
        time.sleep(draw.uniform(0.3, 12.0 if command == "run" else 5.0))
        counts["ended before" if process.poll() is not None else "killed"] += 1
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        end(process)
        verify_bundle(little.folder / "models/deployed")
        assert (little.folder / "data/raw/leads.csv").read_bytes() == raw
        if attempt % 8 == 7:
            code, printed = end(start(little, "run"))
            assert code == 0, printed
            counts["mended by a run"] += 1
    little.gallop("run")
    assert "Nothing changed" in little.gallop("run")
    assert leftovers(little) == []
    print(counts)


def kill_an_init(folder: Path, draw: random.Random) -> None:
    """A person's files survive it, and the same command ends well afterwards."""
    folder.mkdir()
    mine = {"leads.csv": csv_text(leads(300)), "README.md": "mine", ".gitignore": "*.log"}
    for name, text in mine.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = "init leads.csv --label converted --yes"
    process = start(Checkout(folder), command)
    time.sleep(draw.uniform(0.5, 6.0))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    end(process)
    if not (folder / "params.yaml").exists():
        code, printed = end(start(Checkout(folder), command))
        assert code == 0, printed
    assert {name: (folder / name).read_text(encoding="utf-8") for name in mine} == mine


def test_a_disk_that_is_full_at_any_point_of_a_run_loses_nothing(little: Checkout, tmp_path: Path) -> None:
    codes: dict[int, int] = {}
    with small_disk(tmp_path / "disk", "60m") as disk:
        project = little.copy(disk / "project")
        steps = max(5, round(25 * SHARE))
        for attempt in range(steps):
            change(project, 1000 + attempt)
            # From nothing to what a run needs, closer where the first stages write.
            fill(disk, round(4_000_000 * (attempt / steps) ** 3))
            code, printed = end(start(project, "run"))
            codes[code] = codes.get(code, 0) + 1
            assert code in {0, 30}, printed
            assert code == 0 or "error: " in printed
            verify_bundle(project.folder / "models/deployed")
            assert (project.folder / "data/raw/leads.csv").read_bytes()
            (disk / "ballast").unlink(missing_ok=True)
        project.gallop("run")
        assert "Nothing changed" in project.gallop("run")
        assert leftovers(project) == []
    print(codes)


def test_of_two_runs_at_once_one_works_and_one_is_told_who_does(little: Checkout) -> None:
    outcomes: dict[tuple[int, ...], int] = {}
    for attempt in range(max(3, round(20 * SHARE))):
        change(little, 2000 + attempt)
        first = start(little, "run")
        time.sleep(random.Random(attempt).choice([0.0, 0.0, 0.3, 2.0]))
        second = start(little, "run")
        ended = [end(first), end(second)]
        codes = tuple(sorted(code for code, _ in ended))
        assert codes == (0, 29), ended
        (refusal,) = (printed for code, printed in ended if code == 29)
        assert "is in use by process" in " ".join(refusal.split())
        outcomes[codes] = outcomes.get(codes, 0) + 1
        verify_bundle(little.folder / "models/deployed")
    assert "Nothing changed" in little.gallop("run")
    print(outcomes)
