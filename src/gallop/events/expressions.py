"""A person's own sums over features, evaluated. What they may say is in `gallop.settings.expressions`."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gallop.settings.expressions import parse_expression

_Combine = Callable[..., Any]
_BINARY: Final[Mapping[type, _Combine]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARED: Final[Mapping[type, _Combine]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
}
_CALLED: Final[Mapping[str, _Combine]] = {"min": np.minimum, "max": np.maximum, "log1p": np.log1p}


def evaluate_expression(text: str, values: Mapping[str, NDArray]) -> NDArray[np.float64]:
    """An expression over numbers, row by row: NaN where one of them is missing or the result is no finite number.

    Args:
        values: name of a feature → shape (k,).
    """
    tree, names = parse_expression(text)
    with np.errstate(all="ignore"):
        found = np.asarray(_value(tree, {key: values[name] for key, name in names.items()}), dtype=np.float64)
    missing = np.zeros(found.shape, dtype=bool)
    for name in names.values():
        missing = missing | np.isnan(values[name])
    size = len(next(iter(values.values())))
    return np.broadcast_to(np.where(missing | ~np.isfinite(found), np.nan, found), (size,)).copy()


def _value(node: ast.expr, values: Mapping[str, NDArray]) -> NDArray | float:
    match node:
        case ast.Constant():
            return float(node.value)  # ty: ignore[invalid-argument-type]
        case ast.Name():
            return values[node.id]
        case ast.BinOp():
            return _BINARY[type(node.op)](_value(node.left, values), _value(node.right, values))
        case ast.UnaryOp():
            return -_value(node.operand, values)
        case ast.Compare():
            return _COMPARED[type(node.ops[0])](_value(node.left, values), _value(node.comparators[0], values)) * 1.0
        case ast.Call(func=ast.Name(id=name)):
            return _CALLED[name](*(_value(argument, values) for argument in node.args))
    raise TypeError(f"{ast.dump(node)} passed the parser")
