"""The synthetic table has the reference schema, its mess, and outcomes that follow the probabilities it tells."""

import csv
import io
import re

import numpy as np
import pytest
from scipy.stats import binomtest

from gallop.tables.synthetic import HEADER, sample


@pytest.fixture(scope="module")
def drawn() -> tuple[list[dict], np.ndarray]:
    leads, truth = sample(20_000, 1)
    probability = [float(row["probability"]) for row in csv.DictReader(io.StringIO(truth))]
    return list(csv.DictReader(io.StringIO(leads))), np.array(probability)


def test_equal_seeds_give_equal_bytes_and_others_do_not():
    assert sample(500, 7) == sample(500, 7)
    assert sample(500, 7) != sample(500, 8)


def test_the_columns_are_those_of_the_settings(table):
    assert tuple(table.columns) == HEADER
    assert sample(5, 1)[0].splitlines()[0].split(",") == list(table.columns)


def test_every_lead_has_its_probability(drawn):
    leads, truth = sample(300, 2)
    ids = [row["lead_id"] for row in csv.DictReader(io.StringIO(leads))]
    assert ids == [row["lead_id"] for row in csv.DictReader(io.StringIO(truth))]
    assert len(set(ids)) == 300
    assert ((drawn[1] > 0) & (drawn[1] < 1)).all()


def test_probabilities_are_written_without_loss(drawn):
    assert len(set(drawn[1].tolist())) > 19_000


def test_labels_follow_the_probabilities(drawn):
    rows, probability = drawn
    known = np.array([row["lead_indicator"] != "" for row in rows])
    label = np.array([row["lead_indicator"] == "1" for row in rows])[known]
    for members in np.array_split(np.argsort(probability[known]), 10):
        interval = binomtest(int(label[members].sum()), len(members)).proportion_ci(0.999, method="wilson")
        assert interval.low <= probability[known][members].mean() <= interval.high


def test_missing_labels_say_nothing_of_the_outcome(drawn):
    rows, probability = drawn
    known = np.array([row["lead_indicator"] != "" for row in rows])
    assert 0.03 < 1 - known.mean() < 0.07
    assert probability[known].mean() == pytest.approx(probability[~known].mean(), abs=0.03)


def test_the_sample_has_the_mess_of_the_real_table(drawn):
    rows, _ = drawn
    assert {row["onboarding"] for row in rows} == {"True", "False"}
    assert {row["existing_customer"] for row in rows} == {"true", "false"}
    assert {row["lead_indicator"] for row in rows} == {"", "0", "1"}
    assert any(re.fullmatch(r"2024-01-\d", row["date_part"]) for row in rows)
    assert {row["customer_group"] for row in rows} == {str(group) for group in range(1, 10)}


def test_about_a_quarter_of_the_leads_is_in_scope(drawn):
    assert np.mean([row["source"] == "signup" for row in drawn[0]]) == pytest.approx(0.25, abs=0.02)


def test_no_row_of_the_sample_is_one_of_the_real_table(shared, drawn):
    with (shared / "data" / "course_raw_data.csv").open(encoding="utf-8", newline="") as file:
        real = {tuple(row[name] for name in ("purchases", "time_spent", "n_visits")) for row in csv.DictReader(file)}
    assert not {tuple(row[name] for name in ("purchases", "time_spent", "n_visits")) for row in drawn[0]} & real
