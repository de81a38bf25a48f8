"""What Python gets is what the command writes, from the same project."""

from pathlib import Path

import polars as pl

import gallop
from tests.support.checkouts import Checkout


def test_a_frames_scores_are_those_of_the_file_to_the_last_digit(sample_run: Checkout, tmp_path: Path) -> None:
    leads = sample_run.folder / "data/raw/sample.csv"
    sample_run.gallop("score", leads, "-o", tmp_path / "scores.parquet", "--reasons", tmp_path / "reasons.parquet")
    project = gallop.open_project(sample_run.folder)
    scores = gallop.score(pl.read_csv(leads), gallop.load_bundle(project.paths.deployed))
    assert scores.ranked.equals(pl.read_parquet(tmp_path / "scores.parquet"))
    assert scores.explained.equals(pl.read_parquet(tmp_path / "reasons.parquet"))
    # The rows themselves are as Polars read them: 79.53 where the file has 79.530000.
    aside = pl.read_parquet(tmp_path / "scores.rejected.parquet")
    assert scores.rejected.select("gallop_row", "gallop_rule").equals(aside.select("gallop_row", "gallop_rule"))
    assert len(scores.ranked) + len(scores.rejected) == project.settings.data.sample_rows
