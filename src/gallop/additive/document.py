"""A model's files, in open formats that hold no code: JSON, arrays (npz without pickle), LightGBM's own text.

`model.json` says what there is; arrays and trees stand in files beside it. Numbers come back to the last bit.
"""

import io
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from gallop.additive.calibrator import Calibrator
from gallop.additive.classifiers import AdditiveClassifier, BoostedTrees, Forest, LinearClassifier
from gallop.additive.columns import EncodedColumns, LevelTable, SplineTable
from gallop.additive.model import AdditiveModel, Member

MODEL: Final = "model.json"
ARRAYS: Final = "arrays.npz"
_VERSION: Final = 1
_FOREST: Final = ("roots", "left", "right", "column", "threshold", "missing_left", "share")
_SPLINES: Final = ("middle", "quantiles", "gaps")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Encoding(_Part):
    name: str
    numbers: tuple[str, ...]
    splines: bool
    categories: dict[str, tuple[str, ...]]
    """Name → levels, in the order of its table's rows."""


class _Member(_Part):
    kind: Literal["linear", "forest", "boosted"]
    encoding: str
    weight: float
    intercept: float = 0.0


class _Document(_Part):
    version: Literal[1]
    inputs: tuple[str, ...]
    base: float
    encodings: tuple[_Encoding, ...]
    members: tuple[_Member, ...]
    calibrated: float | None
    """The calibrator's base; None where there is no calibrator."""


def write_document(model: AdditiveModel) -> dict[str, bytes]:
    """File name → content."""
    arrays: dict[str, Any] = {}
    texts: dict[str, bytes] = {}
    encodings = []
    for number, (name, encoding) in enumerate(model.encodings.items()):
        arrays[f"encoding-{number}-center"] = encoding.center
        for field in _SPLINES if encoding.splines else ():
            arrays[f"encoding-{number}-{field}"] = getattr(encoding.splines, field)
        for index, category in enumerate(encoding.categories.values()):
            arrays[f"encoding-{number}-levels-{index}"] = category.table
        encodings.append(
            _Encoding(
                name=name,
                numbers=encoding.numbers,
                splines=encoding.splines is not None,
                categories={of: category.levels for of, category in encoding.categories.items()},
            )
        )
    members = []
    for number, member in enumerate(model.members):
        kind, intercept = "boosted", 0.0
        match member.classifier:
            case LinearClassifier(coefficients, of_member):
                kind, intercept = "linear", of_member
                arrays[f"member-{number}-coefficients"] = coefficients
            case Forest() as forest:
                kind = "forest"
                arrays |= {f"member-{number}-{field}": getattr(forest, field) for field in _FOREST}
            case BoostedTrees(text):
                texts[_trees(number)] = text.encode()
        members.append(_Member(kind=kind, encoding=member.encoding, weight=member.weight, intercept=intercept))
    if model.calibrator is not None:
        arrays |= {"calibrator-knots": model.calibrator.knots, "calibrator-slopes": model.calibrator.slopes}
    content = _Document(
        version=_VERSION,
        inputs=model.inputs,
        base=model.base,
        encodings=tuple(encodings),
        members=tuple(members),
        calibrated=model.calibrator.base if model.calibrator else None,
    )
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return {MODEL: content.model_dump_json(indent=1).encode() + b"\n", ARRAYS: packed.getvalue(), **texts}


def read_document(files: Mapping[str, bytes]) -> AdditiveModel:
    """A model from its files, by name.

    Raises:
        ValueError, KeyError: a file is missing, damaged, or of another version of the format.
    """
    document = _Document.model_validate_json(files[MODEL])
    with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as arrays:
        calibrator = None
        if document.calibrated is not None:
            calibrator = Calibrator(document.calibrated, arrays["calibrator-knots"], arrays["calibrator-slopes"])
        return AdditiveModel(
            inputs=document.inputs,
            encodings={
                encoding.name: _encoded_columns(encoding, f"encoding-{number}", arrays)
                for number, encoding in enumerate(document.encodings)
            },
            members=tuple(
                Member(member.encoding, _classifier(member, number, arrays, files), member.weight)
                for number, member in enumerate(document.members)
            ),
            base=document.base,
            calibrator=calibrator,
        )


def _encoded_columns(encoding: _Encoding, prefix: str, arrays: Mapping[str, Any]) -> EncodedColumns:
    splines = SplineTable(*(arrays[f"{prefix}-{field}"] for field in _SPLINES)) if encoding.splines else None
    categories = {
        name: LevelTable(levels, arrays[f"{prefix}-levels-{index}"])
        for index, (name, levels) in enumerate(encoding.categories.items())
    }
    return EncodedColumns(encoding.numbers, splines, categories, arrays[f"{prefix}-center"])


def _classifier(
    member: _Member, number: int, arrays: Mapping[str, Any], files: Mapping[str, bytes]
) -> AdditiveClassifier:
    if member.kind == "boosted":
        return BoostedTrees(files[_trees(number)].decode())
    if member.kind == "forest":
        return Forest(*(arrays[f"member-{number}-{field}"] for field in _FOREST))
    return LinearClassifier(arrays[f"member-{number}-coefficients"], member.intercept)


def _trees(member: int) -> str:
    return f"trees-{member}.txt"
