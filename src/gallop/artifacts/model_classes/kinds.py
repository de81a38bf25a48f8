"""What a value in a model file may be: kinds, each of which checks a record and makes the value itself.

Nothing of a file becomes an object before its kind has looked at it. Kinds of whole classes list every attribute with
the kind of its value, so an attribute that no such model has, one that would hide a method, a callable, a cache or
another class is refused by not being listed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gallop.artifacts.model_classes.making import IncompleteModelError, Kind, Making, UnexpectedValueError, described
from gallop.artifacts.pickle_records import DictRecord

_LONGEST_TEXT: Final = 10_000
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Only:
    """One of a few constants, of the same type."""

    values: tuple

    @property
    def title(self) -> str:
        return " or ".join(map(repr, self.values))

    def fits(self, value: object) -> bool:
        return isinstance(value, str | int | float | None) and any(
            type(value) is type(constant) and value == constant for constant in self.values
        )

    def make(self, value: Any, making: Making) -> object:  # noqa: ARG002 it is a constant
        return value


def only(*values: str | float | None) -> Only:
    """One of these."""
    return Only(values)


@dataclass(frozen=True)
class Plain:
    """A Python value whose type, and range or length, say enough."""

    title: str
    accepts: Callable[[object], bool]

    def fits(self, value: object) -> bool:
        return self.accepts(value)

    def make(self, value: Any, making: Making) -> object:  # noqa: ARG002 it is what it is
        return value


def whole(low: int = _LOWEST, high: int = _HIGHEST) -> Plain:
    """A whole number from low to high, both included. No bool."""
    title = "a whole number" if (low, high) == (_LOWEST, _HIGHEST) else f"a whole number from {low} to {high}"
    return Plain(title, lambda value: type(value) is int and low <= value <= high)


NONE: Final = only(None)
FLAG: Final = Plain("True or False", lambda value: type(value) is bool)
REAL: Final = Plain("a number", lambda value: type(value) is float)
TEXT: Final = Plain("a text", lambda value: type(value) is str and len(value) <= _LONGEST_TEXT)


@dataclass(frozen=True)
class OneOf:
    """The first of some kinds that fits at a glance."""

    kinds: tuple[Kind, ...]

    @property
    def title(self) -> str:
        return ", or ".join(kind.title for kind in self.kinds)

    def fits(self, value: object) -> bool:
        return any(kind.fits(value) for kind in self.kinds)

    def make(self, value: Any, making: Making) -> object:
        return making.make(next(kind for kind in self.kinds if kind.fits(value)), value)


def one_of(*kinds: Kind) -> OneOf:
    """Any of these kinds."""
    return OneOf(kinds)


def maybe(*kinds: Kind) -> OneOf:
    """Any of these kinds, or None."""
    return OneOf((NONE, *kinds))


@dataclass(frozen=True)
class ListOf:
    """A list, or a tuple, of values of one kind."""

    kind: Kind
    of: type[list] | type[tuple] = list

    @property
    def title(self) -> str:
        return f"a {self.of.__name__} of {self.kind.title}"

    def fits(self, value: object) -> bool:
        return type(value) is self.of

    def make(self, value: Any, making: Making) -> object:
        made = []
        for index, item in enumerate(value):
            try:
                made.append(making.make(self.kind, item))
            except UnexpectedValueError as error:
                raise error.at(str(index)) from None
        return self.of(made)


@dataclass(frozen=True)
class TupleOf:
    """A tuple of so many values, each of its own kind."""

    kinds: tuple[Kind, ...]

    @property
    def title(self) -> str:
        return f"a tuple of {len(self.kinds)}"

    def fits(self, value: object) -> bool:
        return type(value) is tuple and len(value) == len(self.kinds)

    def make(self, value: Any, making: Making) -> object:
        return tuple(making.make(kind, item) for kind, item in zip(self.kinds, value, strict=True))


@dataclass(frozen=True)
class DictOf:
    """A dictionary whose keys are of one kind, and so are its values; no key twice."""

    key: Kind
    value: Kind

    @property
    def title(self) -> str:
        return f"a dict from {self.key.title} to {self.value.title}"

    def fits(self, value: object) -> bool:
        return isinstance(value, DictRecord)

    def make(self, value: Any, making: Making) -> object:
        made: dict[object, object] = {}
        for record, item in value:
            key = making.make(self.key, record)
            if key in made:
                raise UnexpectedValueError(f"has the key {described(record)} twice")
            try:
                made[key] = making.make(self.value, item)
            except UnexpectedValueError as error:
                raise error.at(described(record)) from None
        return made


@dataclass(frozen=True)
class Fields:
    """A dictionary of texts to values, each with a kind of its own; fields that are not listed are refused."""

    kinds: Mapping[str, Kind]
    required: frozenset[str]
    title: str = "a dict"

    def fits(self, value: object) -> bool:
        return isinstance(value, DictRecord)

    def make(self, value: Any, making: Making) -> dict[str, object]:
        made: dict[str, object] = {}
        for name, item in value:
            if type(name) is not str or name not in self.kinds:
                raise UnexpectedValueError(f"has {described(name)}, which none such has")
            if name in made:
                raise UnexpectedValueError(f"has {described(name)} twice")
            try:
                made[name] = making.make(self.kinds[name], item)
            except UnexpectedValueError as error:
                raise error.at(name) from None
        if lacking := sorted(self.required - made.keys()):
            raise IncompleteModelError(f"lacks {', '.join(lacking)}")
        return made


def fields(kinds: Mapping[str, Kind]) -> Fields:
    """A dictionary with exactly these fields."""
    return Fields(kinds, frozenset(kinds))
