"""LightGBM's model as text, read before LightGBM reads it: its parser follows numbers without looking where they lead.

Accepted are boosted trees of two classes over numbers, in the fourth version of the text, as `model_to_string` writes
it (https://github.com/microsoft/LightGBM, src/boosting/gbdt_model_text.cpp).
"""

import re
from typing import Final

import numpy as np

from gallop.artifacts.model_classes.estimators import depth_of
from gallop.artifacts.model_classes.making import UnexpectedValueError

_NUMBER: Final = r"-?(?:[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?|inf|nan)"
_NUMBERS: Final = re.compile(rf"(?:{_NUMBER}(?: {_NUMBER})*)?", re.ASCII)
_WHOLES: Final = re.compile(r"(?:-?[0-9]{1,10}(?: -?[0-9]{1,10})*)?", re.ASCII)
_RANGES: Final = re.compile(rf"(?:none|\[{_NUMBER}:{_NUMBER}\])(?: (?:none|\[{_NUMBER}:{_NUMBER}\]))*", re.ASCII)
_HEADER: Final = {
    "version": re.compile("v4"),
    "num_class": re.compile("1"),
    "num_tree_per_iteration": re.compile("1"),
    "label_index": re.compile("[0-9]{1,9}"),
    "max_feature_idx": re.compile("[0-9]{1,9}"),
    "objective": re.compile(r"binary sigmoid:[0-9.]{1,9}", re.ASCII),
    "feature_names": re.compile(r"\S+(?: \S+)*"),
    "monotone_constraints": _WHOLES,
    "feature_infos": _RANGES,
    "tree_sizes": _WHOLES,
}
_PER_SPLIT: Final = {
    **dict.fromkeys(("split_feature", "decision_type", "left_child", "right_child", "internal_count"), _WHOLES),
    **dict.fromkeys(("split_gain", "threshold", "internal_value", "internal_weight"), _NUMBERS),
}
_PER_LEAF: Final = {"leaf_value": _NUMBERS, "leaf_weight": _NUMBERS, "leaf_count": _WHOLES}
_TREE: Final = {
    "num_leaves": re.compile("[1-9][0-9]{0,6}"),
    "num_cat": re.compile("0"),
    "is_linear": re.compile("0"),
    "shrinkage": re.compile(_NUMBER),
    **_PER_SPLIT,
    **_PER_LEAF,
}
_AFTER: Final = re.compile(
    r"feature_importances:\n(?:[^\n]*=[0-9]+\n)*"
    r"(?:\nparameters:\n(?:\[[a-z0-9_]+: [^\n]*\]\n)*\nend of parameters\n)?"
    r"(?:\npandas_categorical:(?:null|\[\])\n)?\n*"
)
_LEAF_WITHOUT_SPLITS: Final = frozenset({"leaf_weight"})
_CATEGORICAL: Final = 1
"""Bit of a split's decision type."""


def check_text(text: str) -> int:
    """How many columns a model takes, once its text is one that LightGBM may be given.

    Raises:
        UnexpectedValueError: with what is wrong.
    """
    if "\0" in text or "\r" in text:
        raise UnexpectedValueError("is no text of LightGBM's")
    head, separator, trees = text.partition("\n\n")
    header = _pairs(head.removeprefix("tree\n"), _HEADER)
    trees, ended, after = trees.partition("end of trees\n\n")
    if not head.startswith("tree\n") or not separator or not ended or not _AFTER.fullmatch(after):
        raise UnexpectedValueError("is no whole text of a LightGBM model")
    if lacking := sorted(_HEADER.keys() - header.keys() - {"monotone_constraints"}):
        raise UnexpectedValueError(f"lacks {', '.join(lacking)}")
    columns = int(header["max_feature_idx"]) + 1
    if {len(header[name].split(" ")) for name in ("feature_names", "feature_infos")} != {columns}:
        raise UnexpectedValueError(f"names other columns than its {columns}")
    blocks = trees.encode()
    sizes = [int(size) for size in header["tree_sizes"].split()]
    if sum(sizes) != len(blocks):
        raise UnexpectedValueError("has trees of other sizes than it says")
    start = 0
    for number, size in enumerate(sizes):
        if size <= 0:
            raise UnexpectedValueError("has trees of other sizes than it says")
        _check_tree(blocks[start : start + size].decode(errors="replace"), number, columns)
        start += size
    return columns


def _pairs(block: str, patterns: dict[str, re.Pattern[str]]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in block.split("\n"):
        name, _, value = line.partition("=")
        if name not in patterns or name in pairs:
            raise UnexpectedValueError(f"has the line {line[:40]!a}, which is not accepted")
        if not patterns[name].fullmatch(value):
            raise UnexpectedValueError(f"has {name}={ascii(value[:40])[1:-1]}, which is not accepted")
        pairs[name] = value
    return pairs


def _check_tree(block: str, number: int, columns: int) -> None:
    title = f"Tree={number}\n"
    if not block.startswith(title) or not block.endswith("\n\n"):
        raise UnexpectedValueError("has trees of other sizes than it says")
    tree = _pairs(block.removeprefix(title).rstrip("\n"), _TREE)
    if lacking := sorted(_TREE.keys() - tree.keys()):
        raise UnexpectedValueError(f"has a tree that lacks {', '.join(lacking)}")
    leaves = int(tree["num_leaves"])
    for names, length in ((_PER_SPLIT, leaves - 1), (_PER_LEAF, leaves)):
        for name in names:
            values = len(tree[name].split())
            if values != length and not (leaves == 1 and not values and name in _LEAF_WITHOUT_SPLITS):
                raise UnexpectedValueError(f"has a tree with {values} values of {name}; it needs {length}")
    if leaves > 1:
        _check_splits(tree, leaves, columns)


def _check_splits(tree: dict[str, str], leaves: int, columns: int) -> None:
    """Inner nodes count from 0, leaves from -1 downwards: here they become one row of nodes, the leaves last."""
    splits = leaves - 1
    wholes = [name for name, pattern in _PER_SPLIT.items() if pattern is _WHOLES]
    numbers = {name: np.array(tree[name].split(), dtype=np.int64) for name in wholes}
    if np.any(numbers["decision_type"] & _CATEGORICAL):
        raise UnexpectedValueError("asks for categories; accepted are numbers")
    sides = []
    for side in ("left_child", "right_child"):
        child = numbers[side]
        if np.any((child >= splits) | (child < -leaves)):
            raise UnexpectedValueError("is a tree whose nodes lead nowhere, or in a circle")
        children = np.where(child >= 0, child, splits - 1 - child)
        sides.append(np.concatenate([children, np.full(leaves, -1)]))
    depth_of(*sides, np.concatenate([numbers["split_feature"], np.full(leaves, -1)]), columns)
