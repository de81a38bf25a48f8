"""Pickles that try to get something done besides being a model: each names the canary that would show it."""

import copyreg
import functools
import operator
import os
import pickle
import re
import shutil
import struct
import subprocess
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import FeatureAgglomeration
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.tree._tree import Tree
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier
from xgboost.core import Booster

from gallop.modelling.preprocessing import Clip, LevelNames, Levels, PlainNames

COLUMNS = ["a", "b"]
ROWS = pd.DataFrame(np.random.default_rng(1).random((200, 2)), columns=COLUMNS)
LABELS = (ROWS["a"] + np.random.default_rng(2).normal(0, 0.1, 200) > 0.5).astype(int).to_numpy()

Attack = Callable[[Path], object]
"""The canary's path → an object to be pickled, or the bytes of a pickle."""


class Reduced:
    """Pickled as a call of one's choice: function, arguments, and, where given, the state."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> tuple:
        return self.parts


def made(cls: type, state: object) -> Reduced:
    """Pickled as an instance of a class with a state of one's choice."""
    # Python's pickler looks whether an instance is of the class that it says.
    instance = type("Made", (Reduced,), {"__class__": property(lambda _: cls)})
    return instance(copyreg.__newobj__, (cls,), state)  # ty: ignore[unresolved-attribute]


def mkdir(canary: Path) -> Reduced:
    """Pickled as a call that makes the canary."""
    return Reduced(os.mkdir, (str(canary),))


def fitted(model: Any = None, **attributes: Any) -> Any:
    """A classifier, fitted, with some attributes replaced."""
    # Not `model or`: a forest is as long as its trees.
    with threadpool_limits(limits=1):
        model = (LogisticRegression() if model is None else model).fit(ROWS, LABELS)
    vars(model).update(attributes)
    return model


def two_of_xgboost() -> XGBClassifier:
    """Two small trees of XGBoost's, not fitted."""
    return XGBClassifier(n_jobs=1, n_estimators=2, max_depth=2)


def two_of_lightgbm() -> LGBMClassifier:
    """Two small trees of LightGBM's, not fitted."""
    return LGBMClassifier(n_jobs=1, n_estimators=2, num_leaves=4, verbose=-1)


def later(canary: Path) -> Any:
    """A callable that makes the canary when it is called."""
    return functools.partial(_make, str(canary))


def _make(canary: str, *given: Any, **_: Any) -> Any:
    os.makedirs(canary, exist_ok=True)
    return given[0] if given else None


def word(text: str) -> bytes:
    """The instruction for a text."""
    content = text.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def name(module: str, of: str) -> bytes:
    """The instructions that name a class or function."""
    return word(module) + word(of) + b"\x93"


def program(*instructions: bytes, protocol: int = 4) -> bytes:
    """Instructions as a whole pickle."""
    return b"\x80" + bytes([protocol]) + b"".join(instructions) + b"."


UNFITTED = name("sklearn.linear_model._logistic", "LogisticRegression") + b")\x81"
"""An unfitted classifier: something accepted to do things to."""

CALLED: dict[str, Attack] = {
    "system": lambda canary: Reduced(os.system, (f"mkdir {canary}",)),
    "popen": lambda canary: Reduced(subprocess.Popen, (["mkdir", str(canary)],)),
    "eval": lambda canary: Reduced(eval, (f"__import__('os').mkdir({str(canary)!r})",)),
    "a state that is a call": lambda canary: made(LogisticRegression, mkdir(canary)),
    "an attribute that is a call": lambda canary: fitted(coef_=mkdir(canary)),
    "an element that is a call": lambda canary: fitted(classes_=np.array([mkdir(canary), 1], dtype=object)),
    "a key that is a call": lambda canary: fitted(class_weight={mkdir(canary): 1.0}),
    "a call in a tuple": lambda canary: make_pipeline(MinMaxScaler(feature_range=(mkdir(canary), 1))),
    "a call in a name": lambda canary: fitted(feature_names_in_=np.array(["a", mkdir(canary)], dtype=object)),
    "the argument of a call": lambda canary: Reduced(np._core.multiarray._reconstruct, (mkdir(canary), (0,), b"b")),
    "the factory of a dictionary": lambda canary: Reduced(defaultdict, (later(canary),)),
    "the items of a dictionary": lambda canary: Reduced(OrderedDict, (), None, None, iter([("a", mkdir(canary))])),
    "copyreg's own constructor": lambda canary: Reduced(
        copyreg._reconstructor,  # ty: ignore[unresolved-attribute]
        (LogisticRegression, dict, {str(canary): 1}),
    ),
    "attrgetter": lambda _: Reduced(operator.attrgetter, ("__class__.__init__.__globals__",)),
    "methodcaller": lambda canary: Reduced(operator.methodcaller, ("mkdir", str(canary))),
    "getattr": lambda _: Reduced(getattr, (LogisticRegression(), "fit")),
    "setattr": lambda canary: Reduced(setattr, (LogisticRegression(), "predict_proba", later(canary))),
    "import": lambda _: Reduced(__import__, ("antigravity",)),
    "memoryview": lambda _: Reduced(memoryview, (b"abc",)),
    "a cache": lambda canary: joblib.Memory(str(canary)),
}
"""Calls outside the accepted classes."""

