"""XGBoost's classifiers of two classes, and their booster: its bytes are read here before XGBoost reads them.

Its prediction follows the nodes of a tree without looking where they lead. What it was trained with (`Config`) is left
out; the model itself is handed on, byte by byte as it is in the file.
"""

import re
from typing import Any, Final

import numpy as np

from gallop.artifacts.model_classes.arrays import LABELS
from gallop.artifacts.model_classes.classes import Call, Fitted, Made, ModelClass
from gallop.artifacts.model_classes.estimators import depth_of
from gallop.artifacts.model_classes.kinds import (
    FLAG,
    NONE,
    REAL,
    TEXT,
    DictOf,
    ListOf,
    TupleOf,
    maybe,
    one_of,
    only,
    whole,
)
from gallop.artifacts.model_classes.making import Kind, Making, UnexpectedValueError
from gallop.artifacts.model_classes.parts import BYTES, NUMBER, RANDOM, THREADS, WHOLE
from gallop.artifacts.model_classes.ubjson import UbjsonReader

_NO_PARENT: Final = 2**31 - 1
_PER_NODE: Final = frozenset(
    {"base_weights", "default_left", "left_children", "loss_changes", "parents", "right_children", "split_conditions"}
    | {"split_indices", "split_type", "sum_hessian"}
)
_OF_CATEGORIES: Final = frozenset({"categories", "categories_nodes", "categories_segments", "categories_sizes"})
_OF_TREE: Final = _PER_NODE | _OF_CATEGORIES | {"id", "tree_param"}


def _wanted(holder: Any, names: set[str], further: frozenset[str] = frozenset()) -> dict[str, Any]:
    if not isinstance(holder, dict) or not names <= holder.keys() <= names | further:
        raise UnexpectedValueError(f"needs exactly {sorted(names)} where it has {_keys(holder)}")
    return holder


def _keys(holder: Any) -> str:
    return ascii(sorted(holder)[:12])[:200] if isinstance(holder, dict) else f"a {type(holder).__name__}"


