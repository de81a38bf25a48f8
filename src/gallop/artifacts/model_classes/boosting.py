"""scikit-learn's boosted trees of two classes, and what they are made of."""

from typing import Any, Final

import numpy as np

from gallop.artifacts.model_classes.arrays import (
    INDICES,
    LABELS,
    NUMPY_REAL,
    VECTOR,
    NodeArray,
    array,
)
from gallop.artifacts.model_classes.classes import Fitted, Made, ModelClass, resolved
from gallop.artifacts.model_classes.estimators import REGRESSION_TREE, TREE_SETTINGS, check_tree, depth_of
from gallop.artifacts.model_classes.kinds import FLAG, NONE, REAL, ListOf, maybe, one_of, only, whole
from gallop.artifacts.model_classes.making import UnexpectedValueError
from gallop.artifacts.model_classes.parts import (
    CLASS_WEIGHT,
    COLUMN_NAMES,
    COUNT,
    GENERATOR,
    LOSS,
    NUMBER,
    RANDOM,
    VERBOSE,
    WHOLE,
)

_DUMMY: Final = ModelClass(
    "sklearn.dummy",
    "DummyClassifier",
    always={"strategy": only("prior"), "random_state": RANDOM, "constant": NONE},
    fitted={
        "n_features_in_": COUNT,
        "_strategy": only("prior"),
        "sparse_output_": only(False),
        "n_outputs_": only(1),
        "classes_": LABELS,
        "n_classes_": only(2),
        "class_prior_": VECTOR,
    },
    at_times=COLUMN_NAMES,
)


def _check_boosted(made: Made) -> None:
    trees = made["estimators_"]
    if trees.ndim != 2 or trees.shape[1] != 1 or len(made["classes_"]) != 2 or made["loss"] != "log_loss":
        raise UnexpectedValueError("are boosted trees of other classes than two")
    for tree in trees[:, 0]:
        check_tree(tree.tree_, columns=made["n_features_in_"], classes=1)


GRADIENT_BOOSTING: Final = ModelClass(
    "sklearn.ensemble._gb",
    "GradientBoostingClassifier",
    always={
        **{name: kind for name, kind in TREE_SETTINGS.items() if name not in {"class_weight", "monotonic_cst"}},
        "n_estimators": WHOLE,
        "learning_rate": NUMBER,
        "loss": only("log_loss"),
        "subsample": NUMBER,
        "init": NONE,
        "alpha": NUMBER,
        "verbose": VERBOSE,
        "warm_start": FLAG,
        "validation_fraction": NUMBER,
        "n_iter_no_change": maybe(WHOLE),
        "tol": NUMBER,
    },
    fitted={
        "n_features_in_": COUNT,
        "classes_": LABELS,
        "n_classes_": only(2),
        "n_trees_per_iteration_": only(1),
        "max_features_": COUNT,
        "_loss": LOSS,
        "init_": Fitted(_DUMMY),
        "estimators_": array(axes=(2,), items=Fitted(REGRESSION_TREE)),
        "n_estimators_": COUNT,
    },
    at_times={
        **COLUMN_NAMES,
        "_rng": RANDOM,
        "train_score_": VECTOR,
        "oob_improvement_": VECTOR,
        "oob_scores_": VECTOR,
        "oob_score_": one_of(REAL, NUMPY_REAL),
    },
    check=_check_boosted,
)


def _node_dtype() -> np.dtype:
    return resolved("sklearn.ensemble._hist_gradient_boosting.common", "PREDICTOR_RECORD_DTYPE")


_PREDICTOR: Final = ModelClass(
    "sklearn.ensemble._hist_gradient_boosting.predictor",
    "TreePredictor",
    fitted={
        "nodes": NodeArray(_node_dtype),
        "binned_left_cat_bitsets": array("u4", axes=(2,)),
        "raw_left_cat_bitsets": array("u4", axes=(2,)),
    },
)
_BINS: Final = ModelClass(
    "sklearn.ensemble._hist_gradient_boosting.binning",
    "_BinMapper",
    always={
        "n_bins": WHOLE,
        "subsample": maybe(WHOLE),
        "is_categorical": NONE,
        "known_categories": NONE,
        "random_state": RANDOM,
        "n_threads": whole(1, 1024),
    },
    fitted={
        "bin_thresholds_": ListOf(VECTOR),
        "n_bins_non_missing_": INDICES,
        "is_categorical_": array("u1"),
        "missing_values_bin_idx_": WHOLE,
    },
)
LABELLER: Final = ModelClass("sklearn.preprocessing._label", "LabelEncoder", fitted={"classes_": LABELS})


def _check_predictor(predictor: Any, columns: int) -> None:
    nodes = predictor.nodes
    if np.any(nodes["is_categorical"]):
        raise UnexpectedValueError("asks for categories; accepted are numbers")
    leaf = nodes["is_leaf"] != 0
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    depth_of(left, right, nodes["feature_idx"], columns)


def _check_histograms(made: Made) -> None:
    columns, bins = made["n_features_in_"], made["_bin_mapper"]
    if made["_n_features"] != columns or len(made["classes_"]) != 2 or made["_baseline_prediction"].shape != (1, 1):
        raise UnexpectedValueError("are boosted trees whose parts do not fit, or of other classes than two")
    if np.any(bins.is_categorical_) or {len(bins.bin_thresholds_), len(bins.is_categorical_)} != {columns}:
        raise UnexpectedValueError(f"has bins of other columns than {columns} numbers")
    for iteration in made["_predictors"]:
        if len(iteration) != 1:
            raise UnexpectedValueError("are boosted trees of other classes than two")
        _check_predictor(iteration[0], columns)


HISTOGRAM_BOOSTING: Final = ModelClass(
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
    "HistGradientBoostingClassifier",
    always={
        "loss": only("log_loss"),
        "learning_rate": NUMBER,
        "max_iter": WHOLE,
        "max_leaf_nodes": maybe(WHOLE),
        "max_depth": maybe(WHOLE),
        "min_samples_leaf": WHOLE,
        "l2_regularization": NUMBER,
        "max_features": NUMBER,
        "max_bins": WHOLE,
        "categorical_features": maybe(only("from_dtype")),
        "monotonic_cst": maybe(INDICES, ListOf(whole(-1, 1))),
        "interaction_cst": maybe(only("pairwise", "no_interactions")),
        "warm_start": FLAG,
        "early_stopping": one_of(FLAG, only("auto")),
        "scoring": maybe(only("loss")),
        "validation_fraction": maybe(NUMBER),
        "n_iter_no_change": WHOLE,
        "tol": NUMBER,
        "verbose": VERBOSE,
        "random_state": RANDOM,
        "class_weight": CLASS_WEIGHT,
    },
    fitted={
        "n_features_in_": COUNT,
        "classes_": LABELS,
        "n_trees_per_iteration_": only(1),
        "_n_features": COUNT,
        "_loss": LOSS,
        "_predictors": ListOf(ListOf(Fitted(_PREDICTOR))),
        "_bin_mapper": Fitted(_BINS),
        "_baseline_prediction": array("f8", "f4", axes=(2,)),
        "_preprocessor": NONE,
        "is_categorical_": NONE,
    },
    at_times={
        **COLUMN_NAMES,
        "_label_encoder": LABELLER,
        "_is_categorical_remapped": NONE,
        "_random_seed": RANDOM,
        "_feature_subsample_rng": GENERATOR,
        "_scorer": NONE,
        "_use_validation_data": FLAG,
        "do_early_stopping_": FLAG,
        "train_score_": VECTOR,
        "validation_score_": VECTOR,
    },
    check=_check_histograms,
)