INSIDE: dict[str, Attack] = {
    "a hidden predict_proba": lambda canary: fitted(predict_proba=later(canary)),
    "a hidden predict": lambda canary: fitted(predict=later(canary)),
    "a predict_proba of an accepted class": lambda _: fitted(predict_proba=PlainNames()),
    "a hidden decision_function": lambda canary: fitted(decision_function=later(canary)),
    "a hidden __sklearn_tags__": lambda canary: fitted(__sklearn_tags__=later(canary)),
    "a hidden property": lambda canary: fitted(__class__=later(canary)),
    "a class beside its own": lambda canary: fitted(feature_names_in_=later(canary)),
    "a stack's method": lambda canary: fitted(
        StackingClassifier([("a", LogisticRegression())]), stack_method_=["tofile"], estimators_=[str(canary)]
    ),
    "a stack's estimators": lambda canary: fitted(
        StackingClassifier([("a", LogisticRegression())]), estimators_=[fitted(predict_proba=later(canary))]
    ),
    "a vote": lambda canary: fitted(
        VotingClassifier([("a", LogisticRegression())], voting="soft"),
        estimators_=[fitted(predict_proba=later(canary))],
    ),
    "a calibration": lambda _: fitted(CalibratedClassifierCV(LogisticRegression(), cv=2)),
    "a search": lambda _: fitted(GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2)),
    "a function as a step": lambda canary: fitted(
        make_pipeline(FunctionTransformer(later(canary)), LogisticRegression())
    ),
    "a metric": lambda canary: fitted(KNeighborsClassifier(), metric=later(canary), effective_metric_=later(canary)),
    "clusters with a cache": lambda canary: fitted(
        make_pipeline(FeatureAgglomeration(memory=str(canary)), LogisticRegression())
    ),
    "a pipeline's cache": lambda canary: fitted(
        make_pipeline(StandardScaler(), LogisticRegression()), memory=joblib.Memory(str(canary))
    ),
    "a pipeline's cache by name": lambda canary: fitted(
        make_pipeline(StandardScaler(), LogisticRegression()), memory=str(canary)
    ),
    "a pipeline in a pipeline": lambda _: fitted(make_pipeline(make_pipeline(StandardScaler()), LogisticRegression())),
    "a pipeline without an end": lambda _: fitted(make_pipeline(StandardScaler(), LogisticRegression()), steps=[]),
    "steps that are no tuples": lambda _: fitted(make_pipeline(StandardScaler(), LogisticRegression()), steps=["ab"]),
    "steps the wrong way round": lambda _: Pipeline([("a", fitted()), ("b", StandardScaler().fit(ROWS))]),
    "a route": lambda canary: fitted(
        make_pipeline(StandardScaler(), LogisticRegression()), transform_input=later(canary)
    ),
    "a strategy": lambda canary: fitted(
        make_pipeline(SimpleImputer(), LogisticRegression()),
        steps=[("a", fitted(SimpleImputer(), strategy=later(canary))), ("b", fitted())],
    ),
    "a namer": lambda canary: make_pipeline(OneHotEncoder(feature_name_combiner=later(canary))),
    "a scorer": lambda canary: fitted(HistGradientBoostingClassifier(max_iter=2), _scorer=later(canary)),
    "a preprocessor": lambda canary: fitted(HistGradientBoostingClassifier(max_iter=2), _preprocessor=later(canary)),
    "a loss": lambda canary: fitted(GradientBoostingClassifier(n_estimators=2), _loss=later(canary)),
    "a first guess": lambda canary: fitted(
        GradientBoostingClassifier(n_estimators=2), init_=fitted(predict_proba=later(canary))
    ),
    "a tree that is none": lambda canary: fitted(DecisionTreeClassifier(), tree_=later(canary)),
    "a forest of something else": lambda canary: fitted(
        RandomForestClassifier(2), estimators_=[fitted(predict_proba=later(canary))]
    ),
    "a callback": lambda canary: fitted(two_of_xgboost(), callbacks=[later(canary)]),
    "a metric of XGBoost's": lambda canary: fitted(two_of_xgboost(), eval_metric=later(canary)),
    "an objective of XGBoost's": lambda canary: fitted(two_of_xgboost(), objective=later(canary)),
    "a booster that is none": lambda canary: fitted(two_of_xgboost(), _Booster=later(canary)),
    "an objective of LightGBM's": lambda canary: fitted(two_of_lightgbm(), _objective=later(canary)),
    "parameters of LightGBM's": lambda canary: fitted(two_of_lightgbm(), _other_params={"predict": later(canary)}),
    "a file of LightGBM's": lambda canary: fitted(two_of_lightgbm(), _other_params={"output_result": str(canary)}),
    "labels of LightGBM's": lambda canary: fitted(two_of_lightgbm(), _le=later(canary)),
    "a weight": lambda canary: fitted(class_weight=later(canary)),
    "an output of someone's": lambda canary: make_pipeline(
        fitted(StandardScaler(), _sklearn_output_config={"transform": later(canary)}), fitted()
    ),
    "metadata": lambda canary: fitted(_metadata_request=later(canary)),
    "a chooser": lambda _: Levels(["a"], 2, few=True, fixed={}),
    "a namer alone": lambda _: LevelNames(["a"]),
    "a step alone": lambda _: Clip(2.0).fit(ROWS),
    "an attribute that is no text": lambda _: program(UNFITTED, b"}K\x01Nsb"),
    "two states": lambda _: program(UNFITTED, b"}b}b"),
    "a state for a dictionary": lambda _: program(b"}}b"),
    "a state for a text": lambda _: program(word("a"), b"}b"),
    "slots": lambda canary: program(UNFITTED, b"N}", word("predict"), word(str(canary)), b"s\x86b"),
    "an attribute twice": lambda _: program(UNFITTED, b"}(", word("C"), b"K\x01", word("C"), b"K\x02ub"),
}
"""Accepted classes, or their neighbours, with what they never have."""


