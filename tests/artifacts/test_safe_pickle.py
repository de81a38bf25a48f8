"""A model file gets nothing done but rebuilding a model: hostile ones are refused, and have no effect."""

import io
import os
import pickle
import subprocess
from contextlib import suppress
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from xgboost import XGBRFClassifier

from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import ContractError, UnsafeModelError
from gallop.modelling.preprocessing import Clip

HERE = Path("model.pkl")


def named(module: str, name: str, *arguments: str, protocol: int = 4) -> bytes:
    """A pickle that calls module.name(*arguments), whatever Python itself would allow to be pickled."""
    text = io.BytesIO()
    text.write(b"\x80" + bytes([protocol]))
    for word in (module, name):
        text.write(b"\x8c" + bytes([len(word)]) + word.encode())
    text.write(b"\x93(")  # STACK_GLOBAL, MARK
    for word in arguments:
        text.write(b"X" + len(word.encode()).to_bytes(4, "little") + word.encode())
    text.write(b"tR.")  # TUPLE, REDUCE, STOP
    return text.getvalue()


def called(function: object, *arguments: object) -> bytes:
    class Hostile:
        def __reduce__(self):
            return function, arguments

    return pickle.dumps(Hostile())


def test_the_helper_makes_pickles_that_python_obeys(tmp_path):
    pickle.loads(named("os", "mkdir", str(tmp_path / "canary")))
    assert (tmp_path / "canary").is_dir()


@pytest.mark.parametrize(
    "attack",
    [
        lambda canary: called(os.system, f"touch {canary}"),
        lambda canary: called(os.mkdir, str(canary)),
        lambda canary: called(eval, f"open({str(canary)!r}, 'w')"),
        lambda canary: called(exec, f"open({str(canary)!r}, 'w')"),
        lambda canary: called(subprocess.Popen, ["touch", str(canary)]),
        lambda canary: called(np.memmap, str(canary), "uint8", "w+", 0, 16),
        lambda canary: called(np.save, str(canary), np.zeros(2)),
        lambda canary: called(getattr, str(canary), "upper"),
        lambda canary: named("numpy", "memmap", str(canary), "uint8", "w+"),
        lambda canary: named("numpy", "f2py.compile", str(canary)),
        lambda canary: named("numpy", "lib.npyio.DataSource", str(canary)),
        lambda canary: named("numpy.dtypes", "np.memmap", str(canary)),
        lambda canary: named("numpy", "load", str(canary)),
        lambda canary: named("posix", "mkdir", str(canary)),
        lambda canary: named("sklearn.base", "os.mkdir", str(canary)),
        lambda canary: named("sklearn.datasets._base", "os.mkdir", str(canary)),
        lambda canary: named("sklearn.datasets._base", "makedirs", str(canary)),
        lambda canary: named("sklearn.datasets._base", "Path", str(canary)),
        lambda canary: named("sklearn.externals._packaging.version", "sys.exit", str(canary)),
        lambda canary: named("sklearn.utils._testing", "joblib.dump", "x", str(canary)),
        lambda _: named("sklearn.utils._testing", "TempMemmap", "x"),
        lambda canary: named("sklearn.utils", "Bunch.fromkeys", str(canary)),
        lambda _: named("sklearn.utils.fixes", "parse_version", "1"),
        lambda canary: named("xgboost.core", "os.mkdir", str(canary)),
        lambda canary: named("xgboost.core", "ctypes.CDLL", str(canary)),
        lambda canary: named("xgboost.core", "from_pystr_to_cstr", str(canary)),
        lambda canary: named("xgboost.tracker", "RabitTracker", str(canary), "127.0.0.1"),
        lambda canary: named("xgboost.callback", "TrainingCheckPoint", str(canary)),
        lambda canary: named("sklearnx.base", "BaseEstimator", str(canary)),
        lambda _: named("builtins", "getattr", "a", "upper"),
        lambda _: named("builtins", "__import__", "os"),
        lambda canary: named("builtins", "open", str(canary), "w"),
        lambda canary: named("copyreg", "__newobj__", str(canary)),
        lambda canary: named("copyreg", "add_extension", str(canary)),
        lambda canary: named("collections", "os.mkdir", str(canary)),
        lambda canary: named("gallop.files", "write_text", str(canary), "x"),
        lambda canary: named("gallop.modelling.preprocessing", "np.memmap", str(canary)),
        lambda canary: named("gallop.modelling.preprocessing", "encoder", str(canary)),
        lambda canary: named("sklearn", "", str(canary)),
        lambda canary: named("", "", str(canary)),
    ],
)
@pytest.mark.parametrize("own", [False, True])
def test_a_hostile_file_is_refused_and_has_no_effect(tmp_path, attack, own):
    canary = tmp_path / "canary"
    with pytest.raises((UnsafeModelError, ContractError), match=r"model\.pkl"):
        unpickle(attack(canary), HERE, own=own)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_says_what_was_asked_for():
    with pytest.raises(
        UnsafeModelError, match=r"model\.pkl: asks for posix\.system, which no accepted model is made of"
    ):
        unpickle(called(os.system, "true"), HERE)


def test_our_own_steps_are_allowed_in_a_pipeline_and_not_in_an_export():
    content = pickle.dumps(make_pipeline(Clip(2.0), LogisticRegression()).fit(X, Y))
    assert isinstance(unpickle(content, HERE, own=True), Pipeline)
    with pytest.raises(UnsafeModelError, match=r"gallop\.modelling\.preprocessing\.Clip"):
        unpickle(content, HERE)


def test_a_compressed_joblib_file_is_refused(tmp_path):
    joblib.dump(LogisticRegression(), tmp_path / "model.pkl", compress=3)
    with pytest.raises(ContractError, match="not a plain pickle"):
        unpickle((tmp_path / "model.pkl").read_bytes(), HERE)


X = np.random.default_rng(0).random((60, 3))
Y = (X[:, 0] > 0.5).astype(float)
MODELS = {
    "logistic_regression": LogisticRegression(),
    "random_forest": XGBRFClassifier(n_jobs=1, n_estimators=3, max_depth=2),
    "gradient_boosting": HistGradientBoostingClassifier(early_stopping=False, max_iter=3, min_samples_leaf=5),
    "pipeline": make_pipeline(Clip(2.0), LogisticRegression()),
}


@pytest.fixture(scope="module", params=list(MODELS))
def model(request):
    return MODELS[request.param].fit(X, Y)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_model_of_each_family_comes_back_as_it_was(model, protocol):
    back = unpickle(pickle.dumps(model, protocol=protocol), HERE, own=True)
    assert type(back) is type(model)
    assert np.array_equal(back.predict_proba(X), model.predict_proba(X))


def test_every_cut_of_a_good_file_is_refused(model):
    whole = pickle.dumps(model, protocol=5)
    for cut in range(0, len(whole), max(1, len(whole) // 200)):
        with pytest.raises((ContractError, UnsafeModelError)):
            unpickle(whole[:cut], HERE, own=True)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_harmless(content):
    for start in (b"", b"\x80\x05"):
        with suppress(ContractError, UnsafeModelError):
            unpickle(start + content, HERE)
