"""Sums over features, as a person writes them in params.yaml: `` `purchase count 30d` / (1 + `any event count 30d`) ``.

Names stand in backticks, since they hold blanks. Arithmetic, comparisons, min, max, log1p and numbers: nothing else.
"""

import ast
import re
from functools import lru_cache
from typing import Final

_NAME: Final = re.compile(r"`([^`]+)`")
FUNCTIONS: Final = {"min": 2, "max": 2, "log1p": 1}
"""What may be called, and with how many values."""
_ALLOWED: Final = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare, ast.Name, ast.Load, ast.Constant),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq),
)


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> tuple[ast.expr, dict[str, str]]:
    """The tree of an expression, and its placeholders → names of features.

    Raises:
        ValueError: it is no expression, or asks for more than arithmetic.
    """
    names = {f"_{index}": name for index, name in enumerate(dict.fromkeys(_NAME.findall(text)))}
    places = {name: key for key, name in names.items()}
    try:
        tree = ast.parse(_NAME.sub(lambda match: places[match.group(1)], text).strip(), mode="eval")
    except (SyntaxError, ValueError):
        raise ValueError(f"{text!r} is no expression; `a count 7d` / 2 is, with names in backticks") from None
    for node in ast.walk(tree):
        known = not isinstance(node, ast.Name) or node.id in {*names, *FUNCTIONS}
        number = not isinstance(node, ast.Constant) or (isinstance(node.value, int | float) and abs(node.value) < 1e15)
        call = not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and not node.keywords)
        one = not isinstance(node, ast.Compare) or len(node.ops) == 1
        if not (isinstance(node, _ALLOWED) and known and number and call and one):
            raise ValueError(
                f"{text!r}: only features in backticks, numbers, + - * /, comparisons and {[*FUNCTIONS]} are accepted"
            )
    called = {node.func: len(node.args) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (node in called) != (node.id in FUNCTIONS):
            raise ValueError(f"{text!r}: {node.id} must {'not ' if node in called else ''}be called")
        if isinstance(node, ast.Name) and node in called and called[node] != FUNCTIONS[node.id]:
            raise ValueError(f"{text!r}: {node.id} takes {FUNCTIONS[node.id]} values")
    return tree.body, names


def names_of(text: str) -> set[str]:
    """The features that an expression is made of. Raises `ValueError`."""
    return set(parse_expression(text)[1].values())