def _array(shape: tuple, dtype: object, content: object, version: int = 1, order: bool = False) -> Reduced:
    return Reduced(np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), (version, shape, dtype, order, content))


def _dtype(code: str, *state: object) -> Reduced:
    return Reduced(np.dtype, (code, False, True), state)


POINTERS: dict[str, Attack] = {
    "an array by address": lambda _: fitted(coef_=Reduced(np.ndarray, ((1, 2), "f8", b"\0" * 16))),
    "an array with strides": lambda _: fitted(coef_=Reduced(np.ndarray, ((1, 2), "f8", b"\0" * 16, 0, (2**40, 8)))),
    "an array as an instance": lambda _: fitted(coef_=made(np.ndarray, None)),
    "an array from elsewhere": lambda _: fitted(
        coef_=Reduced(np._core.multiarray._reconstruct, (np.memmap, (0,), b"b"), None)
    ),
    "more shape than bytes": lambda _: fitted(coef_=_array((1, 2**40), np.dtype("f8"), b"\0" * 16)),
    "a negative shape": lambda _: fitted(coef_=_array((-1, -2), np.dtype("f8"), b"\0" * 16)),
    "a shape of no numbers": lambda _: fitted(coef_=_array(("1", 2), np.dtype("f8"), b"\0" * 16)),
    "many axes": lambda _: fitted(coef_=_array((1,) * 40, np.dtype("f8"), b"\0" * 8)),
    "a huge axis": lambda _: fitted(coef_=_array((0, 2**62), np.dtype("f8"), b"")),
    "bytes as objects": lambda _: fitted(coef_=_array((2,), np.dtype("O"), b"A" * 16)),
    "objects from a buffer": lambda _: fitted(
        coef_=Reduced(np._core.numeric._frombuffer, (b"A" * 16, np.dtype("O"), (1, 2), "C"))
    ),
    "a list as bytes": lambda _: fitted(coef_=_array((1, 2), np.dtype("f8"), [1.0, 2.0])),
    "callables as elements": lambda canary: fitted(classes_=np.array([later(canary), 1], dtype=object)),
    "lists as elements": lambda _: fitted(classes_=_array((2,), np.dtype("O"), [[1], [2]])),
    "numbers that are followed": lambda _: fitted(
        coef_=_array((1, 2), _dtype("f8", 3, "<", None, None, None, -1, -1, 63), b"A" * 16)
    ),
    "a dtype with metadata": lambda canary: fitted(
        coef_=_array((1, 2), _dtype("f8", 4, "<", None, None, None, -1, -1, 0, {"a": str(canary)}), b"\0" * 16)
    ),
    "a dtype within": lambda _: fitted(
        coef_=_array((1,), _dtype("V16", 3, "|", (np.dtype("O"), (2,)), None, None, 16, 8, 63), b"A" * 16)
    ),
    "a dtype by another text": lambda _: fitted(coef_=_array((1, 2), Reduced(np.dtype, ("(2,)O",)), b"A" * 16)),
    "the other byte order": lambda _: fitted(coef_=_array((1, 2), np.dtype(">f8"), b"\0" * 16)),
    "other truths": lambda _: fitted(classes_=_array((2,), np.dtype("b1"), b"\xff\x07")),
    "no characters": lambda _: fitted(classes_=_array((2,), np.dtype("U1"), b"\xff" * 8)),
    "a scalar of objects": lambda _: fitted(C=Reduced(np._core.multiarray.scalar, (np.dtype("O"), b"A" * 8))),
    "a scalar without bytes": lambda _: fitted(C=Reduced(np._core.multiarray.scalar, (np.dtype("f8"), b""))),
    "a scalar that is called": lambda _: fitted(C=Reduced(np._core.multiarray.scalar, (np.dtype("f8"),))),
    "a generator's state": lambda canary: fitted(
        HistGradientBoostingClassifier(max_iter=2),
        _feature_subsample_rng=Reduced(np.random._pickle.__generator_ctor, (later(canary),)),
    ),
    "a generator by name": lambda _: fitted(random_state=Reduced(np.random._pickle.__randomstate_ctor, ("MT19937",))),
    "the same bytes often": lambda _: _bins(lambda: [_array((2**17,), np.dtype("f8"), _MEGABYTE) for _ in range(5000)]),
    "a slice that is called": lambda _: fitted(C=Reduced(slice, (1, 2, 3))),
    "bytes that are called": lambda _: fitted(C=Reduced(bytearray, (2**40,))),
}
"""Arrays that numpy would not make."""
_MEGABYTE = bytes(2**20)


