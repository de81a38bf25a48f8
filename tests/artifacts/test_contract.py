"""What is exported must meet its contract: columns, answers, and nothing but a library's classes."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gallop.artifacts.contract import Contract, check_contract, dump, read_contract, read_model
from gallop.errors import ContractError, SettingsError, UnsafeModelError
from gallop.modelling.preprocessing import Clip
from tests.conftest import ROOT

COLUMNS = ("a", "b")
ROWS = np.array([[0.0, 0.1], [0.9, 0.2], [0.1, 0.9], [1.0, 0.5]])
CONTRACT = Contract(COLUMNS, ROWS, np.array([0.0, 1.0, 0.0, 1.0]))


def fitted(columns: tuple[str, ...] = COLUMNS, label: list | None = None, model=None):
    X = pd.DataFrame(np.tile(ROWS, (10, 1)), columns=list(columns))
    return (model or LogisticRegression()).fit(X, np.tile(label or [0.0, 1.0, 0.0, 1.0], 10))


def judge(model: object, tmp_path) -> None:
    check_contract(dump(model), CONTRACT, tmp_path / "model.pkl")


def test_a_model_that_answers_right_meets_the_contract(tmp_path):
    judge(fitted(), tmp_path)
    judge(fitted(label=[0, 1, 0, 1]), tmp_path)
    judge(fitted(model=make_pipeline(StandardScaler(), LogisticRegression())), tmp_path)


@pytest.mark.parametrize("columns", [("b", "a"), ("a", "c"), ("A", "B")])
def test_wrong_columns_break_it(tmp_path, columns):
    with pytest.raises(ContractError, match=r"model\.pkl: takes the columns \[.*\]; the contract has \['a', 'b'\]"):
        judge(fitted(columns), tmp_path)


def test_a_model_without_names_breaks_it(tmp_path):
    with pytest.raises(ContractError, match=r"takes the columns \[\]"):
        judge(LogisticRegression().fit(ROWS, CONTRACT.expected), tmp_path)


def test_wrong_answers_break_it_and_are_named(tmp_path):
    with pytest.raises(ContractError, match=r"rows \[1, 2, 3, 4\] of the contract get \[1\.0, 0\.0, 1\.0, 0\.0\]"):
        judge(fitted(label=[1.0, 0.0, 1.0, 0.0]), tmp_path)


def test_answers_that_are_no_numbers_break_it(tmp_path):
    with pytest.raises(ContractError, match=r"model\.pkl"):
        judge(fitted(label=["no", "yes", "no", "yes"]), tmp_path)


def test_a_model_that_cannot_answer_breaks_it(tmp_path):
    model = fitted()
    model.coef_ = np.zeros((1, 5))
    with pytest.raises(ContractError, match=r"model\.pkl"):
        judge(model, tmp_path)
    unfitted = LogisticRegression()
    with pytest.raises(ContractError, match=r"takes the columns \[\]"):
        judge(unfitted, tmp_path)


def test_what_is_no_model_breaks_it(tmp_path):
    with pytest.raises(ContractError, match="holds a list, not a model"):
        judge([1, 2], tmp_path)


def test_a_class_of_ours_breaks_it(tmp_path):
    with pytest.raises(UnsafeModelError, match=r"gallop\.modelling\.preprocessing\.Clip"):
        judge(fitted(model=make_pipeline(Clip(), LogisticRegression())), tmp_path)


def test_a_file_that_joblib_compressed_breaks_it(tmp_path):
    joblib.dump(fitted(), tmp_path / "model.pkl", compress=3)
    with pytest.raises(ContractError, match="not a plain pickle"):
        check_contract(read_model(tmp_path / "model.pkl"), CONTRACT, tmp_path / "model.pkl")


def test_joblib_loads_what_is_exported(tmp_path):
    (tmp_path / "model.pkl").write_bytes(dump(fitted()))
    assert joblib.load(tmp_path / "model.pkl").predict(pd.DataFrame(ROWS, columns=["a", "b"])).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("content", [b"", b"\x80", b"hello", b"\x80\x05N."])
def test_other_bytes_break_it(tmp_path, content):
    with pytest.raises(ContractError, match=r"model\.pkl"):
        check_contract(content, CONTRACT, tmp_path / "model.pkl")


def test_every_cut_of_the_file_breaks_it(tmp_path):
    whole = dump(fitted())
    for cut in range(len(whole)):
        with pytest.raises((ContractError, UnsafeModelError)):
            check_contract(whole[:cut], CONTRACT, tmp_path / "model.pkl")


def test_a_file_that_cannot_be_read_breaks_it(tmp_path):
    with pytest.raises(ContractError, match="cannot be read: No such file"):
        read_model(tmp_path / "model.pkl")


def test_the_projects_contract_is_the_validators():
    found = read_contract(ROOT / "contract/model_contract.csv")
    assert found.expected.tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert found.columns == (
        *("purchases", "time_spent", "n_visits"),
        *(f"customer_group_{group}" for group in range(2, 10)),
        "onboarding_True",
    )
    assert ((found.rows >= 0) & (found.rows <= 1)).all()


def test_the_contracts_rows_are_the_validators_first_ones(shared):
    found = read_contract(ROOT / "contract/model_contract.csv")
    theirs = pd.read_csv(shared / "validator" / "X_test.csv")
    assert tuple(theirs.columns) == found.columns
    assert np.array_equal(theirs.head(5).to_numpy(dtype=float), found.rows)


@pytest.mark.parametrize("rows", [b"", b"\n1,2\n", b"a,b\n1,2\n", b"\xff", b'"'])
def test_a_contract_without_a_header_is_refused_by_its_key(tmp_path, rows):
    (tmp_path / "contract.csv").write_bytes(rows)
    with pytest.raises(SettingsError, match=r"export\.contract"):
        read_contract(tmp_path / "contract.csv")


@pytest.mark.parametrize("rows", [b"", b"x,1\n", b"1\n", b"1,2,3\n", b"1,2\n3\n"])
def test_a_malformed_contract_is_refused_by_its_key(tmp_path, rows):
    (tmp_path / "contract.csv").write_bytes(b"a,expected\n" + rows)
    with pytest.raises(SettingsError, match=r"export\.contract"):
        read_contract(tmp_path / "contract.csv")


def test_a_contract_that_is_not_there_is_refused_by_its_key(tmp_path):
    with pytest.raises(SettingsError, match=r"export\.contract"):
        read_contract(tmp_path / "nothing.csv")
