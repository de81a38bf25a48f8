"""Reading a pickle without handing it the machine.

A pickle is a program: it names classes and functions and calls them. This reader calls nothing that a file asks for. It
reads the program as data (`pickle_records`), holds that against the exact classes that a model may be made of, each
with its attributes and what they may be (`model_classes`), and makes the model itself, of what it has looked at. Names
are never looked up by what a file says; a file that names anything else is refused before anything is made of it.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

from gallop.artifacts.pickle_records import (
    CallRecord,
    ForbiddenPickleError,
    MalformedPickleError,
    read_records,
)
from gallop.errors import ContractError, UnsafeModelError

_COPIES: Final = 8
"""Bytes of memory that a byte of a file may become: a pointer to a text takes eight, and two in the file."""
_LEAST: Final = 2**20
_ACCEPTED: Final = "accepted is what pickle.dump writes"


@cache
def _names(*, own: bool) -> frozenset[tuple[str, str]]:
    from gallop.artifacts.model_classes import accepted

    return accepted.names_in(accepted.DEPLOYED if own else accepted.EXPORTED)


def import_libraries(content: bytes) -> None:
    """Import the libraries that a file speaks of, of those that its model may be made of."""
    for module in sorted({module for module, _ in _names(own=False)}):
        if module.encode() in content:
            import_module(module)


@dataclass(frozen=True)
class PickledModel:
    """A pickle that names nothing but what an accepted model is made of. Nothing has been made of it yet."""

    record: CallRecord
    source: Path
    size: int
    own: bool

    def make(self) -> object:
        """Check all that is in it, and make the model. Imports its library.

        Raises:
            UnsafeModelError: it is no accepted model. ContractError: something is not there, as in one that is not
                fitted.
        """
        from gallop.artifacts.model_classes import accepted
        from gallop.artifacts.model_classes.making import IncompleteModelError, Making, UnexpectedValueError

        kind = accepted.DEPLOYED if self.own else accepted.EXPORTED
        try:
            return Making(max(_LEAST, _COPIES * self.size)).make(kind, self.record)
        except IncompleteModelError as error:
            raise ContractError(f"{self.source}: {error}") from None
        except UnexpectedValueError as error:
            raise UnsafeModelError(f"{self.source}: {error}") from None
        except MemoryError:
            raise ContractError(f"{self.source}: needs more memory than there is") from None
        except Exception as error:  # noqa: BLE001 records nest as a file likes: whatever that breaks, it is no model
            raise UnsafeModelError(f"{self.source}: is no accepted model ({type(error).__name__})") from None


def read_pickle(content: bytes, source: Path, *, own: bool = False) -> PickledModel:
    """Read a pickle as data. Nothing is made of it, and no library imported.

    Args:
        content: the bytes of the pickle.
        source: the file's name for errors.
        own: True to allow this project's own models too.

    Raises:
        UnsafeModelError: it asks for anything but what accepted models are made of. ContractError: the bytes are no
            whole pickle, or hold plain values.
    """
    from gallop.artifacts.model_classes import accepted
    from gallop.artifacts.model_classes.making import described

    if content[:1] != b"\x80":
        raise ContractError(f"{source}: not a plain pickle (compressed, or another format); {_ACCEPTED}")
    try:
        record = read_records(content, _names(own=own))
    except ForbiddenPickleError as error:
        hint = f"; joblib.dump wrote it, {_ACCEPTED}" if b"joblib.numpy_pickle" in content else ""
        raise UnsafeModelError(f"{source}: {error}{hint}") from None
    except MalformedPickleError as error:
        raise ContractError(f"{source}: not a whole pickle: {error}") from None
    if not isinstance(record, CallRecord):
        raise ContractError(f"{source}: holds {described(record)}, not a model")
    if not (accepted.DEPLOYED if own else accepted.EXPORTED).fits(record):
        raise UnsafeModelError(
            f"{source}: holds {described(record)}; accepted are {accepted.titles(accepted.CLASSIFIERS)}, alone or at "
            f"the end of a Pipeline after {accepted.titles(accepted.STEPS)}"
        )
    return PickledModel(record, source, len(content), own)


def unpickle(content: bytes, source: Path, *, own: bool = False) -> object:
    """Rebuild the model in a pickle. Arguments and errors as of `read_pickle` and `PickledModel.make`."""
    return read_pickle(content, source, own=own).make()