def _bins(thresholds: Callable[[], list]) -> Any:
    model = fitted(HistGradientBoostingClassifier(max_iter=2))
    model._bin_mapper.bin_thresholds_ = thresholds()
    return model


def tree(**changes: Any) -> Reduced:
    """A tree of scikit-learn's with parts replaced: `nodes` by a function of them, arguments and state by name."""
    _, arguments, state = fitted(DecisionTreeClassifier(max_depth=3)).tree_.__reduce__()
    columns, classes, outputs = arguments
    nodes = state["nodes"].copy()
    changes.pop("nodes", lambda _: None)(nodes)
    state = state | {"nodes": nodes} | {key: changes[key] for key in changes.keys() & state.keys()}
    return Reduced(
        Tree,
        (changes.get("columns", columns), changes.get("classes", classes), changes.get("outputs", outputs)),
        state,
    )


def set_nodes(field: str, value: int, node: int = 0) -> Callable[[np.ndarray], None]:
    """Replaces a number of one node."""

    def change(nodes: np.ndarray) -> None:
        nodes[field][node] = value

    return change


def histogram(field: str, value: int) -> Any:
    """Boosted trees of which one node has another number."""
    model = fitted(HistGradientBoostingClassifier(max_iter=2))
    model._predictors[0][0].nodes[field][0] = value
    return model


