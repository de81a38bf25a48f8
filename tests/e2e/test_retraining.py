"""`gallop retrain` as a person uses it: a new table in place of the old one, and all as before where that fails."""

import hashlib
import re
from pathlib import Path

import pytest

from gallop.errors import DataUnavailableError, LeakError, MissingColumnError, ServerUnreachableError, SettingsError
from tests.support.checkouts import Checkout
from tests.support.tables import csv_text, leads


def write_leads(path: Path, rows: list[list[str]]) -> str:
    path.write_text(csv_text(rows), encoding="utf-8")
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def state(project: Checkout) -> dict[str, bytes]:
    """Outputs, raw data, its pointer, and what DVC knows of them; what waits to be recorded in MLflow is none."""
    files = [*(project.folder / "data/raw").iterdir(), project.folder / "dvc.lock"]
    outputs = {name: content for name, content in project.outputs().items() if not name.startswith("models/outbox")}
    return outputs | {path.name: path.read_bytes() for path in files}


def test_a_new_table_takes_the_raw_ones_place_whole_or_not_at_all(little: Checkout) -> None:
    raw, new = little.folder / "data/raw/leads.csv", little.folder / "new.csv"
    before, old = state(little), raw.read_bytes()
    header, *rows = leads(330, seed=8)
    label, visits = header.index("converted"), header.index("n visits")

    write_leads(new, [[*row[:visits], *row[visits + 1 :]] for row in (header, *rows)])
    assert "no column 'n visits'" in " ".join(
        little.gallop("retrain", "--data", new, code=MissingColumnError.exit_code).split()
    )
    new.rename(little.folder / "new.txt")
    little.gallop("retrain", "--data", "new.txt", code=SettingsError.exit_code)
    little.gallop("retrain", "--data", raw, code=SettingsError.exit_code)
    little.gallop("retrain", "--data", "absent.csv", code=DataUnavailableError.exit_code)
    assert state(little) == before

    # The stages of the data pass, and training stops: the column says what the label says.
    write_leads(new, [header, *([*row[:visits], row[label], *row[visits + 1 :]] for row in rows)])
    said = little.gallop("retrain", "--data", new, code=LeakError.exit_code)
    assert "are as they were before" in said
    assert state(little) == before
    assert list((little.folder / ".gallop").glob("before*")) == []

    # Leads whose outcome is not known yet are left out, and counted.
    unripe = [[*row[:label], "", *row[label + 1 :]] for row in rows[:30]]
    md5 = write_leads(new, [header, *unripe, *rows[30:]])
    said = " ".join(little.gallop("retrain", "--data", new).split())
    assert "330 rows → 300 leads, 30 rows set aside" in said
    assert re.search("version 2 (promoted|not promoted, version 1 is live): ", said), said
    assert raw.read_bytes() == new.read_bytes()
    assert md5 in raw.with_name("leads.csv.dvc").read_text(encoding="utf-8")
    known = hashlib.md5(old, usedforsecurity=False).hexdigest()
    assert (little.folder / ".dvc/cache/files/md5" / known[:2] / known[2:]).read_bytes() == old


@pytest.mark.slow
def test_where_nobody_can_say_whether_it_is_better_the_next_run_asks_again(little: Checkout) -> None:
    before, new = state(little), little.folder / "new.csv"
    md5 = write_leads(new, leads(330, seed=8))
    little.environment["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    said = little.gallop("retrain", "--data", new, code=ServerUnreachableError.exit_code)
    assert "are as they were before" in said
    assert state(little) == {name: content for name, content in before.items() if name != "reports/selection.json"}
    del little.environment["MLFLOW_TRACKING_URI"]
    assert "the candidate is the champion already" in " ".join(little.gallop("retrain").split())
    assert "Nothing changed" in little.gallop("retrain")
    assert md5 not in (little.folder / "data/raw/leads.csv.dvc").read_text(encoding="utf-8")
