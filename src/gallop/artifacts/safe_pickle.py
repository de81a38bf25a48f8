"""Reading a pickle without handing it the machine.

A pickle is a program: it names classes and functions and calls them. Here it may name only the classes of
`model_classes` and what arrays and seeds are made of. Objects are made without arguments, and before a state reaches
one, each attribute is looked at: its class must list it, and it must hold plain data or objects of the classes it may
hold. The few functions that may be called are held to the arguments that numpy's own pickles give them.

Python's pure implementation of pickle is used, since its instructions can be looked at one by one. What is not looked
at is the inside of arrays and of the libraries' own formats: trees that lead nowhere can crash the process that asks
them, which is why files of strangers are asked in a process of their own (`confined`).
"""

import io
import pickle
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from gallop.artifacts.model_classes import ACCEPTED, EXPORTED, LIGHTGBM_PARAMETERS, TOP, TRACKED, ModelClass
from gallop.artifacts.pickled_values import (
    CONTAINERS,
    MAPPINGS,
    PLAIN_TYPES,
    RefusedError,
    callable_names,
    check_value,
    described,
    dtype_state,
)
from gallop.errors import ContractError, UnsafeModelError

_PICKLE_DUMP: Final = "accepted is what pickle.dump writes"


class _Reader(pickle._Unpickler):
    """Python's reader, with the instructions that look names up, call, and change objects held to what is accepted."""

    dispatch: ClassVar[dict[int, Callable]] = dict(pickle._Unpickler.dispatch)

    stack: list[Any]
    metastack: list[list[Any]]

    def __init__(self, content: bytes, classes: tuple[ModelClass, ...]) -> None:
        self._content = io.BytesIO(content)
        super().__init__(self._content)
        self._classes = {(of.module, of.name): of for of in classes}
        self._functions = callable_names()
        self._known: dict[type, ModelClass] = {}
        self._filled: dict[int, object] = {}

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in self._functions:
            return self._functions[module, name]
        if (module, name) not in self._classes:
            raise RefusedError(f"asks for {ascii(f'{module}.{name}')[1:-1]}, which no accepted model is made of")
        found = getattr(import_module(module), name)
        self._known[found] = self._classes[module, name]
        return found

    def load_reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple):
            raise RefusedError("calls something with other arguments than a tuple")
        of = self._known.get(function) if isinstance(function, type) else None
        allowed = of is not None and of.by_call
        if allowed:
            check_value(arguments, frozenset(), "the arguments of a class", 0)
        elif not any(function is accepted for accepted in self._functions.values()) or function in (
            *(np.ndarray, np.float64),
        ):
            raise RefusedError(f"calls {described(function)}")
        self.stack.append(function(*arguments))

    def load_newobj(self) -> None:
        arguments, of = self.stack.pop(), self.stack.pop()
        if not isinstance(of, type) or of not in self._known or self._known[of].by_call or arguments != ():
            raise RefusedError(f"makes an object of {described(of)} in a way that no accepted model is made")
        self.stack.append(of.__new__(of))

    def load_build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        of = self._known.get(type(target))
        if of is None:
            self._set_library_state(target, state)
            return
        if type(state) is not dict or id(target) in self._filled:
            raise RefusedError(f"gives a {of.name} another state than its attributes, once")
        self._filled[id(target)] = target
        for attribute, value in state.items():
            where = f"{of.name}.{ascii(attribute)[1:-1]}"
            if attribute in of.objects:
                check_value(value, of.objects[attribute], where, 0)
            elif attribute in of.data:
                check_value(value, frozenset(), where, 0)
            else:
                raise RefusedError(f"gives a {of.name} an attribute {where} that none has")
        if of.name == "Pipeline" and state.get("memory") is not None:
            raise RefusedError("gives a Pipeline a memory, which loads what lies in a folder")
        if unknown := {*state.get("_other_params", ()), *state.get("params", ())} - LIGHTGBM_PARAMETERS:
            raise RefusedError(f"gives a {of.name} parameters that none has: {ascii(sorted(map(str, unknown)))[:200]}")
        if hasattr(target, "__setstate__"):
            target.__setstate__(state)
        else:
            vars(target).update(state)

    def _set_library_state(self, target: object, state: object) -> None:
        from numpy.random import Generator, RandomState
        from numpy.random.bit_generator import BitGenerator, SeedSequence

        if type(target) not in (np.ndarray, RandomState, Generator) and not isinstance(
            target, np.dtype | BitGenerator | SeedSequence
        ):
            raise RefusedError(f"changes {described(target)}")
        # Once: what has grown around an object must not change under it.
        if id(target) in self._filled:
            raise RefusedError(f"changes a {type(target).__name__} twice")
        self._filled[id(target)] = target
        if isinstance(target, np.dtype):
            state = dtype_state(target, state)
        elif not isinstance(target, np.ndarray):
            check_value(state, frozenset({"SeedSequence"}), f"the state of a {type(target).__name__}", 0)
        target.__setstate__(state)  # ty: ignore[missing-attribute]

    def whole(self) -> object:
        """What the pickle holds; nothing may come after it."""
        value = self.load()
        if self._content.read(1):
            raise RefusedError("goes on after its end")
        return value

    def refuse(self) -> None:
        raise RefusedError("has an instruction that no accepted model needs")