def _count(value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{1,9}", value, re.ASCII):
        raise UnexpectedValueError("has no number where one belongs")
    return int(value)


def check_booster(content: bytes) -> tuple[int, int]:
    """Where in a booster's bytes its model lies, from and to, once XGBoost may be given it.

    Raises:
        UnexpectedValueError: with what is wrong.
    """
    reader = UbjsonReader(content)
    spans, values = {}, {}
    if not reader.take("{"):
        raise UnexpectedValueError("is no booster of XGBoost's")
    while not reader.take("}"):
        name = reader.key()
        start = reader.position
        values[name] = reader.value()
        spans[name] = (start, reader.position)
    _wanted(values, {"Config", "Model"})
    if reader.position != len(content) or len(spans) != len(values):
        raise UnexpectedValueError("has bytes after its end")
    model = _wanted(values["Model"], {"learner", "version"})
    learner = _wanted(
        model["learner"],
        {"attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective"},
    )
    attributes = learner["attributes"]
    if not isinstance(attributes, dict) or not {*attributes} <= {"best_iteration", "best_score"}:
        raise UnexpectedValueError(f"has the attributes {_keys(attributes)}; accepted are best_iteration, best_score")
    if not all(re.fullmatch(r"[0-9.e+-]{1,30}", str(value), re.ASCII) for value in attributes.values()):
        raise UnexpectedValueError("has no number where one belongs")
    columns = _check_learner(learner)
    trained = values["Config"].get("learner") if isinstance(values["Config"], dict) else None
    if not isinstance(trained, dict) or trained.get("learner_model_param") != learner["learner_model_param"]:
        raise UnexpectedValueError("was trained on other columns or classes than it says")
    _check_trees(learner["gradient_booster"], columns)
    return spans["Model"]


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _check_learner(learner: dict[str, Any]) -> int:
    names = {"base_score", "boost_from_average", "num_class", "num_feature", "num_target"}
    parameters = _wanted(learner["learner_model_param"], names)
    columns = _count(parameters["num_feature"])
    if _count(parameters["num_class"]) > 1 or _count(parameters["num_target"]) != 1:
        raise UnexpectedValueError("are trees of other classes than two")
    if not re.fullmatch(r"\[?[0-9.E+-]{1,30}\]?", str(parameters["base_score"]), re.ASCII):
        raise UnexpectedValueError("has no number as base_score")
    objective = learner["objective"]
    if not isinstance(objective, dict) or objective.get("name") != "binary:logistic":
        raise UnexpectedValueError("has another objective than binary:logistic")
    _wanted(objective, {"name", "reg_loss_param"})
    for name in ("feature_names", "feature_types"):
        if not _is_texts(learner[name]) or len(learner[name]) not in {0, columns}:
            raise UnexpectedValueError(f"has other {name} than of its {columns} columns")
    if {*learner["feature_types"]} - {"float", "int", "i", "q"}:
        raise UnexpectedValueError("takes categories; accepted are numbers")
    return columns


def _check_trees(booster: Any, columns: int) -> None:
    if not isinstance(booster, dict) or booster.get("name") != "gbtree":
        raise UnexpectedValueError("has another booster than gbtree")
    model = _wanted(
        _wanted(booster, {"name", "model"})["model"],
        {"gbtree_model_param", "iteration_indptr", "tree_info", "trees"},
        frozenset({"cats"}),
    )
    if any(len(part) for part in model.get("cats", {}).values()):
        raise UnexpectedValueError("takes categories; accepted are numbers")
    trees, parameters = model["trees"], _wanted(model["gbtree_model_param"], {"num_parallel_tree", "num_trees"})
    if not isinstance(trees, list) or _count(parameters["num_trees"]) != len(trees):
        raise UnexpectedValueError("has another number of trees than it says")
    starts = _whole_list(model["iteration_indptr"])
    if starts[:1] != [0] or starts[-1:] != [len(trees)] or starts != sorted(starts):
        raise UnexpectedValueError("has other iterations than its trees make")
    if _whole_list(model["tree_info"]) != [0] * len(trees):
        raise UnexpectedValueError("are trees of other classes than two")
    for number, tree in enumerate(trees):
        try:
            _check_tree(_wanted(tree, {*_OF_TREE}), number, columns)
        except UnexpectedValueError as error:
            raise error.at(f"tree {number}") from None


def _whole_list(values: Any) -> list[int]:
    if not isinstance(values, list | np.ndarray) or not all(isinstance(value, int | np.integer) for value in values):
        raise UnexpectedValueError("has no numbers where they belong")
    return [int(value) for value in values]


def _check_tree(tree: dict[str, Any], number: int, columns: int) -> None:
    parameters = _wanted(tree["tree_param"], {"num_deleted", "num_feature", "num_nodes", "size_leaf_vector"})
    nodes = _count(parameters["num_nodes"])
    if _count(parameters["num_feature"]) != columns or _count(parameters["size_leaf_vector"]) > 1:
        raise UnexpectedValueError("takes other columns than the model")
    if any(len(tree[name]) for name in _OF_CATEGORIES):
        raise UnexpectedValueError("asks for categories; accepted are numbers")
    for name in _PER_NODE:
        if not isinstance(tree[name], np.ndarray) or len(tree[name]) != nodes:
            raise UnexpectedValueError(f"has another number of {name} than nodes")
    wholes = {name: tree[name] for name in ("left_children", "right_children", "parents", "split_indices")}
    if any(values.dtype.kind != "i" for values in wholes.values()) or tree["id"] != number:
        raise UnexpectedValueError("has no numbers where they belong")
    left, right, parents, asked = (values.astype(np.int64) for values in wholes.values())
    if np.any(tree["split_type"]):
        raise UnexpectedValueError("asks for categories; accepted are numbers")
    depth_of(left, right, asked, columns)
    if parents[0] != _NO_PARENT or np.any((parents[1:] < 0) | (parents[1:] >= np.arange(1, nodes))):
        raise UnexpectedValueError("is a tree whose nodes come from nowhere")


class _BoosterClass(ModelClass):
    """XGBoost makes its booster of bytes; it is given those of a model that has been read before."""

    def _made(self, value: Any, making: Making, *, whole: bool) -> object:
        from xgboost import Booster
        from xgboost.core import XGBoostError

        content = self.read(value, making, fitted=whole)["handle"]
        making.spend(4 * len(content))
        start, end = check_booster(bytes(content))
        try:
            booster = Booster()
            booster.load_model(bytearray(content[start:end]))
        except (XGBoostError, ValueError) as error:
            raise UnexpectedValueError(f"is refused by XGBoost: {ascii(str(error))[1:-1][:200]}") from None
        return booster


_BOOSTER: Final = _BoosterClass(
    "xgboost.core",
    "Booster",
    fitted={"handle": BYTES},
)
_HISTORY: Final = Call(
    "collections",
    "OrderedDict",
    TupleOf(()),
    lambda _, items: dict(items or {}),
    items=(TEXT, ListOf(one_of(REAL, NUMBER))),
)
_NUMBERS: Final = (
    *("base_score", "colsample_bylevel", "colsample_bynode", "colsample_bytree", "gamma", "learning_rate"),
    *("max_delta_step", "min_child_weight", "missing", "reg_alpha", "reg_lambda", "scale_pos_weight", "subsample"),
)
_WHOLES: Final = (
    *("early_stopping_rounds", "max_bin", "max_cat_threshold", "max_cat_to_onehot", "max_depth", "max_leaves"),
    *("n_estimators", "num_parallel_tree", "verbosity"),
)
_SETTINGS: Final[dict[str, Kind]] = {
    **dict.fromkeys(_NUMBERS, maybe(NUMBER)),
    **dict.fromkeys(_WHOLES, maybe(WHOLE)),
    **dict.fromkeys(("callbacks", "feature_types", "feature_weights", "interaction_constraints"), NONE),
    **dict.fromkeys(("monotone_constraints",), maybe(TEXT, ListOf(whole(-1, 1), tuple), DictOf(TEXT, whole(-1, 1)))),
    "booster": maybe(only("gbtree")),
    "device": maybe(only("cpu")),
    "enable_categorical": only(False),
    "eval_metric": maybe(TEXT, ListOf(TEXT)),
    "grow_policy": maybe(only("depthwise", "lossguide")),
    "importance_type": maybe(only("gain", "weight", "cover", "total_gain", "total_cover")),
    "multi_strategy": maybe(only("one_output_per_tree")),
    "n_jobs": THREADS,
    "objective": maybe(only("binary:logistic")),
    "random_state": RANDOM,
    "sampling_method": maybe(only("uniform", "gradient_based")),
    "tree_method": maybe(only("auto", "exact", "approx", "hist")),
    "validate_parameters": maybe(FLAG),
}


def _check(made: Made) -> None:
    if made["_Booster"].num_features() < 1:
        raise UnexpectedValueError("takes no columns")


XGB_CLASSIFIER, XGB_FOREST = (
    ModelClass(
        "xgboost.sklearn",
        name,
        always=_SETTINGS,
        fitted={"_Booster": Fitted(_BOOSTER), "n_classes_": only(2)},
        at_times={"evals_result_": DictOf(TEXT, one_of(_HISTORY, DictOf(TEXT, ListOf(NUMBER)))), "classes_": LABELS},
        check=_check,
    )
    for name in ("XGBClassifier", "XGBRFClassifier")
)
