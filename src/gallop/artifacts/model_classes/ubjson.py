"""Universal Binary JSON as XGBoost writes it (https://ubjson.org, draft 12), read with limits.

Lengths are checked against the bytes that are there before anything is made of them.
"""

import struct
from typing import Any, Final

import numpy as np

from gallop.artifacts.model_classes.making import UnexpectedValueError

_NUMBERS: Final = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_ARRAYS: Final = {"i": "i1", "U": "u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_CONSTANTS: Final[dict[str, Any]] = {"T": True, "F": False, "Z": None}
_DEEPEST: Final = 12


class UbjsonReader:
    """Reads one value after another. Objects become dicts, arrays of one type numpy's, other arrays lists."""

    def __init__(self, content: bytes) -> None:
        self._content, self.position = content, 0

    def value(self, depth: int = 0) -> Any:
        """The next value. Raises `UnexpectedValueError`."""
        return self._of(self._marker(), depth)

    def key(self) -> str:
        """The next key of an object. Raises `UnexpectedValueError`."""
        if self._marker() != "L":
            raise UnexpectedValueError("is no UBJSON as XGBoost writes it")
        return self._text()

    def take(self, marker: str) -> bool:
        """Whether the next byte is this one; then it is behind us."""
        there = self._content[self.position : self.position + 1] == marker.encode()
        self.position += there
        return there

    def _of(self, marker: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise UnexpectedValueError("is nested too deeply")
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker in _NUMBERS:
            return self._number(marker)
        if marker == "S":
            if self._marker() != "L":
                raise UnexpectedValueError("is no UBJSON as XGBoost writes it")
            return self._text()
        if marker == "[":
            return self._array(depth)
        if marker == "{":
            return self._object(depth)
        raise UnexpectedValueError("is no UBJSON as XGBoost writes it")

    def _object(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while not self.take("}"):
            name = self.key()
            if name in made:
                raise UnexpectedValueError(f"has {name[:40]!a} twice")
            made[name] = self.value(depth + 1)
        return made

    def _array(self, depth: int) -> Any:
        marker = self._marker() if self.take("$") else None
        if not self.take("#") or self._marker() != "L":
            raise UnexpectedValueError("is no UBJSON as XGBoost writes it")
        length = self._number("L")
        if not 0 <= length <= len(self._content):
            raise UnexpectedValueError("is cut")
        if marker is None:
            return [self.value(depth + 1) for _ in range(length)]
        if marker not in _ARRAYS:
            raise UnexpectedValueError("is no UBJSON as XGBoost writes it")
        dtype = np.dtype(_ARRAYS[marker])
        return np.frombuffer(self._bytes(length * dtype.itemsize), dtype)

    def _number(self, marker: str) -> Any:
        shape = _NUMBERS[marker]
        return struct.unpack(shape, self._bytes(struct.calcsize(shape)))[0]

    def _text(self) -> str:
        try:
            return self._bytes(self._number("L")).decode()
        except UnicodeDecodeError:
            raise UnexpectedValueError("has a text that is none") from None

    def _marker(self) -> str:
        return self._bytes(1).decode("latin-1")

    def _bytes(self, size: int) -> bytes:
        end = self.position + size
        if size < 0 or end > len(self._content):
            raise UnexpectedValueError("is cut")
        start, self.position = self.position, end
        return self._content[start:end]
