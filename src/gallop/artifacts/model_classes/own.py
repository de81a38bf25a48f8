"""This project's own classes, which a deployed model is made of, and an exported file never."""

from typing import Any, Final

from gallop.artifacts.model_classes.arrays import INDICES, LABELS, MATRIX, NUMPY_REAL, VECTOR
from gallop.artifacts.model_classes.classes import Fitted, Made, ModelClass
from gallop.artifacts.model_classes.estimators import LOGISTIC_REGRESSION, RANDOM_FOREST, check_tree
from gallop.artifacts.model_classes.kinds import FLAG, REAL, TEXT, DictOf, ListOf, TupleOf, maybe, one_of, only
from gallop.artifacts.model_classes.lightgbm import LIGHTGBM
from gallop.artifacts.model_classes.making import UnexpectedValueError
from gallop.artifacts.model_classes.parts import COLUMN_NAMES, COUNT, NUMBER, OUTPUT
from gallop.artifacts.model_classes.preprocessing import (
    MIN_MAX_SCALER,
    SIMPLE_IMPUTER,
    TARGET_ENCODER,
    column_transformer,
    one_hot_encoder,
    pipeline,
)

_WEIGHT: Final = one_of(REAL, NUMPY_REAL)

CLIP: Final = ModelClass(
    "gallop.modelling.preprocessing",
    "Clip",
    always={"sd": NUMBER},
    fitted={"n_features_in_": COUNT, "low_": VECTOR, "high_": VECTOR},
    at_times={**COLUMN_NAMES, "_sklearn_output_config": OUTPUT},
)
_LEVELS: Final = ModelClass(
    "gallop.modelling.preprocessing",
    "Levels",
    always={"names": ListOf(TEXT), "most": COUNT, "few": FLAG, "fixed": DictOf(TEXT, FLAG)},
)
_LEVEL_NAMES: Final = ModelClass(
    "gallop.modelling.preprocessing",
    "LevelNames",
    always={"signs": DictOf(TEXT, only(*"_=:|/~"))},
)
_PLAIN_NAMES: Final = ModelClass("gallop.modelling.preprocessing", "PlainNames")
_NUMBERS: Final = pipeline([CLIP, SIMPLE_IMPUTER], [MIN_MAX_SCALER], fitted=False)
ENCODER: Final = column_transformer(
    one_of(_NUMBERS, one_hot_encoder(_LEVEL_NAMES), TARGET_ENCODER), _LEVELS, _PLAIN_NAMES
)
"""What `modelling.preprocessing.encoder` makes."""


def _check_columns(made: Made) -> None:
    width = len(made["sources_"])
    for name, levels in made["_levels"].items():
        table, span = made["_tables"].get(name), made["_spans"].get(name)
        if table is None or span is None or not 0 <= span[0] <= span[1] <= width:
            raise UnexpectedValueError(f"does not know where the columns of {name!a} are")
        if table.shape != (len(levels) + 1, span[1] - span[0]) or not all(row < len(levels) for row in levels.values()):
            raise UnexpectedValueError(f"has another table for {name!a} than levels")


COLUMNS: Final = ModelClass(
    "gallop.modelling.encoder",
    "Columns",
    always={
        "numbers": ListOf(TEXT),
        "categories": ListOf(TEXT),
        "splines": FLAG,
        "fixed": maybe(DictOf(TEXT, only("one_hot", "target"))),
    },
    fitted={
        "sources_": ListOf(TEXT),
        "center_": VECTOR,
        "_levels": DictOf(TEXT, DictOf(TEXT, COUNT)),
        "_tables": DictOf(TEXT, MATRIX),
        "_spans": DictOf(TEXT, TupleOf((COUNT, COUNT))),
        "_rate_places": DictOf(TEXT, COUNT),
    },
    at_times={"_middle": VECTOR, "_gaps": INDICES, "_quantiles": MATRIX},
    check=_check_columns,
)
_CALIBRATOR: Final = ModelClass(
    "gallop.modelling.calibrator", "Calibrator", fitted={"base": _WEIGHT, "knots": VECTOR, "slopes": VECTOR}
)


def _check_member(made: Made) -> None:
    classifier: Any = made["classifier"]
    if hasattr(classifier, "coef_") and (classifier.coef_.shape[0] != 1 or classifier.intercept_.shape != (1,)):
        raise UnexpectedValueError("is linear in other classes than two")


_MEMBER: Final = ModelClass(
    "gallop.modelling.stack",
    "Member",
    fitted={
        "encoder": TEXT,
        "classifier": one_of(Fitted(LOGISTIC_REGRESSION), Fitted(LIGHTGBM), Fitted(RANDOM_FOREST)),
        "weight": _WEIGHT,
    },
    check=_check_member,
)


def _check_stack(made: Made) -> None:
    inputs = set(made["inputs"])
    for name, encoder in made["encoders"].items():
        if not {*encoder.numbers, *encoder.categories, *encoder.sources_} <= inputs:
            raise UnexpectedValueError(f"has an encoder {name!a} of other inputs than its own")
    for member in made["members"]:
        encoder = made["encoders"].get(member.encoder)
        if encoder is None:
            raise UnexpectedValueError(f"has a member of the encoder {member.encoder!a}, which is not there")
        width = len(encoder.sources_)
        if member.classifier.n_features_in_ != width or encoder.center_.shape != (width,):
            raise UnexpectedValueError(f"has a member of other columns than the {width} of its encoder")
        for tree in getattr(member.classifier, "estimators_", ()):
            check_tree(tree.tree_, columns=width, classes=2)


STACK: Final = ModelClass(
    "gallop.modelling.stack",
    "Stack",
    fitted={
        "inputs": ListOf(TEXT),
        "encoders": DictOf(TEXT, Fitted(COLUMNS)),
        "members": ListOf(Fitted(_MEMBER), tuple),
        "base": _WEIGHT,
        "calibrator": maybe(Fitted(_CALIBRATOR)),
        "classes_": LABELS,
    },
    check=_check_stack,
)
