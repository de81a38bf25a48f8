"""A frame in memory is scored as a file of the same leads is, and comes back in the caller's own library."""

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gallop.adapters.tables.polars import read_text
from gallop.errors import EmptyTableError, MalformedTableError, MissingColumnError
from gallop.flow.frame_scoring import score
from gallop.reporting.formatting import describe_reason
from gallop.scoring import score_table
from gallop.settings.params import Settings
from tests.support.leads import lead

LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.fixture(scope="module")
def file(drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 leads of the sample in a file, some of them of a source that is not kept."""
    rows = list(csv.DictReader(io.StringIO(drawn[0])))[:200]
    path = tmp_path_factory.mktemp("leads") / "leads.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(file: Path, library: str) -> object:
    """The file as each library itself reads it, with the types it guesses."""
    if library == "pandas":
        return pd.read_csv(file)
    if library == "polars":
        return pl.read_csv(file)
    return pa.Table.from_pandas(pd.read_csv(file))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_frame_with_its_librarys_types_is_scored_as_the_file(library: str, file: Path, loaded) -> None:
    expected = score_table(read_text(file), loaded, str(file), describe_reason)
    scores = score(read(file, library), loaded)
    for part in ("ranked", "explained"):
        found = getattr(scores, part)
        assert type(found) is type(read(file, library))
        assert pl.DataFrame(found).to_dict(as_series=False) == getattr(expected, part).to_dict(as_series=False)
    assert pl.DataFrame(scores.rejected)["gallop_row"].to_list() == expected.rejected["gallop_row"].to_list()
    assert (scores.counts, scores.noticed) == (expected.counts, expected.noticed)
    assert len(pl.DataFrame(scores.ranked)) + len(pl.DataFrame(scores.rejected)) == 200


@pytest.mark.parametrize(
    "ids",
    [[30, 10, 20], [" c", "a ", "b"], [date(2024, 1, 3), date(2024, 1, 1), date(2024, 1, 2)], [3.5, 1.0, 2.0]],
    ids=["whole", "text", "day", "number"],
)
@pytest.mark.parametrize("library", LIBRARIES)
def test_ids_come_back_as_they_came_in(library: str, ids: list, loaded) -> None:
    columns = {name: [value] * 3 for name, value in lead().items()} | {"lead_id": ids, "n_visits": ["3", "40", "9"]}
    scores = score(LIBRARIES[library](columns), loaded)
    for part in (scores.ranked, scores.explained):
        assert pl.DataFrame(part)["lead_id"].to_list() == [ids[1], ids[2], ids[0]]


@pytest.mark.parametrize("dtype", ["category", "Int64", "object", "string"])
def test_ids_of_every_type_of_pandas_come_back_with_it(dtype: str, loaded) -> None:
    leads = pd.DataFrame([lead(lead_id=7), lead(lead_id=8, n_visits="40")]).astype({"lead_id": dtype})
    assert score(leads, loaded).ranked["lead_id"].tolist() == leads["lead_id"].tolist()[::-1]


def test_leads_without_ids_are_told_apart_by_the_numbers_of_their_rows(loaded) -> None:
    changed = json.loads(loaded.settings.model_dump_json())
    changed["table"]["columns"]["lead_id"]["role"] = "ignore"
    nameless = replace(loaded, settings=Settings.model_validate_json(json.dumps(changed)))
    scores = score(pd.DataFrame([lead(), lead(n_visits="40"), lead(source="fb")]), nameless)
    assert scores.ranked["gallop_row"].tolist() == scores.explained["gallop_row"].tolist() == [2, 1]
    assert scores.rejected["gallop_row"].tolist() == [3]


def test_scores_can_be_merged_with_the_leads_they_are_of(loaded) -> None:
    leads = pd.DataFrame([lead(lead_id=1), lead(lead_id=2, n_visits="40")], index=[7, 9])
    merged = leads.merge(score(leads, loaded).ranked, on="lead_id")
    assert merged["rank"].tolist() == [2, 1]


def test_a_frame_in_which_nothing_can_be_scored_says_why(loaded) -> None:
    with pytest.raises(EmptyTableError, match=r"leads: none of the 1 rows can be scored \(source_not_kept"):
        score(pd.DataFrame([lead(source="fb")]), loaded)
    with pytest.raises(EmptyTableError, match="the frame of leads: has a header but no rows"):
        score(pd.DataFrame([lead()]).head(0), loaded)


def test_what_is_wrong_with_a_frame_is_said_in_a_sentence(loaded) -> None:
    with pytest.raises(MissingColumnError, match="the frame of leads: no column 'n_visits'"):
        score(pd.DataFrame([lead()]).drop(columns="n_visits"), loaded)
    with pytest.raises(MalformedTableError, match="n_visits"):
        score(pd.concat([pd.DataFrame([lead()]), pd.DataFrame([{"n_visits": "3"}])], axis=1), loaded)


def test_the_callers_frame_is_left_as_it_was(loaded) -> None:
    leads = pd.DataFrame([lead(), lead(lead_id="L1")], index=["x", "y"])
    before = leads.copy()
    score(leads, loaded)
    pd.testing.assert_frame_equal(leads, before)
