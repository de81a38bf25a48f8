"""Scoring gives a raw lead the features it had in training, ranks what can be scored, and counts the rest."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from gallop.errors import EmptyTableError, MissingColumnError
from gallop.modelling.judging import CONTACT, WAIT
from gallop.modelling.preprocessing import frame
from gallop.schema import RULE
from gallop.scoring import kept_probabilities, probabilities_of_frame, score_parts, score_table
from gallop.tables.features import input_roles
from tests.support.leads import lead, raw, values
from tests.support.models import raw_of


@pytest.fixture(scope="module")
def text(drawn) -> str:
    """The sample's leads that training took."""
    rows = [row for row in csv.DictReader(io.StringIO(drawn[0])) if row["source"] == "signup" and row["lead_indicator"]]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_raw_leads_are_scored_as_their_features_were_in_training(text, train_test, loaded, small):
    leads, probability, rejected, counts = kept_probabilities(raw_of(text), loaded, "here")
    assert len(rejected) == 0
    assert counts == {}
    scored = dict(zip(leads["lead_id"].to_list(), probability, strict=True))
    for side in (train_test.train, train_test.test):
        X = frame(side, input_roles(small.table, small.features))
        expected = loaded.model.predict_proba(X)[:, 1]
        assert [scored[key] for key in side["lead_id"].to_list()] == expected.tolist()


def test_the_ranks_are_a_permutation_from_the_best_down(text, loaded):
    ranked = score_table(raw_of(text), loaded, "here").ranked
    assert ranked.columns == [
        "lead_id",
        "probability",
        "low",
        "high",
        "prediction",
        "decision",
        "held_out",
        "band",
        "rank",
        "reasons",
        "model_version",
    ]
    assert ranked["rank"].to_list() == list(range(1, len(ranked) + 1))
    probability = ranked["probability"].to_list()
    assert probability == sorted(probability, reverse=True)
    assert all(0 <= score <= 1 for score in probability)


def test_the_decision_follows_from_the_threshold(text, loaded):
    ranked = score_table(raw_of(text), loaded, "here").ranked
    held_out = ranked["held_out"].to_list()
    assert 0 < sum(held_out) < 0.1 * len(ranked)
    columns = (ranked["probability"].to_list(), held_out, ranked["decision"].to_list())
    for probability, is_held, decision in zip(*columns, strict=True):
        assert decision == (CONTACT if probability >= loaded.manifest.threshold and not is_held else WAIT)


def test_the_settings_of_the_project_say_who_is_held_out(text, loaded):
    def held_out(**changes) -> set[str]:
        monitoring = loaded.settings.monitoring.model_copy(update=changes)
        project = loaded.settings.model_copy(update={"monitoring": monitoring})
        ranked = score_table(raw_of(text), loaded, "here", project=project).ranked
        return set(ranked.filter(ranked["held_out"])["lead_id"].to_list())

    assert held_out(hold_out=0.0) == set()
    assert held_out() == held_out(hold_out=0.05)
    assert held_out() < held_out(hold_out=0.2)
    assert held_out() != held_out(salt="another")


def test_what_the_model_saw_stands_beside_the_scores_in_their_order(text, loaded):
    scores = score_table(raw_of(text), loaded, "here")
    assert set(scores.inputs.columns) == loaded.settings.features.used
    rows = {row["lead_id"]: row for row in csv.DictReader(io.StringIO(text))}
    visits = [rows[lead]["n_visits"] for lead in scores.ranked["lead_id"].to_list()]
    assert scores.inputs["n_visits"].to_list() == visits


def test_equal_scores_keep_the_order_of_the_file(loaded):
    ranked = score_table(raw([lead(lead_id=name) for name in "ZAM"]), loaded, "here").ranked
    assert ranked["lead_id"].to_list() == ["Z", "A", "M"]


def test_every_row_is_scored_or_rejected_with_its_rule(drawn, loaded):
    scores = score_table(raw_of(drawn[0]), loaded, "here")
    assert len(scores.ranked) + len(scores.rejected) == 3200
    assert sum(scores.counts.values()) == len(scores.rejected)
    assert set(scores.rejected[RULE].to_list()) == set(scores.counts) == {"source_not_kept"}


def test_a_lead_is_scored_without_label_and_day(loaded):
    row = {name: value for name, value in lead().items() if name not in ("lead_indicator", "date_part")}
    assert values(score_table(raw([row]), loaded, "here").ranked) == values(
        score_table(raw([lead()]), loaded, "here").ranked
    )


def test_the_label_does_not_change_a_score(loaded):
    one, two = (score_table(raw([lead(lead_indicator=label)]), loaded, "here").ranked for label in ("0", "1"))
    assert values(one) == values(two)


def test_the_other_leads_do_not_change_a_score(text, loaded):
    leads = raw_of(text)
    whole, part = (score_table(table, loaded, "here").ranked for table in (leads, leads[[5, 3, 99]]))
    known = dict(zip(whole["lead_id"].to_list(), whole["probability"].to_list(), strict=True))
    assert all(known[key] == value for key, value in zip(part["lead_id"], part["probability"], strict=True))


