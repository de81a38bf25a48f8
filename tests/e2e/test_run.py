"""`gallop run`, as a person who has just cloned the repository meets it."""

import csv
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gallop.artifacts.bundle import read_manifest
from tests.support.checkouts import Checkout

COLUMNS = [
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


def metrics(project: Checkout) -> dict:
    return json.loads((project.folder / "reports/metrics.json").read_text())


def test_the_real_data_gives_a_model_a_report_and_a_champion(real_run: Checkout) -> None:
    printed = (real_run.folder / "printed.txt").read_text()
    assert "12,345" in printed
    assert "2,937" in printed
    assert "the registry had no champion" in printed
    assert "2,937 leads" in (real_run.folder / "reports/report.html").read_text()
    manifest = json.loads((real_run.folder / "models/deployed/manifest.json").read_text())
    assert read_manifest(real_run.folder / "models/deployed").version == "1"
    assert manifest["data"] == "real"
    assert manifest["data_version"]["md5"] == "05663184eaf8f324162e4d1bc14be387"
    assert len(manifest["code_version"]["commit"]) == 40


def test_a_run_leaves_the_pin_and_every_other_tracked_file_as_it_was(real_run: Checkout, fresh: Checkout) -> None:
    pointer = "data/raw/raw_data.csv.dvc"
    assert (real_run.folder / pointer).read_text() == (fresh.folder / pointer).read_text()
    assert (real_run.folder / "params.yaml").read_text() == (fresh.folder / "params.yaml").read_text()


def test_the_real_model_ranks_well_and_beats_a_plain_logistic_regression(real_run: Checkout) -> None:
    measured = metrics(real_run)
    assert measured["test"]["roc_auc"]["value"] >= 0.89
    assert measured["test"]["log_loss"]["value"] <= measured["baseline"]["log_loss"]["value"]


def test_the_exported_model_gets_most_of_the_validators_rows_right(real_run: Checkout, shared: Path) -> None:
    rows = pd.read_csv(shared / "validator/X_test.csv")
    answers = pd.read_csv(shared / "validator/y_test.csv").iloc[:, 0]
    model = pickle.loads((real_run.folder / "models/model.pkl").read_bytes())
    predicted = np.asarray(model.predict(rows), dtype=float)
    assert predicted[:5].tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert int((predicted == answers).sum()) >= 28


def test_the_exported_model_holds_no_class_of_ours(real_run: Checkout) -> None:
    assert b"gallop" not in (real_run.folder / "models/model.pkl").read_bytes()


@pytest.mark.slow  # makes an environment; the workflow's validator does the same
def test_the_exported_model_meets_its_contract_alone_in_a_new_environment(real_run: Checkout) -> None:
    assert "meets contract/model_contract.csv" in real_run.gallop("validate", "models/model.pkl", "--isolated")


def test_a_second_run_does_nothing_and_says_so(real: Checkout) -> None:
    before = real.outputs()
    assert "Nothing changed since the last run" in real.gallop("run")
    assert real.outputs() == before


def test_a_changed_setting_reruns_only_what_depends_on_it(real: Checkout) -> None:
    params = real.folder / "params.yaml"
    params.write_text(params.read_text().replace("threshold: profit", "threshold: 0.4"))
    printed = real.gallop("run")
    assert "data_clean  " not in printed
    assert "model_training  " in printed
    assert metrics(real)["test"]["roc_auc"]["value"] >= 0.89


@pytest.mark.slow
def test_the_same_project_gives_the_same_figures_again(real_run: Checkout, fresh: Checkout) -> None:
    fresh.environment = dict(real_run.environment)
    fresh.gallop("run", "--require-data")
    assert metrics(fresh) == metrics(real_run)


def test_without_the_real_data_everything_says_that_it_is_a_sample(sample_run: Checkout) -> None:
    printed = (sample_run.folder / "printed.txt").read_text()
    assert "The raw data is not available" in printed
    assert "data: sample" in printed
    assert metrics(sample_run)["data"] == "sample"
    assert json.loads((sample_run.folder / "models/deployed/manifest.json").read_text())["data"] == "sample"
    assert "sample" in (sample_run.folder / "reports/report.html").read_text().lower()
    assert not (sample_run.folder / "data/raw/raw_data.csv").exists()


def test_the_samples_model_is_close_to_the_best_possible(sample_run: Checkout) -> None:
    measured = metrics(sample_run)
    assert measured["test"]["log_loss"]["value"] <= 1.03 * measured["best_possible"]["log_loss"]["value"]


def test_mlflow_tags_say_that_the_data_is_a_sample(sample_run: Checkout) -> None:
    script = (
        "import mlflow; c = mlflow.MlflowClient('sqlite:///mlflow.db');"
        "e = c.get_experiment_by_name('lead_scoring');"
        "print({r.data.tags['data'] for r in c.search_runs([e.experiment_id]) if 'data' in r.data.tags},"
        " c.get_model_version_by_alias('lead_model', 'champion').tags['data'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=sample_run.folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "{'sample'} sample"


def test_required_data_that_cannot_be_had_is_an_error(fresh: Checkout) -> None:
    printed = fresh.gallop("run", "--require-data", code=20)
    assert "the raw data is not available" in printed
    assert not (fresh.folder / "data/raw/sample.csv").exists()


def test_the_real_data_replaces_the_sample_and_its_champion(sample_run: Checkout, tmp_path: Path, remote: str) -> None:
    project = sample_run.copy(tmp_path / "project")
    project.environment["GALLOP_DATA_REMOTE"] = remote
    printed = project.gallop("run")
    assert "the champion was trained on the synthetic sample" in " ".join(printed.split())
    assert metrics(project)["data"] == "real"
    assert not (project.folder / "data/raw/sample.csv").exists()


def test_scores_are_ranked_and_rows_that_cannot_be_scored_are_set_aside(real: Checkout) -> None:
    printed = real.gallop("score", "data/raw/raw_data.csv", "-o", "scores.csv")
    with (real.folder / "scores.csv").open() as file:
        scores = list(csv.DictReader(file))
    assert list(scores[0]) == COLUMNS
    assert [int(row["rank"]) for row in scores] == list(range(1, len(scores) + 1))
    probabilities = [float(row["probability"]) for row in scores]
    assert probabilities == sorted(probabilities, reverse=True)
    with (real.folder / "scores.rejected.csv").open() as file:
        rejected = list(csv.DictReader(file))
    assert len(scores) + len(rejected) == 12_345
    assert {row["gallop_rule"] for row in rejected} == {"source_not_kept"}
    assert "source_not_kept" in printed


def test_the_leads_that_the_model_learnt_from_are_not_called_unlike_them(real: Checkout, shared: Path) -> None:
    real.gallop("score", shared / "data/course_raw_data.csv", "--output", "scores.csv", "--strict")


def test_a_damaged_deployed_model_never_scores(real: Checkout) -> None:
    victim = next((real.folder / "models/deployed").glob("live/arrays.npz"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(bytes(content))
    assert "SHA-256" in real.gallop("score", "data/raw/raw_data.csv", "-o", "scores.csv", code=17)
    assert not (real.folder / "scores.csv").exists()
