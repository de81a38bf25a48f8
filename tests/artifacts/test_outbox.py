"""A run waits in the outbox, whole or not at all, until a server has it."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from gallop.additive.document import read_document
from gallop.artifacts import outbox
from gallop.errors import ChecksumError, UnsafeModelError
from gallop.results.tracked_run import TrackedRun
from tests.support.made import fitted, leads

RUN = TrackedRun(name="model_training", children=(TrackedRun(name="splines", model="splines.pkl", example={"x": 1.0}),))


@pytest.fixture
def model() -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0]], [0, 1])


def test_a_run_comes_out_as_it_was_put_in_with_its_models(tmp_path, model):
    outbox.put(tmp_path, "abc", RUN, {"splines.pkl": model})
    [entry] = outbox.entries(tmp_path)
    assert (entry.digest, entry.run) == ("abc", RUN)
    assert entry.model("splines.pkl").predict_proba([[0.5]]).tolist() == model.predict_proba([[0.5]]).tolist()
    entry.remove()
    assert outbox.entries(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_additive_model_waits_as_files_without_code(tmp_path):
    X, y = leads(200)
    made = fitted(X, y, kind="stack")
    outbox.put(tmp_path, "abc", RUN, {"stack": made})
    [entry] = outbox.entries(tmp_path)
    folder = entry.model("stack")
    assert sorted(entry.files) == [
        f"stack/{name}" for name in ("arrays.npz", "model.json", "trees-1.txt", "trees-2.txt")
    ]
    back = read_document({path.name: path.read_bytes() for path in folder.iterdir()})
    assert np.array_equal(back.log_odds(X), made.log_odds(X))
    (folder / "model.json").write_bytes(b"{}")
    with pytest.raises(ChecksumError, match=r"stack/model\.json"):
        entry.model("stack")


def test_the_same_training_waits_once(tmp_path, model):
    for _ in range(2):
        outbox.put(tmp_path, "abc", RUN, {"splines.pkl": model})
    assert len(outbox.entries(tmp_path)) == 1


def test_a_run_that_cannot_be_written_leaves_nothing_and_the_one_before_stays(tmp_path, model):
    outbox.put(tmp_path, "abc", RUN, {"splines.pkl": model})
    with pytest.raises(AttributeError):
        outbox.put(tmp_path, "abc", RUN, {"splines.pkl": lambda: None})
    [entry] = outbox.entries(tmp_path)
    assert entry.model("splines.pkl").coef_.tolist() == model.coef_.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["abc"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run": {"name": 3}, "files": {}}', '{"run": {"name": "x"}}'])
def test_a_damaged_record_is_named(tmp_path, model, content):
    outbox.put(tmp_path, "abc", RUN, {"splines.pkl": model})
    (tmp_path / "abc" / "run.json").write_text(content)
    with pytest.raises(ChecksumError, match=r"abc/run\.json: cannot be read .* train again"):
        outbox.entries(tmp_path)


def test_a_changed_or_missing_model_is_not_loaded(tmp_path, model):
    outbox.put(tmp_path, "abc", RUN, {"splines.pkl": model})
    path = tmp_path / "abc" / "splines.pkl"
    path.write_bytes(path.read_bytes()[:-1])
    [entry] = outbox.entries(tmp_path)
    with pytest.raises(ChecksumError, match=r"splines\.pkl"):
        entry.model("splines.pkl")
    path.unlink()
    with pytest.raises(ChecksumError, match=r"splines\.pkl"):
        entry.model("splines.pkl")


def test_a_model_with_a_mended_digest_still_meets_the_allow_list(tmp_path, model):
    outbox.put(tmp_path, "abc", RUN, {"splines.pkl": model})
    folder = tmp_path / "abc"
    hostile = b"\x80\x04cos\nsystem\n(S'touch canary'\ntR."
    (folder / "splines.pkl").write_bytes(hostile)
    record = json.loads((folder / "run.json").read_text())
    from gallop.files import digest

    record["files"]["splines.pkl"] = digest(folder / "splines.pkl")
    (folder / "run.json").write_text(json.dumps(record))
    [entry] = outbox.entries(tmp_path)
    with pytest.raises(UnsafeModelError):
        entry.model("splines.pkl")