def lightgbm(old: str, new: str) -> Any:
    """LightGBM's trees with a pattern replaced in its model, and the sizes of the trees mended."""
    model = fitted(two_of_lightgbm())
    state = model._Booster.__getstate__()
    text, changes = re.subn(old, new, state["_handle"], count=1)
    assert changes
    if not old.startswith("tree_sizes"):
        head, _, rest = text.partition("\n\n")
        trees = rest.partition("end of trees")[0].split("Tree=")[1:]
        sizes = " ".join(str(len(f"Tree={block}".encode())) for block in trees)
        head = "\n".join(f"tree_sizes={sizes}" if line.startswith("tree_sizes") else line for line in head.split("\n"))
        text = f"{head}\n\n{rest}"
    vars(model)["_Booster"] = made(type(model._Booster), state | {"_handle": text})
    return model


def xgboost(old: bytes, new: bytes) -> Any:
    """XGBoost's trees with bytes replaced in the booster."""
    model = fitted(two_of_xgboost())
    content = bytes(model._Booster.__getstate__()["handle"])
    assert old in content
    vars(model)["_Booster"] = made(Booster, {"handle": bytearray(content.replace(old, new, 1))})
    return model


def _key(text: str, kind: bytes) -> bytes:
    return b"L" + struct.pack(">q", len(text)) + text.encode() + kind


def _first(key: str, value: int) -> Any:
    """XGBoost's trees with the first number of an array of the first tree replaced."""
    model = fitted(two_of_xgboost())
    content = bytearray(model._Booster.__getstate__()["handle"])
    at = content.index(_key(key, b"[$l#L")) + len(_key(key, b"[$l#L")) + 8
    content[at : at + 4] = struct.pack(">i", value)
    vars(model)["_Booster"] = made(Booster, {"handle": content})
    return model


def _columns(number: int, *, first: bool) -> Any:
    """XGBoost's trees with another number of columns, in the settings (first) or in the model."""
    model = fitted(two_of_xgboost())
    content = bytes(model._Booster.__getstate__()["handle"])
    key = _key("num_feature", b"SL") + struct.pack(">q", 1)
    before, *rest = content.split(key + b"2")
    ends = [b"2"] * len(rest)
    ends[0 if first else 1] = str(number).encode()
    joined = before + b"".join(key + end + part for end, part in zip(ends, rest, strict=True))
    vars(model)["_Booster"] = made(Booster, {"handle": bytearray(joined)})
    return model


def of_tree(**changes: Any) -> Any:
    """A decision tree whose compiled tree has parts replaced."""
    return fitted(DecisionTreeClassifier(max_depth=3), tree_=tree(**changes))


