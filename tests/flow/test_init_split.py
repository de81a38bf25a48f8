"""init looks along days, dates and the order of rows, and proposes a split forward in time where they change."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from gallop.errors import SettingsError
from gallop.flow.init import guard, look, prepared, source
from gallop.flow.init_split import with_split
from gallop.profiling.proposal import InitOptions, Proposal
from gallop.settings.params import Settings


def written(path: Path, *, rate: float, days: bool = False, newest_first: bool = False) -> Path:
    """A file of leads in time order, whose rate may rise with it."""
    draw, rows = np.random.default_rng(0), 1500
    text = io.StringIO()
    lines = []
    for row in range(rows):
        n, late = draw.normal(), 2 * row / rows - 1
        yes = int(draw.random() < 1 / (1 + np.exp(-(rate * late + n))))
        day = {"seen on": f"2024-{1 + row // 150:02}-{1 + row % 150 // 6:02}"} if days else {}
        lines.append({"lead_id": 1000 + row, "n": f"{n:.3f}", "m": f"{draw.normal():.3f}"} | day | {"yes": yes})
    out = csv.DictWriter(text, list(lines[0]))
    out.writeheader()
    out.writerows(reversed(lines) if newest_first else lines)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def proposed(path: Path, **options) -> tuple[Proposal, Settings]:
    with source(str(path)) as table:
        proposal = guard(table, with_split(table, look(table, InitOptions("yes", **options))))
        return proposal, prepared(table, proposal)


def test_rows_in_any_order_are_split_at_random(tmp_path):
    proposal, settings = proposed(written(tmp_path / "a.csv", rate=0.0))
    assert settings.split.by == "random"
    assert proposal.split.notes == ()


@pytest.mark.parametrize(("newest_first", "by"), [(False, "order"), (True, "reverse")])
def test_a_rate_that_changes_along_the_rows_makes_the_split_go_by_them(tmp_path, newest_first, by):
    proposal, settings = proposed(written(tmp_path / "a.csv", rate=1.5, newest_first=newest_first))
    assert settings.split.by == by
    assert "along the order of the rows the outcome changes" in proposal.split.because


def test_a_date_in_the_files_order_is_gone_by_and_its_days_since_1970_are_no_input(tmp_path):
    path = written(tmp_path / "a.csv", rate=1.5, days=True)
    _, settings = proposed(path, horizon="14d")
    assert (settings.split.by, settings.split.gap_days) == ("seen on", 14)
    parts = {part.part for part in settings.features.dates.values()}
    assert parts == {"weekday", "month"}


def test_a_person_overrules_and_a_wrong_name_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", rate=1.5, days=True)
    _, settings = proposed(path, split="random")
    assert settings.split.by == "random"
    assert "days" in {part.part for part in settings.features.dates.values()}
    with pytest.raises(SettingsError, match=r"--split 'n': is none of random, .* the dates \['seen on'\]"):
        proposed(path, split="n")
    with pytest.raises(SettingsError, match="--horizon: 'soon' is no duration"):
        proposed(path, horizon="soon")
