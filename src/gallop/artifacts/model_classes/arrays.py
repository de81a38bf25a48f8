"""Arrays, numbers and dtypes of numpy, made from a file's bytes and from nothing that it calls.

A pickle that may call `numpy.ndarray` chooses addresses in memory. Here a shape, a dtype of a short list, and exactly
as many bytes as both need become an array; compiled code may rely on it.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gallop.artifacts.model_classes.kinds import TEXT
from gallop.artifacts.model_classes.making import Kind, Making, UnexpectedValueError, described
from gallop.artifacts.pickle_records import CallRecord, DictRecord, NameRecord

_NDARRAY: Final = NameRecord("numpy", "ndarray")
_DTYPE: Final = NameRecord("numpy", "dtype")
_RECONSTRUCT: Final = NameRecord("numpy._core.multiarray", "_reconstruct")
_FROM_BUFFER: Final = NameRecord("numpy._core.numeric", "_frombuffer")
_SCALAR: Final = NameRecord("numpy._core.multiarray", "scalar")
NAMES: Final = (_NDARRAY, _DTYPE, _RECONSTRUCT, _FROM_BUFFER, _SCALAR)
"""All that a file may name for these."""

_NUMBERS: Final = frozenset({"f8", "f4", "i8", "i4", "u8", "u4", "u1", "b1"})
_LONGEST_AXIS: Final = 2**31
_MOST_PARTS: Final = 40
_DTYPE_STATE: Final = 3
"""Version of what numpy pickles of a dtype."""


def read_dtype(record: object) -> np.dtype:
    """The dtype that a record describes: a number, a short text, or numbers by name. Raises `UnexpectedValueError`."""
    if not isinstance(record, CallRecord) or record.called != _DTYPE or record.new or record.items:
        raise UnexpectedValueError(f"is {described(record)}; accepted is a dtype")
    code, *further = record.arguments or (None,)
    if type(code) is not str or tuple(further) != (False, True):
        raise UnexpectedValueError("is no plain dtype")
    state = record.state
    if not isinstance(state, tuple) or len(state) != 8 or not all(type(state[part]) is int for part in (0, 5, 6, 7)):
        raise UnexpectedValueError("is no plain dtype")
    if state[0] != _DTYPE_STATE or state[1] not in ("<", "|") or state[2] is not None:
        raise UnexpectedValueError("is no plain dtype of this machine's byte order")
    if re.fullmatch("V[1-9][0-9]{0,3}", code, re.ASCII):
        return _named_numbers(int(code[1:]), state)
    texts = re.fullmatch("U[1-9][0-9]?", code, re.ASCII)
    if code not in _NUMBERS and code != "O8" and not texts:
        raise UnexpectedValueError(f"has the dtype {described(code)}")
    sizes = (int(code[1:]) * 4, 4, 8) if texts else (-1, -1, 63 if code == "O8" else 0)
    if state[3:] != (None, None, *sizes):
        # Its flags say, among others, whether numpy follows what is in an array as a pointer.
        raise UnexpectedValueError("is a dtype with other parts or flags than numpy's")
    return np.dtype(code)


def _named_numbers(size: int, state: tuple) -> np.dtype:
    names, parts = state[3], state[4]
    if not isinstance(names, tuple) or len(names) > _MOST_PARTS or not isinstance(parts, DictRecord):
        raise UnexpectedValueError("is a dtype without names")
    if state[5:] != (size, 1, 16) or not all(type(name) is str for name in names):
        raise UnexpectedValueError("is a dtype with other parts or flags than numpy's")
    formats = {}
    for name, part in parts:
        if type(name) is not str or not isinstance(part, tuple) or len(part) != 2 or type(part[1]) is not int:
            raise UnexpectedValueError("is a dtype with other parts than named numbers")
        formats[name] = (read_dtype(part[0]), part[1])
    if (
        sorted(formats) != sorted(names)
        or len(parts) != len(names)
        or any(kind.kind in "OVU" for kind, _ in formats.values())
    ):
        raise UnexpectedValueError("is a dtype with other parts than named numbers")
    try:
        return np.dtype(
            {
                "names": list(names),
                "formats": [formats[name][0] for name in names],
                "offsets": [formats[name][1] for name in names],
                "itemsize": size,
            }
        )
    except (ValueError, TypeError):
        raise UnexpectedValueError("is a dtype whose parts do not fit") from None


def _code(dtype: np.dtype) -> str:
    return "U" if dtype.kind == "U" else dtype.str[1:]


def _shape(record: object, dtype: np.dtype, size: int) -> tuple[int, ...]:
    if not isinstance(record, tuple) or len(record) > 3:
        raise UnexpectedValueError("has a shape of more than 3 axes")
    if not all(type(length) is int and 0 <= length <= _LONGEST_AXIS for length in record):
        raise UnexpectedValueError("has a shape that no array has")
    if math.prod(record) * dtype.itemsize != size:
        raise UnexpectedValueError(f"has {size} bytes, another number than its shape and dtype need")
    return record


def _from_bytes(content: object, dtype: np.dtype, shape: object, *, columns_first: bool, making: Making) -> np.ndarray:
    if not isinstance(content, bytes | bytearray):
        raise UnexpectedValueError(f"is filled with {described(content)}, not bytes")
    lengths = _shape(shape, dtype, len(content))
    making.spend(len(content))
    flat = np.frombuffer(bytes(content), dtype) if content else np.empty(0, dtype)
    if dtype.kind == "b" and np.any(flat.view(np.uint8) > 1):
        # Compiled code counts these bytes.
        raise UnexpectedValueError("has truth values that are neither 0 nor 1")
    if dtype.kind == "U" and np.any(flat.view(np.uint32) > 0x10FFFF):
        raise UnexpectedValueError("has texts of what are no characters")
    order = "F" if columns_first else "C"
    return flat.reshape(lengths, order=order).copy(order=order)


def _read_array(record: CallRecord, text: Kind | None, making: Making) -> np.ndarray:
    if record.new or record.items:
        raise UnexpectedValueError("is no plain array")
    if record.called == _FROM_BUFFER:
        if len(record.arguments) != 4 or record.has_state or record.arguments[3] not in ("C", "F"):
            raise UnexpectedValueError("is no plain array")
        content, dtype, shape, order = record.arguments
        dtype = read_dtype(dtype)
        if dtype.kind == "O":
            raise UnexpectedValueError("has objects where bytes belong")
        return _from_bytes(content, dtype, shape, columns_first=order == "F", making=making)
    if record.arguments[:2] != (_NDARRAY, (0,)) or record.arguments[2:] != (b"b",):
        raise UnexpectedValueError("is an array made in another way than numpy's")
    state = record.state
    if not isinstance(state, tuple) or len(state) != 5 or state[0] != 1 or type(state[3]) is not bool:
        raise UnexpectedValueError("is an array with another state than numpy's")
    _, shape, dtype, columns_first, content = state
    dtype = read_dtype(dtype)
    if dtype.kind != "O":
        return _from_bytes(content, dtype, shape, columns_first=columns_first, making=making)
    if text is None or type(content) is not list:
        raise UnexpectedValueError("is an array of objects")
    lengths = _shape(shape, dtype, len(content) * dtype.itemsize)
    making.spend(len(content) * dtype.itemsize)
    flat = np.empty(len(content), dtype=object)
    flat[:] = [making.make(text, item) for item in content]
    return flat.reshape(lengths, order="F" if columns_first else "C")


@dataclass(frozen=True)
class Array:
    """An array of some dtypes and numbers of axes."""

    dtypes: frozenset[str]
    """As numpy writes them (`f8`), `U` for any short text."""
    axes: frozenset[int]
    items: Kind | None = None
    """What an array of objects may hold; None where there may be none such."""
    title: str = "an array"

    def fits(self, value: object) -> bool:
        return isinstance(value, CallRecord) and value.called in {_RECONSTRUCT, _FROM_BUFFER}

    def make(self, value: Any, making: Making) -> np.ndarray:
        made = _read_array(value, self.items, making)
        if made.ndim not in self.axes or (made.dtype.kind != "O" and _code(made.dtype) not in self.dtypes):
            raise UnexpectedValueError(f"has {made.ndim} axes of {made.dtype}, which is not accepted here")
        return made


def array(*dtypes: str, axes: tuple[int, ...] = (1,), items: Kind | None = None) -> Array:
    """An array of one of these dtypes, or, where `items` says of what, of objects."""
    return Array(frozenset(dtypes), frozenset(axes), items)


@dataclass(frozen=True)
class NodeArray:
    """An array of the named numbers that one compiled class has for its nodes."""

    dtype_of: Any
    """Returns the class's dtype; called only where one is read, since it imports the class."""
    title: str = "an array of nodes"

    def fits(self, value: object) -> bool:
        return isinstance(value, CallRecord) and value.called in {_RECONSTRUCT, _FROM_BUFFER}

    def make(self, value: Any, making: Making) -> np.ndarray:
        made = _read_array(value, None, making)
        if made.dtype != self.dtype_of() or made.ndim != 1:
            raise UnexpectedValueError("are nodes of another layout")
        return made


