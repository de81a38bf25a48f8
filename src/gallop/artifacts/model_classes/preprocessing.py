"""scikit-learn's steps before a classifier, and the pipelines that they stand in. No cache, no meta-estimator."""

from collections.abc import Sequence
from typing import Final

from gallop.artifacts.model_classes.arrays import (
    DTYPE,
    INDICES,
    LABELS,
    NAMES_ARRAY,
    NUMPY_REAL,
    NUMPY_WHOLE,
    VECTOR,
    array,
)
from gallop.artifacts.model_classes.classes import Call, Fitted, Made, ModelClass, Named
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
from gallop.artifacts.model_classes.making import Kind, UnexpectedValueError
from gallop.artifacts.model_classes.parts import COLUMN_NAMES, COUNT, NUMBER, OUTPUT, RANDOM, VERBOSE

_COLUMNS: Final = {"n_features_in_": COUNT}
_AT_TIMES: Final = {**COLUMN_NAMES, "_sklearn_output_config": OUTPUT}

STANDARD_SCALER: Final = ModelClass(
    "sklearn.preprocessing._data",
    "StandardScaler",
    always={"with_mean": FLAG, "with_std": FLAG, "copy": FLAG},
    fitted={
        **_COLUMNS,
        "mean_": maybe(VECTOR),
        "var_": maybe(VECTOR),
        "scale_": maybe(VECTOR),
        "n_samples_seen_": one_of(COUNT, NUMPY_WHOLE, NUMPY_REAL, INDICES),
    },
    at_times=_AT_TIMES,
)
MIN_MAX_SCALER: Final = ModelClass(
    "sklearn.preprocessing._data",
    "MinMaxScaler",
    always={"feature_range": TupleOf((NUMBER, NUMBER)), "copy": FLAG, "clip": FLAG},
    fitted={
        **_COLUMNS,
        "n_samples_seen_": COUNT,
        **dict.fromkeys(("scale_", "min_", "data_min_", "data_max_", "data_range_"), VECTOR),
    },
    at_times=_AT_TIMES,
)
_INDICATOR: Final = ModelClass(
    "sklearn.impute._base",
    "MissingIndicator",
    always={
        "missing_values": REAL,
        "features": only("missing-only", "all"),
        "sparse": one_of(FLAG, only("auto")),
        "error_on_new": FLAG,
    },
    fitted={**_COLUMNS, "_n_features": COUNT, "_precomputed": FLAG, "features_": INDICES},
    at_times=_AT_TIMES,
)
SIMPLE_IMPUTER: Final = ModelClass(
    "sklearn.impute._base",
    "SimpleImputer",
    always={
        "missing_values": NUMBER,
        "add_indicator": FLAG,
        "keep_empty_features": FLAG,
        "strategy": only("mean", "median", "most_frequent", "constant"),
        "fill_value": maybe(NUMBER),
        "copy": FLAG,
    },
    fitted={**_COLUMNS, "statistics_": VECTOR, "indicator_": maybe(Fitted(_INDICATOR))},
    at_times={**_AT_TIMES, "_fit_dtype": DTYPE, "_fill_dtype": DTYPE},
)
_CATEGORIES: Final = ListOf(NAMES_ARRAY)
_SPLITTER: Final = ModelClass(
    "sklearn.model_selection._split",
    "StratifiedKFold",
    always={"n_splits": COUNT, "shuffle": FLAG, "random_state": RANDOM},
)
TARGET_ENCODER: Final = ModelClass(
    "sklearn.preprocessing._target_encoder",
    "TargetEncoder",
    always={
        "categories": only("auto"),
        "target_type": only("binary"),
        "smooth": one_of(only("auto"), NUMBER),
        "cv": one_of(_SPLITTER, COUNT),
        "shuffle": one_of(only("deprecated"), FLAG),
        "random_state": one_of(only("deprecated"), RANDOM),
    },
    fitted={
        **_COLUMNS,
        "categories_": _CATEGORIES,
        "classes_": LABELS,
        "encodings_": ListOf(VECTOR),
        "target_mean_": one_of(REAL, NUMPY_REAL),
        "target_type_": only("binary"),
    },
    at_times={**_AT_TIMES, "_infrequent_enabled": FLAG},
)