TREES: dict[str, Attack] = {
    "a node out of the tree": lambda _: of_tree(nodes=set_nodes("left_child", 10**9)),
    "a node before the tree": lambda _: of_tree(nodes=set_nodes("right_child", -(10**9))),
    "a node that leads to itself": lambda _: of_tree(nodes=set_nodes("left_child", 0)),
    "a node of two parents": lambda _: of_tree(nodes=set_nodes("left_child", 2)),
    "half a leaf": lambda _: of_tree(nodes=set_nodes("left_child", -1)),
    "a column that is not there": lambda _: of_tree(nodes=set_nodes("feature", 2)),
    "a column before the first": lambda _: of_tree(nodes=set_nodes("feature", -(2**40))),
    "more nodes than there are": lambda _: of_tree(node_count=10**6),
    "less depth than there is": lambda _: of_tree(max_depth=0),
    "endless depth": lambda _: of_tree(max_depth=2**31 - 1),
    "more columns": lambda _: of_tree(columns=10**6),
    "more classes": lambda _: of_tree(classes=np.array([10**6])),
    "more outputs": lambda _: of_tree(outputs=10**6),
    "no values": lambda _: of_tree(values=np.zeros((0, 1, 2))),
    "a tree of one number": lambda _: fitted(
        DecisionTreeClassifier(), tree_=tree(classes=np.array([1]), values=np.zeros((15, 1, 1)))
    ),
    "nodes of another layout": lambda _: of_tree(nodes=lambda _: None, values=np.zeros((1, 1, 2), dtype="f4")),
    "more columns than the tree": lambda _: fitted(DecisionTreeClassifier(), n_features_in_=1),
    "a forest of wider trees": lambda _: fitted(RandomForestClassifier(2), n_features_in_=1),
    "boosted trees of two numbers": lambda _: _twice(fitted(GradientBoostingClassifier(n_estimators=2))),
    "a histogram out of the tree": lambda _: histogram("left", 2**32 - 1),
    "a histogram in a circle": lambda _: histogram("right", 0),
    "a histogram of no column": lambda _: histogram("feature_idx", 2),
    "a histogram of categories": lambda _: histogram("is_categorical", 1),
    "bins of other columns": lambda _: fitted(HistGradientBoostingClassifier(max_iter=2), n_features_in_=1),
    "LightGBM out of the tree": lambda _: lightgbm(r"left_child=\S+", "left_child=9"),
    "LightGBM in a circle": lambda _: lightgbm(r"left_child=\S+", "left_child=0"),
    "LightGBM past its leaves": lambda _: lightgbm(r"right_child=\S+", "right_child=-99"),
    "LightGBM of no column": lambda _: lightgbm(r"split_feature=\S+", "split_feature=77"),
    "LightGBM of fewer columns": lambda _: lightgbm("max_feature_idx=1", "max_feature_idx=0"),
    "LightGBM of more leaves": lambda _: lightgbm("num_leaves=4", "num_leaves=400"),
    "LightGBM of categories": lambda _: lightgbm("num_cat=0", "num_cat=9"),
    "LightGBM with linear leaves": lambda _: lightgbm("is_linear=0", "is_linear=1"),
    "LightGBM of more classes": lambda _: lightgbm("num_tree_per_iteration=1", "num_tree_per_iteration=9"),
    "LightGBM of other sizes": lambda _: lightgbm("tree_sizes=", "tree_sizes=9"),
    "LightGBM without an end": lambda _: lightgbm("end of trees", "end of tree"),
    "LightGBM with a value that is none": lambda _: lightgbm("leaf_value=", "leaf_value=x"),
    "LightGBM with another objective": lambda _: lightgbm("binary sigmoid:1", "none"),
    "XGBoost out of the tree": lambda _: _first("left_children", 10**8),
    "XGBoost in a circle": lambda _: _first("right_children", 0),
    "XGBoost of no column": lambda _: _first("split_indices", 77),
    "XGBoost from nowhere": lambda _: _first("parents", 3),
    "XGBoost trained on more columns": lambda _: _columns(9, first=True),
    "XGBoost of more columns": lambda _: _columns(9, first=False),
    "XGBoost of fewer columns": lambda _: _columns(1, first=False),
    "XGBoost with another booster": lambda _: xgboost(b"gbtree}L", b"gbline}L"),
    "XGBoost with another objective": lambda _: xgboost(b"Model", b"Mo\xffel"),
    "XGBoost cut": lambda _: xgboost(b"}}", b"}"),
    "XGBoost with endless arrays": lambda _: xgboost(
        _key("trees", b"[#L") + struct.pack(">q", 2), _key("trees", b"[#L") + struct.pack(">q", 2**62)
    ),
    "XGBoost nested without end": lambda _: xgboost(
        _key("trees", b"[#L") + struct.pack(">q", 2), _key("trees", b"") + (b"[#L" + struct.pack(">q", 1)) * 10**5
    ),
}
"""Trees that compiled code would follow out of memory, or for ever."""


def _twice(model: Any) -> Any:
    model.estimators_ = np.hstack([model.estimators_, model.estimators_])
    return model


