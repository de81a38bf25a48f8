"""How the records of a file become objects: kinds say what a value may be, and make it once it has been looked at."""

from typing import Any, Protocol, Self

from gallop.artifacts.pickle_records import CallRecord, DictRecord, NameRecord


class UnexpectedValueError(Exception):
    """A value that is not of the kind that is wanted there. Says where it lies."""

    def __init__(self, problem: str, *path: str) -> None:
        super().__init__(problem)
        self.problem, self.path = problem, path

    def at(self, step: str) -> Self:
        """The same, seen from one step further out."""
        return type(self)(self.problem, step, *self.path)

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.problem}" if self.path else self.problem


class IncompleteModelError(UnexpectedValueError):
    """Something is not there, as in a model that is not fitted."""


class Kind(Protocol):
    """What a value may be."""

    @property
    def title(self) -> str:
        """In words, for the sentence that refuses another value."""
        ...

    def fits(self, value: object) -> bool:
        """Whether a record is of this kind, at a glance: its type, or the class that it names."""
        ...

    def make(self, value: Any, making: "Making") -> object:
        """Check a record that fits, all the way down, and make the value. Raises `UnexpectedValueError`."""
        ...


class Making:
    """The objects made of one file. What the file shares stays shared, and is checked and made once.

    Args:
        budget: bytes that may be copied: small files cannot ask for much memory by naming the same bytes again.
    """

    def __init__(self, budget: int) -> None:
        self._made: dict[tuple[int, int], object] = {}
        self._budget = budget

    def make(self, kind: Kind, value: object) -> object:
        """Check a record, and make the value. Raises `UnexpectedValueError`."""
        if not kind.fits(value):
            raise UnexpectedValueError(f"is {described(value)}; accepted is {kind.title}")
        if not isinstance(value, CallRecord | list | tuple):
            return kind.make(value, self)
        # By identity: records live as long as the file is read, and kinds for ever.
        key = (id(kind), id(value))
        if key not in self._made:
            self._made[key] = kind.make(value, self)
        return self._made[key]

    def spend(self, size: int) -> None:
        """Count bytes before they are copied. Raises `UnexpectedValueError`."""
        self._budget -= size
        if self._budget < 0:
            raise UnexpectedValueError("has more bytes than the file")


def described(value: object) -> str:
    """A record in a few words; never what it holds, which may be endless."""
    if isinstance(value, CallRecord):
        return f"a {value.called}"
    if isinstance(value, NameRecord):
        return f"the name {value}"
    if isinstance(value, DictRecord):
        return "a dict"
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return ascii(value if len(value) < 40 else f"{value[:40]}…")
    return f"a {type(value).__name__}"