def one_hot_encoder(namer: Kind) -> ModelClass:
    """scikit-learn's one-hot encoder of texts.

    Args:
        namer: what may name its columns besides scikit-learn's own way.
    """
    dropped = array("O8", items=maybe(whole()))
    return ModelClass(
        "sklearn.preprocessing._encoders",
        "OneHotEncoder",
        always={
            "categories": only("auto"),
            "sparse_output": FLAG,
            "dtype": Named("numpy", "float64"),
            "handle_unknown": only("ignore", "error", "warn", "infrequent_if_exist"),
            "drop": maybe(only("first", "if_binary")),
            "min_frequency": maybe(NUMBER),
            "max_categories": maybe(COUNT),
            "feature_name_combiner": one_of(only("concat"), namer),
        },
        fitted={**_COLUMNS, "categories_": _CATEGORIES, "drop_idx_": maybe(dropped)},
        at_times={
            **_AT_TIMES,
            "_infrequent_enabled": FLAG,
            "_infrequent_indices": ListOf(maybe(INDICES)),
            "_default_to_infrequent_mappings": ListOf(maybe(INDICES)),
            "_drop_idx_after_grouping": maybe(dropped),
            "_n_features_outs": ListOf(COUNT),
        },
    )


_SLICE: Final = Call(
    "builtins",
    "slice",
    TupleOf((maybe(COUNT), maybe(COUNT), maybe(COUNT))),
    lambda ends, _: slice(*ends),
)
_CHOSEN: Final = ListOf(TEXT)


def column_transformer(steps: Kind, chooser: Kind, namer: Kind) -> ModelClass:
    """scikit-learn's transformer of columns by steps.

    Args:
        steps: what may transform some columns.
        chooser: what may choose them, besides their names.
        namer: what may name the result's.
    """
    return ModelClass(
        "sklearn.compose._column_transformer",
        "ColumnTransformer",
        always={
            "transformers": ListOf(TupleOf((TEXT, steps, one_of(_CHOSEN, chooser)))),
            "remainder": only("drop"),
            "sparse_threshold": NUMBER,
            "n_jobs": NONE,
            "transformer_weights": NONE,
            "verbose": FLAG,
            "verbose_feature_names_out": one_of(FLAG, namer),
        },
        fitted={
            **_COLUMNS,
            **COLUMN_NAMES,
            "_columns": ListOf(_CHOSEN),
            "_transformer_to_input_indices": DictOf(TEXT, ListOf(COUNT)),
            "_remainder": TupleOf((only("remainder"), only("drop"), ListOf(COUNT))),
            "sparse_output_": only(False),
            "transformers_": ListOf(TupleOf((TEXT, one_of(steps, only("drop")), one_of(_CHOSEN, ListOf(COUNT))))),
            "output_indices_": DictOf(TEXT, _SLICE),
        },
        at_times={**_AT_TIMES, "_transformers_feature_names_out": NAMES_ARRAY},
    )


def pipeline(first: Sequence[ModelClass], last: Sequence[ModelClass], *, fitted: bool = True) -> ModelClass:
    """scikit-learn's pipeline, without a cache: any number of the first steps, and one of the last.

    Args:
        fitted: False where the steps need not be.
    """

    def check(made: Made) -> None:
        *before, end = [type(step).__name__ for _, step in made["steps"]] or [""]
        if end not in {step.name for step in last} or not {*before} <= {step.name for step in first}:
            raise UnexpectedValueError(
                f"has the steps {[*before, end]}; accepted are {[step.name for step in first]} and then one of "
                f"{[step.name for step in last]}"
            )

    steps = one_of(*(Fitted(step) if fitted else step for step in (*first, *last)))
    return ModelClass(
        "sklearn.pipeline",
        "Pipeline",
        always={"transform_input": NONE, "memory": NONE, "verbose": VERBOSE},
        fitted={"steps": ListOf(TupleOf((TEXT, steps)))},
        at_times=_AT_TIMES,
        check=check,
    )