MACHINE: dict[str, Attack] = {
    "a persistent id": lambda canary: b"\x80\x04P" + str(canary).encode() + b"\n.",
    "a persistent id of an object": lambda canary: program(word(str(canary)), b"Q"),
    "an extension code": lambda _: program(b"\x82\x01"),
    "a longer extension code": lambda _: program(b"\x83\x01\x01"),
    "the longest extension code": lambda _: program(b"\x84\x01\x01\x01\x01"),
    "a buffer out of band": lambda _: program(b"\x97", protocol=5),
    "a read-only buffer": lambda _: program(b"N\x98", protocol=5),
    "an instance of old": lambda canary: b"\x80\x04(X\x01\0\0\0aios\nmkdir\n.".replace(b"a", str(canary).encode()[:1]),
    "an object of old": lambda canary: program(b"(", name("os", "mkdir"), word(str(canary)), b"o"),
    "a constructor with names": lambda _: program(
        name("sklearn.linear_model._logistic", "LogisticRegression"), b")}\x92"
    ),
    "something dropped": lambda canary: program(name("os", "mkdir"), word(str(canary)), b"\x85R0N"),
    "something dropped of ours": lambda _: program(UNFITTED, b"0N"),
    "something twice": lambda _: program(UNFITTED, b"2\x86"),
    "the pickle of a text": lambda canary: f"cos\nmkdir\n(S'{canary}'\ntR.".encode(),
    "an older protocol": lambda canary: pickle.dumps(mkdir(canary), protocol=2),
    "a name of two": lambda canary: b"\x80\x04cos mkdir\nb\n" + word(str(canary)) + b"\x85R.",
    "a name within a name": lambda canary: program(
        name("sklearn.linear_model._logistic", "LogisticRegression.__init__.__globals__"), word(str(canary)), b"\x85R"
    ),
    "a name that is no text": lambda _: program(b"K\x01K\x02\x93"),
    "a call of an instance": lambda canary: program(UNFITTED, word(str(canary)), b"\x85R"),
    "a call without arguments": lambda _: program(name("sklearn.linear_model._logistic", "LogisticRegression"), b"NR"),
    "a memory of another's": lambda _: program(UNFITTED, b"q\x05N", b"q\x05h\x05"),
    "a memory far away": lambda _: program(UNFITTED, b"r\xff\xff\xff\x7f"),
    "what was not remembered": lambda _: program(b"h\x07"),
    "items of a list": lambda _: program(b"]NNs"),
    "items for an instance": lambda canary: program(UNFITTED, word("predict_proba"), word(str(canary)), b"s"),
    "elements for an instance": lambda _: program(UNFITTED, b"(NNe"),
    "an odd dictionary": lambda _: program(b"}(NNNu"),
    "two protocols": lambda _: program(b"\x80\x04", UNFITTED),
    "two pickles": lambda canary: program(UNFITTED) + pickle.dumps(mkdir(canary)),
    "a byte too many": lambda _: pickle.dumps(fitted()) + b"\0",
    "a frame too long": lambda _: b"\x80\x04\x95" + struct.pack("<Q", 2**62) + UNFITTED + b".",
    "a text too long": lambda _: program(b"\x8d" + struct.pack("<Q", 2**62) + b"a"),
    "bytes too long": lambda _: program(b"\x8e" + struct.pack("<Q", 2**62) + b"a"),
    "a buffer too long": lambda _: program(b"\x96" + struct.pack("<Q", 2**62) + b"a", protocol=5),
    "a number too long": lambda _: program(b"\x8b" + struct.pack("<i", 2**31 - 1) + b"a"),
    "a number of a million digits": lambda _: program(
        UNFITTED, b"}", word("C"), b"\x8b", struct.pack("<i", 10**6), b"\x7f" * 10**6, b"sb"
    ),
    "lists in lists": lambda _: program(b"]" * 10**5, b"a" * (10**5 - 1)),
    "tuples in tuples": lambda _: program(b")" + b"\x85" * 10**5),
    "a state in depths": lambda _: program(UNFITTED, b"}", word("C"), b")" + b"\x85" * 10**5, b"sb"),
    "a circle": lambda _: program(b"]q\x00h\x00a"),
    "a state in a circle": lambda _: program(UNFITTED, b"}q\x00", word("class_weight"), b"h\x00sb"),
    "a set": lambda _: pickle.dumps({1, 2}),
    "nothing": lambda _: b"",
    "a text": lambda _: b"hello",
}
"""Pickles that Python's own pickler never writes."""

GROUPS: dict[str, dict[str, Attack]] = {
    "called": CALLED,
    "inside": INSIDE,
    "pointers": POINTERS,
    "trees": TREES,
    "machine": MACHINE,
}


@dataclass(frozen=True)
class Hostile:
    """One hostile pickle."""

    name: str
    attack: Attack

    def content(self, canary: Path) -> bytes:
        """Its bytes, with the canary that it makes where it gets its way."""
        hostile = self.attack(canary)
        content = hostile if isinstance(hostile, bytes) else pickle.dumps(hostile, protocol=5)
        # Some things make it themselves when they are made, as a cache does.
        shutil.rmtree(canary, ignore_errors=True)
        return content


HOSTILE = [
    Hostile(f"{group}: {title}", attack) for group, attacks in GROUPS.items() for title, attack in attacks.items()
]
