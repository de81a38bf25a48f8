"""The repository's params.yaml as it is read, and copies of it with one key changed."""

import copy
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from tests.conftest import ROOT

Key = tuple[str | int, ...]

PARAMS = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


def leaves(value: Any, key: Key = ()) -> Iterator[Key]:
    """The path of every value that is no mapping or list, and of every mapping and list too."""
    if key:
        yield key
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        yield from leaves(item, (*key, name))


def changed(key: str | Key, value: Any) -> dict:
    """params.yaml with the value of one key replaced; a new key is added."""
    raw = copy.deepcopy(PARAMS)
    *way, last = key.split(".") if isinstance(key, str) else key
    section = raw
    for name in way:
        section = section[name]
    section[last] = value
    return raw


def without(key: str) -> dict:
    raw = copy.deepcopy(PARAMS)
    *way, last = key.split(".")
    section = raw
    for name in way:
        section = section[name]
    del section[last]
    return raw
