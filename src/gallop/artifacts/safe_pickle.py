"""Reading a pickle without handing it the machine.

A pickle is a program: it names classes and functions and calls them. This reader resolves only estimators of the
libraries models are made of, whose making does nothing, their compiled parts, and the few functions numpy and
scikit-learn rebuild their own objects with. A name is judged by what it resolves to, not by where it was asked for, so
an allowed module is no way to a forbidden import of its own. This narrows what a hostile file can do; it is not a
sandbox, so bundles are also checked against the SHA-256 of their manifest before any of this.
"""

import io
import pickle
from pathlib import Path
from typing import Final

import numpy as np

from gallop.errors import ContractError, UnsafeModelError

ALLOWED_PACKAGES: Final = ("sklearn", "xgboost")
"""Whose classes a model file may hold. Of numpy it may hold arrays, scalars, dtypes and random generators."""

OWN: Final = (
    "gallop.modelling.preprocessing",
    "gallop.modelling.encoder",
    "gallop.modelling.calibrator",
    "gallop.modelling.stack",
)
"""Whose classes a whole model of this project may hold besides."""

_DEPLOYED: Final = ("lightgbm",)
"""Whose classes it may hold besides those, which no exported file does."""

_PARTS: Final = ("sklearn._loss", "sklearn.calibration", "sklearn.ensemble")
"""Where the plain classes lie that estimators hold. Elsewhere making one may write a file or open a socket."""

_BUILTINS: Final = frozenset({"slice", "range", "set", "frozenset", "complex", "bytearray", "object"})
_NAMED: Final = frozenset(
    {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.random._pcg64", "PCG64"),
        ("numpy.random._mt19937", "MT19937"),
        ("numpy.random.bit_generator", "SeedSequence"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.random._pickle", "__bit_generator_ctor"),
        ("numpy.random._pickle", "__generator_ctor"),
        ("numpy.random._pickle", "__randomstate_ctor"),
        ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
        ("copyreg", "_reconstructor"),
        ("xgboost.core", "Booster"),
        ("lightgbm.basic", "Booster"),
        ("sklearn.model_selection._split", "StratifiedKFold"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
    }
)


_PY_TPFLAGS_HEAPTYPE: Final = 1 << 9
"""Set for classes that are written in Python (its C API, type flags)."""


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, modules: tuple[str, ...]) -> None:
        super().__init__(io.BytesIO(content))
        self._modules = modules

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in _NAMED or (module == "builtins" and name in _BUILTINS):
            return super().find_class(module, name)
        if _within(module, self._modules) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and _within(found.__module__, self._modules) and _is_part_of_model(found):
                return found
        if module in {"numpy", "numpy.dtypes"}:
            # Scalar types and dtypes only: numpy.memmap, say, would open a file.
            found = super().find_class(module, name)
            if isinstance(found, type) and issubclass(found, np.generic | np.dtype):
                return found
        raise UnsafeModelError(f"asks for {module}.{name}, which is no model's class of {', '.join(self._modules)}")


def unpickle(content: bytes, source: Path, *, own: bool = False) -> object:
    """Rebuild the object in a pickle, resolving allowed names only.

    Args:
        content: the bytes of the pickle.
        source: the file's name for errors.
        own: True to allow this project's own fitted steps too.

    Raises:
        UnsafeModel: the pickle asks for anything else. ContractBroken: the bytes are no whole pickle.
    """
    modules = ALLOWED_PACKAGES + OWN + _DEPLOYED if own else ALLOWED_PACKAGES
    try:
        return _Reader(content, modules).load()
    except UnsafeModelError as error:
        raise UnsafeModelError(f"{source}: {error}") from None
    except Exception as error:  # noqa: BLE001 damaged pickles raise anything; all of it means the same
        raise ContractError(f"{source}: not a whole pickle: {type(error).__name__}: {error}") from None


def _is_part_of_model(found: type) -> bool:
    from sklearn.base import BaseEstimator

    compiled = not found.__flags__ & _PY_TPFLAGS_HEAPTYPE
    # Making one of this project's own steps, or one of the rules by which they choose and name columns, does nothing.
    return compiled or issubclass(found, BaseEstimator) or _within(found.__module__, _PARTS + OWN)


def _within(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)
