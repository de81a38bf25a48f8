"""The settings that a family's search may try: grids of lists and ranges, as Optuna asks for them."""

import itertools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import optuna

from gallop.modelling.families import Parameters, check_combination
from gallop.settings.training import FamilySearch, Range

_MOST_COMBINATIONS: Final = 1000


def check_all(family: str, wanted: FamilySearch) -> None:
    """Try every value of every grid once, and every setting of `start`, on a handful of rows.

    Raises:
        SettingsError: names the family, the combination, and what its library says.
    """
    for grid in wanted.space:
        ends = {name: (each.low, each.high) if isinstance(each, Range) else each for name, each in grid.items()}
        first = {name: values[0] for name, values in ends.items()}
        tried = [first | {name: value} for name, values in ends.items() for value in values]
        # The first values of all parameters together come again with each of them.
        for parameters in {key(each): each for each in tried}.values():
            check_combination(family, parameters)
    for parameters in wanted.start:
        check_combination(family, dict(parameters))


def first(wanted: FamilySearch, trials: int) -> Iterator[dict[str, Any]]:
    """What is tried first: the settings known to be good, or the whole space where it is small enough."""
    for parameters in wanted.start:
        place = next(place for place, grid in enumerate(wanted.space) if set(parameters) <= set(grid))
        yield _named(wanted, place, dict(parameters))
    if any(isinstance(values, Range) for grid in wanted.space for values in grid.values()):
        return
    sizes = [int(np.prod([len(values) for values in grid.values()])) for grid in wanted.space]  # ty: ignore[invalid-argument-type]
    if sum(sizes) <= min(trials, _MOST_COMBINATIONS):
        for place, grid in enumerate(wanted.space):
            for chosen in itertools.product(*grid.values()):
                yield _named(wanted, place, dict(zip(grid, chosen, strict=True)))


def _named(wanted: FamilySearch, place: int, parameters: Parameters) -> dict[str, Any]:
    if len(wanted.space) == 1:
        return parameters
    return {"grid": place} | {f"{place}.{name}": value for name, value in parameters.items()}


def suggest(asked: optuna.Trial, wanted: FamilySearch) -> Parameters:
    place = asked.suggest_categorical("grid", range(len(wanted.space))) if len(wanted.space) > 1 else 0
    parameters = {}
    for name, values in sorted(wanted.space[place].items()):
        named = name if len(wanted.space) == 1 else f"{place}.{name}"
        if not isinstance(values, Range):
            parameters[name] = asked.suggest_categorical(named, list(values))
        elif isinstance(values.low, int) and isinstance(values.high, int):
            parameters[name] = asked.suggest_int(named, values.low, values.high, log=values.log)
        else:
            parameters[name] = asked.suggest_float(named, values.low, values.high, log=values.log)
    return parameters


def key(parameters: dict[str, Any]) -> str:
    """Settings that two grids hold are one."""
    plain = {name.partition(".")[2] or name: value for name, value in parameters.items() if name != "grid"}
    return repr(sorted((name, repr(value)) for name, value in plain.items()))
