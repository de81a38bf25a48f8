"""scikit-learn's classifiers of two classes that are not boosted: linear, trees, forests.

Compiled code follows the nodes of a tree without looking where they lead, so they are looked at here.
"""

from typing import Any, Final

import numpy as np

from gallop.artifacts.model_classes.arrays import (
    INDICES,
    LABELS,
    MATRIX,
    NUMPY_WHOLE,
    VECTOR,
    NodeArray,
    array,
)
from gallop.artifacts.model_classes.classes import Call, Fitted, Made, ModelClass, resolved
from gallop.artifacts.model_classes.kinds import (
    FLAG,
    NONE,
    REAL,
    TEXT,
    ListOf,
    TupleOf,
    fields,
    maybe,
    one_of,
    only,
    whole,
)
from gallop.artifacts.model_classes.making import UnexpectedValueError
from gallop.artifacts.model_classes.parts import (
    CLASS_WEIGHT,
    COLUMN_NAMES,
    COUNT,
    NUMBER,
    RANDOM,
    THREADS,
    VERBOSE,
    WHOLE,
)

LOGISTIC_REGRESSION: Final = ModelClass(
    "sklearn.linear_model._logistic",
    "LogisticRegression",
    always={
        "penalty": maybe(only("deprecated", "l1", "l2", "elasticnet")),
        "dual": FLAG,
        "tol": NUMBER,
        "C": NUMBER,
        "fit_intercept": FLAG,
        "intercept_scaling": NUMBER,
        "class_weight": CLASS_WEIGHT,
        "random_state": RANDOM,
        "solver": only("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"),
        "max_iter": WHOLE,
        "verbose": VERBOSE,
        "warm_start": FLAG,
        "n_jobs": THREADS,
        "l1_ratio": maybe(NUMBER),
    },
    fitted={"n_features_in_": COUNT, "classes_": LABELS, "coef_": MATRIX, "intercept_": VECTOR, "n_iter_": INDICES},
    at_times=COLUMN_NAMES,
)


def depth_of(left: np.ndarray, right: np.ndarray, feature: np.ndarray, columns: int) -> int:
    """How deep a tree is, once it is one: each node leads to children of its own, and asks a column that is there.

    Args:
        left, right: shape (nodes,), the children of each node, which come after it; -1 twice for a leaf.
        feature: shape (nodes,), the column that each node but the leaves asks.
        columns: how many there are.

    Raises:
        UnexpectedValueError: it is none.
    """
    if not len(left):
        raise UnexpectedValueError("is a tree without nodes")
    inner = np.flatnonzero((left != -1) | (right != -1))
    if np.any((feature[inner] < 0) | (feature[inner] >= columns)):
        raise UnexpectedValueError(f"is a tree that asks other columns than its {columns}")
    children = np.concatenate([left[inner], right[inner]])
    if np.any((children <= np.tile(inner, 2)) | (children >= len(left))) or len(np.unique(children)) < len(children):
        raise UnexpectedValueError("is a tree whose nodes lead nowhere, or in a circle")
    depth, level = 0, np.zeros(1, dtype=np.intp)
    while len(level := level[left[level] != -1]):
        depth, level = depth + 1, np.concatenate([left[level], right[level]])
    return depth


def _node_dtype() -> np.dtype:
    return resolved("sklearn.tree._tree", "NODE_DTYPE")


def _tree(arguments: tuple, state: Made) -> object:
    columns, classes, outputs = arguments
    nodes, values = state["nodes"], state["values"]
    if outputs != 1 or classes.tolist() not in ([1], [2]) or classes.dtype != np.intp:
        raise UnexpectedValueError("is a tree of other outcomes than two classes, or one number")
    if state["node_count"] != len(nodes) or values.shape != (len(nodes), 1, classes[0]):
        raise UnexpectedValueError("is a tree whose parts do not fit")
    depth = depth_of(nodes["left_child"], nodes["right_child"], nodes["feature"], columns)
    if not depth <= state["max_depth"] <= len(nodes):
        raise UnexpectedValueError("is a tree of another depth than it says")
    tree = resolved("sklearn.tree._tree", "Tree")(columns, classes, outputs)
    tree.__setstate__(dict(state))
    return tree


