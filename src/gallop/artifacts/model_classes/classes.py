"""Classes that a model file may hold, and calls that it may ask for: exact ones, with all that each may have.

An instance is made without its `__init__` and given attributes that were checked one by one. What pickles do by calls
(compiled trees, slices) is checked argument by argument, and then done by this project's own code.
"""

import importlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from gallop.artifacts.model_classes.kinds import TEXT, Fields, TupleOf
from gallop.artifacts.model_classes.making import Kind, Making, UnexpectedValueError, described
from gallop.artifacts.pickle_records import CallRecord, DictRecord, NameRecord

Made = dict[str, Any]
"""Attributes, checked and made."""


def resolved(module: str, name: str) -> Any:
    """A class of a library, by a name that stands in this project's code, never one of a file's. Imports it."""
    return getattr(importlib.import_module(module), name)


_VERSION: Final = "_sklearn_version"


@dataclass(frozen=True)
class ModelClass:
    """One exact class, and its attributes.

    Args:
        module, name: where the class lies.
        always: what every instance has.
        fitted: what a fitted one has besides, all of it.
        at_times: what a fitted one may have.
        check: looks at all of a fitted one's attributes together. Raises `UnexpectedValueError`.
    """

    module: str
    name: str
    always: Mapping[str, Kind] = field(default_factory=dict)
    fitted: Mapping[str, Kind] = field(default_factory=dict)
    at_times: Mapping[str, Kind] = field(default_factory=dict)
    check: Callable[[Made], None] | None = None

    @property
    def title(self) -> str:
        return self.name

    @property
    def record(self) -> NameRecord:
        """How a file names it."""
        return NameRecord(self.module, self.name)

    @property
    def attributes(self) -> dict[str, Kind]:
        """All that an instance may have."""
        own = {_VERSION: TEXT} if self.module.startswith("sklearn.") else {}
        return {**self.always, **self.fitted, **self.at_times, **own}

    def fits(self, value: object) -> bool:
        return isinstance(value, CallRecord) and value.called == self.record

    def make(self, value: CallRecord, making: Making) -> object:
        return self._made(value, making, whole=False)

    def make_fitted(self, value: CallRecord, making: Making) -> object:
        """As `make`, and refuses one that is not fitted."""
        return self._made(value, making, whole=True)

    def _made(self, value: CallRecord, making: Making, *, whole: bool) -> object:
        instance: Any = object.__new__(resolved(self.module, self.name))
        vars(instance).update(self.read(value, making, fitted=whole))
        return instance

    def read(self, value: CallRecord, making: Making, *, fitted: bool) -> Made:
        """An instance's attributes, all of them looked at. Raises `UnexpectedValueError`."""
        state = value.state
        if not value.new or value.arguments or value.items or value.has_state != isinstance(state, DictRecord):
            raise UnexpectedValueError(f"is a {self.name} made in another way than its library's")
        state = state if isinstance(state, DictRecord) else DictRecord()
        made_with = next((text for name, text in state if name == _VERSION), None)
        other = isinstance(made_with, str) and made_with != version("scikit-learn")
        try:
            made = self._checked(state, making, whole=fitted)
        except UnexpectedValueError as error:
            told = f" (made with scikit-learn {described(made_with)}, read with {version('scikit-learn')})"
            raise type(error)(error.problem + told * other, *(error.path or (self.name,))) from None
        if other:
            from sklearn.exceptions import InconsistentVersionWarning

            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=self.name,
                    current_sklearn_version=version("scikit-learn"),
                    original_sklearn_version=str(made_with),
                ),
                stacklevel=2,
            )
        made.pop(_VERSION, None)
        return made

    def _checked(self, state: DictRecord, making: Making, *, whole: bool) -> Made:
        names = {name for name, _ in state if isinstance(name, str)}
        required = frozenset(self.always)
        fitted = whole or not names.isdisjoint(self.fitted)
        if fitted:
            required |= frozenset(self.fitted)
        made = Fields(self.attributes, required).make(state, making)
        if fitted and self.check:
            self.check(made)
        return made


@dataclass(frozen=True)
class Fitted:
    """A fitted instance of a class, where an unfitted one would not do."""

    of: ModelClass

    @property
    def title(self) -> str:
        return f"a fitted {self.of.name}"

    def fits(self, value: object) -> bool:
        return self.of.fits(value)

    def make(self, value: CallRecord, making: Making) -> object:
        return self.of.make_fitted(value, making)


@dataclass(frozen=True)
class Call:
    """A function, or class, that a file may call with such arguments, and what is made instead of calling it."""

    module: str
    name: str
    arguments: TupleOf
    build: Callable[[Any, Any], object]
    """Arguments and state, checked and made → the value. Raises `UnexpectedValueError`."""
    state: Kind | None = None
    items: tuple[Kind, Kind] | None = None
    """Of keys and values that are set afterwards."""

    @property
    def title(self) -> str:
        return self.name

    @property
    def record(self) -> NameRecord:
        """How a file names it."""
        return NameRecord(self.module, self.name)

    def fits(self, value: object) -> bool:
        return isinstance(value, CallRecord) and value.called == self.record

    def make(self, value: CallRecord, making: Making) -> object:
        if value.new or value.has_state != (self.state is not None) or (value.items and self.items is None):
            raise UnexpectedValueError(f"is a {self.name} made in another way than its library's")
        arguments = making.make(self.arguments, value.arguments)
        if self.state:
            return self.build(arguments, making.make(self.state, value.state))
        if self.items:
            key, item = self.items
            return self.build(arguments, {making.make(key, k): making.make(item, v) for k, v in value.items})
        return self.build(arguments, None)


@dataclass(frozen=True)
class Named:
    """A class that stands for itself, as a value."""

    module: str
    name: str

    @property
    def title(self) -> str:
        return f"the class {self.module}.{self.name}"

    @property
    def record(self) -> NameRecord:
        """How a file names it."""
        return NameRecord(self.module, self.name)

    def fits(self, value: object) -> bool:
        return value == self.record

    def make(self, value: object, making: Making) -> type:  # noqa: ARG002 it is itself
        return resolved(self.module, self.name)
