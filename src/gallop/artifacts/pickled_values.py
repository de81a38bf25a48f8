"""What a pickled model may hold besides objects of named classes: plain data, arrays, and seeds.

The few functions that may be called are held to the arguments that numpy's own pickles give them.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final

import numpy as np

PLAIN_TYPES: Final = (type(None), bool, int, float, str, bytes, bytearray, slice, range, np.generic, np.dtype)
CONTAINERS: Final = (list, tuple, set, frozenset)
MAPPINGS: Final = (dict, OrderedDict, defaultdict)
_PLAIN_MODULES: Final = frozenset({"builtins", "numpy", "numpy.dtypes"})
_DEEPEST: Final = 50


class RefusedError(Exception):
    """What a file asks for is not done. Its message is for people."""


def _array(of: object, shape: object, code: object) -> np.ndarray:
    if of is not np.ndarray or shape != (0,) or code not in (b"b", "b"):
        raise RefusedError("makes an array of another class or shape than an empty one")
    return np.ndarray((0,), np.int8)


def _from_buffer(buffer: object, dtype: object, shape: object, order: object = "C") -> np.ndarray:
    if not isinstance(buffer, bytes | bytearray) or not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise RefusedError("makes an array of something else than bytes and numbers")
    if not isinstance(shape, tuple) or order not in ("C", "F"):
        raise RefusedError("makes an array of no shape")
    return np.frombuffer(bytes(buffer), dtype).copy().reshape(shape, order="C" if order == "C" else "F")


def _scalar(dtype: object, content: object = b"") -> np.generic:
    if not isinstance(dtype, np.dtype) or dtype.hasobject or not isinstance(content, bytes):
        raise RefusedError("makes a number of something else than bytes")
    return np.frombuffer(content, dtype, 1)[0]


def _plain_call(function: type) -> Callable:
    """A function that may be called with plain data and nothing else."""

    def call(*arguments: object) -> object:
        for argument in arguments:
            check_value(argument, frozenset(), f"an argument of {function.__name__}", 0)
        return function(*arguments)

    return call


def _of_bit_generator(constructor: Callable) -> Callable:
    def make(*arguments: object) -> object:
        from numpy.random.bit_generator import BitGenerator

        if len(arguments) != 1 or not isinstance(arguments[0], BitGenerator | str):
            raise RefusedError("makes a generator of something else than a bit generator")
        only = arguments[0]
        return constructor(_bit_generator(only) if isinstance(only, str) else only)

    return make


def _ordered_default(factory: object = None) -> defaultdict:
    if factory is not OrderedDict:
        raise RefusedError("makes a dictionary of another factory than OrderedDict")
    return defaultdict(OrderedDict)


def callable_names() -> dict[tuple[str, str], object]:
    """Module and name → what is taken for it: what arrays, seeds and plain containers are made of."""
    from numpy.random import _pickle as seeds
    from numpy.random import bit_generator

    generators = {name: _of_bit_generator(getattr(seeds, name)) for name in ("__generator_ctor", "__randomstate_ctor")}
    return {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): _plain_call(np.dtype),
        ("numpy", "float64"): np.float64,
        ("numpy._core.multiarray", "_reconstruct"): _array,
        ("numpy._core.multiarray", "scalar"): _scalar,
        ("numpy._core.numeric", "_frombuffer"): _from_buffer,
        ("numpy.random._pickle", "__bit_generator_ctor"): _bit_generator,
        **{("numpy.random._pickle", name): function for name, function in generators.items()},
        ("numpy.random._pcg64", "PCG64"): "PCG64",
        ("numpy.random._mt19937", "MT19937"): "MT19937",
        ("numpy.random.bit_generator", "SeedSequence"): bit_generator.SeedSequence,
        ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"): getattr(
            bit_generator,
            "__pyx_unpickle_SeedSequence",
        ),
        ("collections", "OrderedDict"): OrderedDict,
        ("collections", "defaultdict"): _ordered_default,
        ("builtins", "bytearray"): _plain_call(bytearray),
        ("builtins", "slice"): _plain_call(slice),
        ("builtins", "range"): _plain_call(range),
        ("builtins", "set"): _plain_call(set),
        ("builtins", "frozenset"): _plain_call(frozenset),
    }


def _bit_generator(name: object = "MT19937") -> object:
    from numpy.random import MT19937, PCG64

    if name not in ("MT19937", "PCG64"):
        raise RefusedError("makes another generator than numpy's usual ones")
    return {"MT19937": MT19937, "PCG64": PCG64}[str(name)](0)


def check_value(value: object, classes: frozenset[str], where: str, depth: int) -> None:
    """Refuse what is neither plain data nor, anywhere in it, an object of one of these classes."""
    if depth > _DEEPEST:
        raise RefusedError(f"nests {where} deeper than any model")
    kind = type(value)
    inside: Iterable[object]
    if isinstance(value, np.ndarray):
        if kind is not np.ndarray:
            raise RefusedError(f"has a {kind.__name__} in {where}")
        inside = value.ravel().tolist() if value.dtype.hasobject else ()
    elif kind in MAPPINGS:
        inside = [*value.keys(), *value.values()]  # ty: ignore[missing-attribute]
    elif kind in CONTAINERS:
        inside = value  # ty: ignore[invalid-assignment]
    elif (
        kind.__name__ in classes
        or (isinstance(value, PLAIN_TYPES) and kind.__module__ in _PLAIN_MODULES)
        or (value is np.float64 and where == "OneHotEncoder.dtype")
    ):
        return
    else:
        raise RefusedError(f"has {described(value)} in {where}")
    for part in inside:
        check_value(part, classes, where, depth + 1)


def dtype_state(dtype: np.dtype, state: object) -> Any:
    """The state of the type of numbers that a file means, taken from numpy itself and not from the file.

    Sizes, fields and flags of a file's own could make numpy follow numbers as if they were pointers.
    """
    if not isinstance(state, tuple) or len(state) != 8 or state[1] not in ("<", ">", "|", "="):
        raise RefusedError("makes a type of numbers that numpy does not have")
    if state[3] is None and state[4] is None and state[2] is None:
        return np.dtype(dtype.str).newbyteorder(state[1]).__reduce__()[2]
    known = next((own for own in _tree_nodes() if own.names == state[3] and own.itemsize == dtype.itemsize), None)
    if known is None or dtype.kind != "V":
        raise RefusedError("makes a type of numbers that no accepted model has")
    return known.__reduce__()[2]


def _tree_nodes() -> tuple[np.dtype, ...]:
    histogram = import_module("sklearn.ensemble._hist_gradient_boosting.common")
    return import_module("sklearn.tree._tree").NODE_DTYPE, histogram.PREDICTOR_RECORD_DTYPE


def described(value: object) -> str:
    return ascii(f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}")[1:-1]
