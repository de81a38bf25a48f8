"""A pickle read as data: its instructions become records of what it asks for, and nothing that it asks for is done.

A pickle is a program that names classes and functions and calls them. Here no name is looked up and nothing is called:
a call becomes a `CallRecord` of its name, its arguments and its state. Whether the records are a model, and what is
made of them, is decided by `model_classes`. The instructions are those that Python's own pickler writes for models;
nothing is ever dropped or overwritten on the way, so all that a file holds is in the records, to be looked at.
"""

import pickletools
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

_PROTOCOLS: Final = (3, 4, 5)
_MOST_INSTRUCTIONS: Final = 20_000_000
"""A forest of 300 deep trees has 40,000. Each may cost a hundred bytes of memory."""


class MalformedPickleError(Exception):
    """The bytes are no whole pickle. Its message is for people."""


class ForbiddenPickleError(Exception):
    """A whole pickle may be, but it asks for what no model is made of. Its message is for people."""


@dataclass(frozen=True)
class NameRecord:
    """A class or function that a file names."""

    module: str
    name: str

    def __str__(self) -> str:
        return ascii(f"{self.module}.{self.name}")[1:-1]


@dataclass(eq=False)
class CallRecord:
    """A call that a file asks for, and what it wants done to the result."""

    called: NameRecord
    arguments: tuple
    new: bool
    """True where the class is to be made without its `__init__`."""
    state: object = None
    has_state: bool = False
    items: "list[tuple[object, object]]" = field(default_factory=list)
    """Keys and values to be set, as for a subclass of dict."""


class DictRecord(list[tuple[object, object]]):
    """The pairs of a dictionary, in order; a key may still be anything."""


_MISSING: Final = object()
_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY: Final = {"EMPTY_LIST": list, "EMPTY_DICT": DictRecord}
_TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_LITERALS: Final = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
    | {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"}
)


def read_records(content: bytes, known: Collection[tuple[str, str]]) -> object:
    """The one object that a pickle describes: plain values, lists, tuples and records.

    Args:
        content: the bytes of the pickle, all of them.
        known: module and name of every class and function that it may name.

    Raises:
        MalformedPickleError: cut, damaged, or no pickle. ForbiddenPickleError: another name, or an instruction that no
            model needs.
    """
    machine = _Machine(frozenset(known))
    end = -1
    try:
        for count, (instruction, argument, position) in enumerate(pickletools.genops(content)):
            if count == 0 and (instruction.name != "PROTO" or argument not in _PROTOCOLS):
                raise MalformedPickleError(f"not a pickle of protocol {_PROTOCOLS[0]} to {_PROTOCOLS[-1]}")
            if count > _MOST_INSTRUCTIONS:
                raise ForbiddenPickleError(f"has more than {_MOST_INSTRUCTIONS:,} instructions")
            end = position or 0
            if count:
                machine.do(instruction.name, argument)
    except (MalformedPickleError, ForbiddenPickleError):
        raise
    except MemoryError:
        raise ForbiddenPickleError("needs more memory than there is") from None
    except Exception as error:  # noqa: BLE001 damaged bytes make the parser raise anything; all of it means the same
        raise MalformedPickleError(f"{type(error).__name__}: {ascii(str(error))[1:-1][:200]}") from None
    if end != len(content) - 1:
        raise ForbiddenPickleError(f"has {len(content) - 1 - end:,} bytes after its end")
    return machine.result()