def _guarded(name: str, kinds: tuple[type, ...], marked: bool) -> Callable:
    instruction = getattr(pickle._Unpickler, name)

    def run(reader: _Reader) -> None:
        below = 2 if name == "load_append" else 3
        target = reader.metastack[-1][-1] if marked else reader.stack[-below]
        if type(target) not in kinds:
            raise RefusedError(f"fills {described(target)} as if it were a container")
        instruction(reader)

    return run


for _code, _instruction in (
    (pickle.REDUCE, _Reader.load_reduce),
    (pickle.NEWOBJ, _Reader.load_newobj),
    (pickle.BUILD, _Reader.load_build),
    (pickle.APPEND, _guarded("load_append", (list,), marked=False)),
    (pickle.APPENDS, _guarded("load_appends", (list,), marked=True)),
    (pickle.SETITEM, _guarded("load_setitem", MAPPINGS, marked=False)),
    (pickle.SETITEMS, _guarded("load_setitems", MAPPINGS, marked=True)),
    (pickle.ADDITEMS, _guarded("load_additems", (set,), marked=True)),
    *(
        (code, _Reader.refuse)
        for code in (
            *(pickle.NEWOBJ_EX, pickle.INST, pickle.OBJ, pickle.PERSID, pickle.BINPERSID),
            *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
        )
    ),
):
    _Reader.dispatch[_code[0]] = _instruction


def unpickle(content: bytes, source: Path, *, own: bool = False) -> object:
    """Rebuild the model in a pickle.

    Args:
        content: the bytes of the pickle.
        source: the file's name for errors.
        own: True to allow this project's own encoding too, as candidates on their way to MLflow have it.

    Raises:
        UnsafeModelError: it asks for anything but what accepted models are made of. ContractError: the bytes are no
            whole pickle, or hold plain values.
    """
    if content[:1] != pickle.PROTO:
        raise ContractError(f"{source}: not a plain pickle (compressed, or another format); {_PICKLE_DUMP}")
    try:
        model = _Reader(content, TRACKED if own else EXPORTED).whole()
    except RefusedError as error:
        hint = f"; joblib.dump wrote it, {_PICKLE_DUMP}" if b"joblib.numpy_pickle" in content else ""
        raise UnsafeModelError(f"{source}: {error}{hint}") from None
    except MemoryError:
        raise ContractError(f"{source}: needs more memory than there is") from None
    except Exception as error:  # noqa: BLE001 bytes that are no whole pickle break the reader in any way
        reason = ascii(str(error).partition("\n")[0])[1:-1][:200]
        raise ContractError(f"{source}: not a whole pickle of a model: {type(error).__name__}: {reason}") from None
    name = type(model).__name__
    if type(model) in PLAIN_TYPES or type(model) in (*CONTAINERS, *MAPPINGS) or isinstance(model, np.ndarray):
        raise ContractError(f"{source}: holds a {name}, not a model")
    if isinstance(model, type) or name not in TOP:
        raise UnsafeModelError(f"{source}: holds {described(model)}; accepted are {ACCEPTED}")
    return model