@dataclass(frozen=True)
class Scalar:
    """One number of numpy's, of some dtypes."""

    dtypes: frozenset[str]
    title: str = "a number of numpy's"

    def fits(self, value: object) -> bool:
        if not isinstance(value, CallRecord) or value.called != _SCALAR or len(value.arguments) != 2:
            return False
        try:
            return _code(read_dtype(value.arguments[0])) in self.dtypes
        except UnexpectedValueError:
            return False

    def make(self, value: Any, making: Making) -> object:
        dtype, content = value.arguments
        if value.new or value.has_state or value.items:
            raise UnexpectedValueError("is no plain number of numpy's")
        return _from_bytes(content, read_dtype(dtype), (1,), columns_first=False, making=making)[0]


@dataclass(frozen=True)
class Dtype:
    """A dtype of numbers or objects."""

    title: str = "a dtype"

    def fits(self, value: object) -> bool:
        return isinstance(value, CallRecord) and value.called == _DTYPE

    def make(self, value: Any, making: Making) -> np.dtype:  # noqa: ARG002 it holds nothing
        return read_dtype(value)


FLOATS: Final = ("f8", "f4")
WHOLES: Final = ("i8", "i4", "u8", "u4", "u1")
VECTOR: Final = array(*FLOATS)
MATRIX: Final = array(*FLOATS, axes=(2,))
INDICES: Final = array(*WHOLES)
NAMES_ARRAY: Final = array("U", items=TEXT)
"""Texts: names of columns, levels."""
LABELS: Final = array(*FLOATS, *WHOLES, "b1", "U", items=TEXT)
"""What a classifier calls its classes."""
NUMPY_REAL: Final = Scalar(frozenset(FLOATS))
NUMPY_WHOLE: Final = Scalar(frozenset(WHOLES))
NUMPY_NUMBER: Final = Scalar(frozenset({*FLOATS, *WHOLES}))
NUMPY_LABEL: Final = Scalar(frozenset({*FLOATS, *WHOLES, "b1", "U"}))
DTYPE: Final = Dtype()
