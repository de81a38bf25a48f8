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
        ends = {
            name: (values.low, values.high) if isinstance(values, Range) else values for name, values in grid.items()
        }
        first = {name: values[0] for name, values in ends.items()}
        tried = [first | {name: value} for name, values in ends.items() for value in values]
        # The first values of all parameters together come again with each of them.
        for parameters in {key(setting): setting for setting in tried}.values():
            check_combination(family, parameters)
    for parameters in wanted.start:
        check_combination(family, dict(parameters))


def first(wanted: FamilySearch, trials: int) -> Iterator[dict[str, Any]]:
    """What is tried first: the settings known to be good, or the whole space where it is small enough."""
    for parameters in wanted.start:
        index = next(index for index, grid in enumerate(wanted.space) if set(parameters) <= set(grid))
        yield _named(wanted, index, dict(parameters))
    if any(isinstance(values, Range) for grid in wanted.space for values in grid.values()):
        return
    sizes = [int(np.prod([len(values) for values in grid.values()])) for grid in wanted.space]  # ty: ignore[invalid-argument-type]
    if sum(sizes) <= min(trials, _MOST_COMBINATIONS):
        for index, grid in enumerate(wanted.space):
            for chosen in itertools.product(*grid.values()):
                yield _named(wanted, index, dict(zip(grid, chosen, strict=True)))


def _named(wanted: FamilySearch, index: int, parameters: Parameters) -> dict[str, Any]:
    if len(wanted.space) == 1:
        return parameters
    return {"grid": index} | {f"{index}.{name}": value for name, value in parameters.items()}


def suggest(trial: optuna.Trial, wanted: FamilySearch) -> Parameters:
    index = trial.suggest_categorical("grid", range(len(wanted.space))) if len(wanted.space) > 1 else 0
    parameters = {}
    for name, values in sorted(wanted.space[index].items()):
        named = name if len(wanted.space) == 1 else f"{index}.{name}"
        if not isinstance(values, Range):
            parameters[name] = trial.suggest_categorical(named, list(values))
        elif isinstance(values.low, int) and isinstance(values.high, int):
            parameters[name] = trial.suggest_int(named, values.low, values.high, log=values.log)
        else:
            parameters[name] = trial.suggest_float(named, values.low, values.high, log=values.log)
    return parameters


def key(parameters: dict[str, Any]) -> str:
    """Settings that two grids hold are one."""
    plain = {name.partition(".")[2] or name: value for name, value in parameters.items() if name != "grid"}
    return repr(sorted((name, repr(value)) for name, value in plain.items()))