def test_a_table_in_which_nothing_can_be_scored_says_why(loaded):
    with pytest.raises(EmptyTableError, match=r"here: none of the 2 rows can be scored \(source_not_kept 2\)"):
        score_table(raw([lead(lead_id=key, source="fb") for key in "AB"]), loaded, "here")


def test_a_missing_column_is_named(loaded):
    row = {name: value for name, value in lead().items() if name != "n_visits"}
    with pytest.raises(MissingColumnError, match="'n_visits'"):
        score_table(raw([row]), loaded, "here")


def test_missing_values_are_scored(loaded):
    blank = lead(purchases="", time_spent="", n_visits="")
    assert np.isfinite(score_table(raw([blank]), loaded, "here").ranked["probability"][0])


def typed(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"purchases": int, "time_spent": float, "n_visits": float, "customer_group": int})


def test_typed_pandas_values_give_what_the_csv_gives(text, loaded):
    rows = list(csv.DictReader(io.StringIO(text)))[:200]
    expected = kept_probabilities(raw(rows), loaded, "here")[1].tolist()
    assert probabilities_of_frame(pd.DataFrame(rows), loaded).tolist() == expected
    assert probabilities_of_frame(typed(rows), loaded).tolist() == expected
    read = pd.read_csv(io.StringIO(text)).head(200)
    assert read["onboarding"].dtype == bool
    assert probabilities_of_frame(read, loaded).tolist() == expected
    assert probabilities_of_frame(read.astype({"customer_group": float}), loaded).tolist() == expected
    assert probabilities_of_frame(read.convert_dtypes(), loaded).tolist() == expected


def test_every_kind_of_missing_value_in_pandas_is_missing(loaded):
    expected = probabilities_of_frame(pd.DataFrame([lead(purchases="")]), loaded)
    for nothing in (None, float("nan"), pd.NA, pd.NaT):
        frame = pd.DataFrame([lead()]).assign(purchases=pd.Series([nothing], dtype=object))
        assert probabilities_of_frame(frame, loaded).tolist() == expected.tolist()
    for dtype in ("Int64", "Float64", "float64", "string"):
        frame = pd.DataFrame([lead()]).assign(purchases=pd.Series([None], dtype=dtype))
        assert probabilities_of_frame(frame, loaded).tolist() == expected.tolist()


def test_probabilities_come_in_the_order_of_the_rows_with_nan_for_the_rejected(loaded):
    rows = [lead(n_visits="1"), lead(source="fb"), lead(n_visits="30"), lead(n_visits="x"), lead(n_visits="1")]
    answers = probabilities_of_frame(pd.DataFrame(rows, index=[9, 9, 3, 1, 0]), loaded)
    assert np.isnan(answers).tolist() == [False, True, False, True, False]
    assert answers[0] == answers[4] < answers[2]


def test_a_request_needs_no_id_and_may_repeat_a_lead(loaded):
    frame = pd.DataFrame([lead(), lead()])
    assert len(set(probabilities_of_frame(frame, loaded))) == 1
    assert (
        probabilities_of_frame(frame.drop(columns="lead_id"), loaded).tolist()
        == probabilities_of_frame(frame, loaded).tolist()
    )


def test_a_request_may_hold_a_column_named_as_gallops_own(loaded):
    frame = pd.DataFrame([lead(), lead()]).assign(gallop_row=["x", "y"])
    assert np.isfinite(probabilities_of_frame(frame, loaded)).all()


def test_the_band_is_the_best_one_whose_lowest_probability_is_reached(text, loaded):
    ranked = score_table(raw_of(text), loaded, "here").ranked
    bands = loaded.manifest.bands
    assert list(bands) == ["hot", "warm", "cold"]
    for probability, band in zip(ranked["probability"].to_list(), ranked["band"].to_list(), strict=True):
        assert band == next(name for name, lowest in bands.items() if probability >= lowest)
    shares = [(ranked["band"] == name).mean() for name in bands]
    assert shares == pytest.approx([0.1, 0.2, 0.7], abs=0.1)


def test_cut_off_and_bands_are_those_that_training_chose(trained, loaded):
    plan = trained.result.evidence.decision
    assert loaded.manifest.threshold == plan.cutoff.probability
    assert loaded.manifest.bands == {band.name: band.lowest for band in plan.bands}


@pytest.mark.parametrize("rows", [29, 10_000])
def test_leads_in_parts_are_scored_as_in_one_piece(loaded, drawn, rows):
    table = raw_of(drawn[0]).head(300)
    whole = score_table(table, loaded, "here", keep=["country"])
    pieces = (table[start : start + rows] for start in range(0, len(table), rows))
    parts = score_parts(pieces, table.columns, loaded, "here", keep=["country"])
    for name in ("ranked", "explained", "inputs", "rejected"):
        assert values(getattr(parts, name)) == values(getattr(whole, name))
    assert (parts.counts, parts.noticed) == (whole.counts, whole.noticed)