TREE: Final = Call(
    "sklearn.tree._tree",
    "Tree",
    TupleOf((COUNT, array("i8"), only(1))),
    _tree,
    fields(
        {
            "max_depth": COUNT,
            "node_count": COUNT,
            "nodes": NodeArray(_node_dtype),
            "values": array("f8", axes=(3,)),
        }
    ),
)


def check_tree(tree: Any, *, columns: int, classes: int) -> None:
    """Refuse a tree of another number of columns or classes than its estimator. Raises `UnexpectedValueError`."""
    if (tree.n_features, tree.max_n_classes) != (columns, classes):
        raise UnexpectedValueError(
            f"has a tree of {tree.n_features} columns and {tree.max_n_classes} classes, not {columns} and {classes}"
        )


def _check_classifying(made: Made) -> None:
    check_tree(made["tree_"], columns=made["n_features_in_"], classes=2)


def _check_regressing(made: Made) -> None:
    check_tree(made["tree_"], columns=made["n_features_in_"], classes=1)


TREE_SETTINGS: Final = {
    "criterion": only("gini", "entropy", "log_loss", "squared_error", "friedman_mse", "deprecated"),
    "max_depth": maybe(WHOLE),
    "min_samples_split": NUMBER,
    "min_samples_leaf": NUMBER,
    "min_weight_fraction_leaf": NUMBER,
    "max_features": maybe(NUMBER, only("sqrt", "log2")),
    "max_leaf_nodes": maybe(WHOLE),
    "random_state": RANDOM,
    "min_impurity_decrease": NUMBER,
    "class_weight": CLASS_WEIGHT,
    "ccp_alpha": NUMBER,
    "monotonic_cst": maybe(INDICES, ListOf(whole(-1, 1))),
}
_TREE_FITTED: Final = {"n_features_in_": COUNT, "n_outputs_": only(1), "max_features_": COUNT, "tree_": TREE}
_SPLITTER: Final = {"splitter": only("best", "random")}
_CLASSES: Final = {"classes_": LABELS, "n_classes_": one_of(only(2), NUMPY_WHOLE)}

DECISION_TREE, EXTRA_TREE = (
    ModelClass(
        "sklearn.tree._classes",
        name,
        {**TREE_SETTINGS, **_SPLITTER},
        {**_TREE_FITTED, **_CLASSES},
        COLUMN_NAMES,
        _check_classifying,
    )
    for name in ("DecisionTreeClassifier", "ExtraTreeClassifier")
)
REGRESSION_TREE: Final = ModelClass(
    "sklearn.tree._classes",
    "DecisionTreeRegressor",
    {**TREE_SETTINGS, **_SPLITTER},
    _TREE_FITTED,
    COLUMN_NAMES,
    _check_regressing,
)


def _check_forest(made: Made) -> None:
    if not made["estimators_"]:
        raise UnexpectedValueError("is a forest without trees")
    if len(made["classes_"]) != 2:
        raise UnexpectedValueError("is a forest of other classes than two")
    for estimator in made["estimators_"]:
        check_tree(estimator.tree_, columns=made["n_features_in_"], classes=2)


def _forest(name: str, tree: ModelClass) -> ModelClass:
    return ModelClass(
        "sklearn.ensemble._forest",
        name,
        always={
            **TREE_SETTINGS,
            "estimator": tree,
            "n_estimators": WHOLE,
            "estimator_params": ListOf(TEXT, tuple),
            "bootstrap": FLAG,
            "oob_score": FLAG,
            "n_jobs": THREADS,
            "verbose": VERBOSE,
            "warm_start": FLAG,
            "max_samples": maybe(NUMBER),
        },
        fitted={
            "n_features_in_": COUNT,
            "n_outputs_": only(1),
            "classes_": LABELS,
            "n_classes_": only(2),
            "estimator_": tree,
            "estimators_": ListOf(Fitted(tree)),
        },
        at_times={
            **COLUMN_NAMES,
            "_n_samples": COUNT,
            "_n_samples_bootstrap": maybe(COUNT),
            "_sample_weight": NONE,
            "oob_score_": one_of(REAL),
            "oob_decision_function_": MATRIX,
        },
        check=_check_forest,
    )


RANDOM_FOREST: Final = _forest("RandomForestClassifier", DECISION_TREE)
EXTRA_TREES: Final = _forest("ExtraTreesClassifier", EXTRA_TREE)