class _Machine:
    """The stack that a pickle's instructions work on."""

    def __init__(self, known: frozenset[tuple[str, str]]) -> None:
        self._known = known
        self._stack: list[object] = []
        self._below: list[list[object]] = []
        """The stacks under each open mark."""
        self._memo: dict[int, object] = {}

    def result(self) -> object:
        """What is left at the end."""
        if self._below or len(self._stack) != 1:
            raise MalformedPickleError("it does not leave one object")
        return self._stack[0]

    def do(self, instruction: str, argument: object) -> None:
        """Follow one instruction."""
        if instruction in _LITERALS:
            self._stack.append(argument)
        elif instruction in _CONSTANTS:
            self._stack.append(_CONSTANTS[instruction])
        elif instruction in _EMPTY:
            self._stack.append(_EMPTY[instruction]())
        elif instruction in _TUPLES:
            length = _TUPLES[instruction]
            self._push_tuple(self._pop_many(length))
        elif (follow := getattr(self, f"_do_{instruction.lower()}", None)) is not None:
            follow(argument)
        else:
            raise ForbiddenPickleError(f"has the pickle instruction {instruction}, which no model needs")

    def _pop_many(self, length: int) -> list[object]:
        if len(self._stack) < length:
            raise MalformedPickleError("it takes more than it has")
        values = self._stack[-length:]
        del self._stack[-length:]
        return values

    def _pop_marked(self) -> list[object]:
        if not self._below:
            raise MalformedPickleError("it closes what it has not opened")
        values, self._stack = self._stack, self._below.pop()
        return values

    def _top(self) -> object:
        if not self._stack:
            raise MalformedPickleError("it takes more than it has")
        return self._stack[-1]

    def _push_tuple(self, values: list[object]) -> None:
        self._stack.append(tuple(values))

    def _do_frame(self, _: object) -> None:
        """Frames only say how much to read at once."""

    def _do_stop(self, _: object) -> None:
        """The parser ends here."""

    def _do_mark(self, _: object) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _do_tuple(self, _: object) -> None:
        self._push_tuple(self._pop_marked())

    def _do_memoize(self, _: object) -> None:
        self._remember(len(self._memo))

    def _do_binput(self, argument: object) -> None:
        self._remember(argument)

    _do_long_binput = _do_binput

    def _remember(self, number: object) -> None:
        if not isinstance(number, int) or number in self._memo:
            raise ForbiddenPickleError("remembers two things under one number")
        self._memo[number] = self._top()

    def _do_binget(self, argument: object) -> None:
        value = self._memo.get(argument, _MISSING) if isinstance(argument, int) else _MISSING
        if value is _MISSING:
            raise MalformedPickleError("it recalls what it has not remembered")
        self._stack.append(value)

    _do_long_binget = _do_binget

    def _do_append(self, _: object) -> None:
        (value,) = self._pop_many(1)
        self._list().append(value)

    def _do_appends(self, _: object) -> None:
        values = self._pop_marked()
        self._list().extend(values)

    def _list(self) -> list:
        top = self._top()
        if type(top) is not list:
            raise ForbiddenPickleError("appends to what is no list")
        return top

    def _do_setitem(self, _: object) -> None:
        self._set_items(self._pop_many(2))

    def _do_setitems(self, _: object) -> None:
        self._set_items(self._pop_marked())

    def _set_items(self, values: list[object]) -> None:
        top = self._top()
        pairs = top.items if isinstance(top, CallRecord) else top
        if not isinstance(pairs, list) or (pairs is top and not isinstance(top, DictRecord)) or len(values) % 2:
            raise ForbiddenPickleError("sets items of what is no dictionary")
        pairs.extend(zip(values[::2], values[1::2], strict=True))

    def _do_global(self, argument: object) -> None:
        module, _, name = str(argument).partition(" ")
        self._push_name(module, name)

    def _do_stack_global(self, _: object) -> None:
        self._push_name(*self._pop_many(2))

    def _push_name(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ForbiddenPickleError("names a class by something that is no text")
        record = NameRecord(module, name)
        if (module, name) not in self._known:
            raise ForbiddenPickleError(f"asks for {record}, which no accepted model is made of")
        self._stack.append(record)

    def _do_reduce(self, _: object) -> None:
        self._call(new=False)

    def _do_newobj(self, _: object) -> None:
        self._call(new=True)

    def _call(self, *, new: bool) -> None:
        called, arguments = self._pop_many(2)
        if not isinstance(called, NameRecord) or not isinstance(arguments, tuple):
            raise ForbiddenPickleError("calls what is no class or function")
        self._stack.append(CallRecord(called, arguments, new))

    def _do_build(self, _: object) -> None:
        (state,) = self._pop_many(1)
        top = self._top()
        if not isinstance(top, CallRecord) or top.has_state:
            raise ForbiddenPickleError("gives a state to what has one already, or can have none")
        top.state, top.has_state = state, True
