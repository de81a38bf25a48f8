"""Reading a pickle without handing it the machine.

A pickle is a program: it names classes and functions and calls them. This reader calls nothing that a file asks for. It
reads the program as data (`pickle_records`), holds that against the exact classes that a model may be made of, each
with its attributes and what they may be (`model_classes`), and makes the model itself, of what it has looked at. Names
are never looked up by what a file says; a file that names anything else is refused before anything is made of it.
"""

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


def unpickle(content: bytes, source: Path, *, own: bool = False) -> object:
    """Rebuild the model in a pickle.

    Args:
        content: the bytes of the pickle.
        source: the file's name for errors.
        own: True to allow this project's own models too.

    Raises:
        UnsafeModelError: the pickle asks for anything but an accepted model. ContractError: the bytes are no whole
            pickle, or hold plain values.
    """
    from gallop.artifacts.model_classes import accepted
    from gallop.artifacts.model_classes.making import IncompleteModelError, Making, UnexpectedValueError, described

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
    kind = accepted.DEPLOYED if own else accepted.EXPORTED
    if not kind.fits(record):
        raise UnsafeModelError(
            f"{source}: holds {described(record)}; accepted are {accepted.titles(accepted.CLASSIFIERS)}, alone or at "
            f"the end of a Pipeline after {accepted.titles(accepted.STEPS)}"
        )
    try:
        return Making(max(_LEAST, _COPIES * len(content))).make(kind, record)
    except IncompleteModelError as error:
        raise ContractError(f"{source}: {error}") from None
    except UnexpectedValueError as error:
        raise UnsafeModelError(f"{source}: {error}") from None
    except MemoryError:
        raise ContractError(f"{source}: needs more memory than there is") from None
    except Exception as error:  # noqa: BLE001 records nest as a file likes: whatever that breaks, it is no model
        raise UnsafeModelError(f"{source}: is no accepted model ({type(error).__name__})") from None
