"""The log of scores: parts that are whole or not there, in any number, by any number of writers."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gallop.adapters.monitoring.score_log import SCORE_COLUMNS, read_scores, record_scores
from gallop.errors import ChecksumError
from gallop.monitoring.scored_lead import ScoredLead

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEAD = ScoredLead("L1", NOON, 0.25, "warm", "contact", False, "3", '{"n_visits": "4"}')


def test_scores_come_back_as_they_were_recorded_the_oldest_first(tmp_path):
    record_scores([LEAD], tmp_path)
    record_scores([replace(LEAD, lead="L2", scored_at=NOON - timedelta(days=1))], tmp_path)
    frame = read_scores(tmp_path)
    assert dict(frame.schema) == SCORE_COLUMNS
    assert frame["lead"].to_list() == ["L2", "L1"]
    assert frame.row(1) == ("L1", NOON, 0.25, "warm", "contact", False, "3", '{"n_visits": "4"}')


def test_a_time_of_any_zone_is_kept_as_the_same_moment(tmp_path):
    record_scores([replace(LEAD, scored_at=NOON.astimezone(timezone(timedelta(hours=-8))))], tmp_path)
    assert read_scores(tmp_path)["scored_at"].to_list() == [NOON]


def test_a_log_that_was_never_written_is_empty(tmp_path):
    assert record_scores([], tmp_path / "scores") is None
    assert not (tmp_path / "scores").exists()
    assert len(read_scores(tmp_path / "scores")) == 0


def test_a_half_written_part_is_not_read_and_goes_with_the_next_one(tmp_path):
    leftover = tmp_path / ".20260301T120000Z-0.parquet.abcdefgh.tmp"
    leftover.write_bytes(b"PAR1")
    assert len(read_scores(tmp_path)) == 0
    record_scores([LEAD], tmp_path)
    assert not leftover.exists()
    assert len(read_scores(tmp_path)) == 1


def test_a_damaged_part_and_one_of_another_form_are_named(tmp_path):
    path = record_scores([LEAD], tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ChecksumError, match=path.name):
        read_scores(tmp_path)
    path.unlink()
    read_scores(tmp_path).select("lead").write_parquet(tmp_path / "other.parquet")
    with pytest.raises(ChecksumError, match=r"other\.parquet: no part of a log"):
        read_scores(tmp_path)


def test_writers_at_once_lose_nothing(tmp_path):
    program = (
        "import sys; from pathlib import Path; from dataclasses import replace;"
        "from tests.adapters.monitoring.test_score_log import LEAD, record_scores;"
        "[record_scores([replace(LEAD, lead=f'{sys.argv[1]}-{n}')], Path(sys.argv[2])) for n in range(20)]"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(number), str(tmp_path)], env=environment, cwd=root)
        for number in range(3)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert len(set(read_scores(tmp_path)["lead"])) == 60
