"""What a model file may hold as a whole: an exported classifier, or besides those a deployed model."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Final

from gallop.artifacts.model_classes import arrays, own
from gallop.artifacts.model_classes.boosting import GRADIENT_BOOSTING, HISTOGRAM_BOOSTING
from gallop.artifacts.model_classes.classes import Fitted, ModelClass
from gallop.artifacts.model_classes.estimators import DECISION_TREE, EXTRA_TREES, LOGISTIC_REGRESSION, RANDOM_FOREST
from gallop.artifacts.model_classes.kinds import OneOf, one_of
from gallop.artifacts.model_classes.lightgbm import LIGHTGBM
from gallop.artifacts.model_classes.preprocessing import MIN_MAX_SCALER, SIMPLE_IMPUTER, STANDARD_SCALER, pipeline
from gallop.artifacts.model_classes.xgboost import XGB_CLASSIFIER, XGB_FOREST
from gallop.artifacts.pickle_records import NameRecord

CLASSIFIERS: Final = (
    *(LOGISTIC_REGRESSION, DECISION_TREE, RANDOM_FOREST, EXTRA_TREES, GRADIENT_BOOSTING, HISTOGRAM_BOOSTING),
    *(XGB_CLASSIFIER, XGB_FOREST, LIGHTGBM),
)
"""Of two classes."""
STEPS: Final = (SIMPLE_IMPUTER, STANDARD_SCALER, MIN_MAX_SCALER)
"""What may come before a classifier, in a pipeline."""
EXPORTED: Final = one_of(*(Fitted(of) for of in (*CLASSIFIERS, pipeline(STEPS, CLASSIFIERS))))
"""What `validate` and `audit` read: any of the classifiers, alone or at the end of a pipeline."""
DEPLOYED: Final = one_of(
    *(Fitted(of) for of in (*CLASSIFIERS, own.STACK, pipeline((own.ENCODER, own.CLIP, *STEPS), CLASSIFIERS)))
)
"""What a bundle may hold besides: this project's own models."""


def names_in(kind: OneOf) -> frozenset[tuple[str, str]]:
    """Module and name of every class and function that a file of this kind may name."""
    records = {*arrays.NAMES, *_records(kind, set())}
    return frozenset((record.module, record.name) for record in records)


def _records(part: object, seen: set[int]) -> Iterator[NameRecord]:
    if id(part) in seen:
        return
    seen.add(id(part))
    record = getattr(part, "record", None)
    if isinstance(record, NameRecord):
        yield record
    if is_dataclass(part):
        inside = [getattr(part, field.name) for field in fields(part)]
    elif isinstance(part, Mapping):
        inside = list(part.values())
    elif isinstance(part, tuple):
        inside = list(part)
    else:
        return
    for value in inside:
        yield from _records(value, seen)


def titles(classes: tuple[ModelClass, ...]) -> str:
    """The names of some classes, for a sentence."""
    return ", ".join(of.name for of in classes)
