"""The DAG that a program describes to Dagger: each object is the call that makes it, on the object before it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One object of Dagger's API, not made yet: `parent.field(args)`, which gives a `type`."""

    type: str
    field: str
    args: tuple[tuple[str, Any], ...] = ()
    parent: "Call | None" = None

    @property
    def id(self) -> str:
        """The same calls have the same id, so a caller may pass an object around by it."""
        plain = [self.type, self.field, self.args, self.parent and self.parent.id]
        return "call:" + hashlib.sha256(json.dumps(plain, default=lambda call: call.id).encode()).hexdigest()

    def __getitem__(self, argument: str) -> Any:
        return dict(self.args)[argument]

    def get(self, argument: str, default: Any = None) -> Any:
        """An argument that the caller may have left out."""
        return dict(self.args).get(argument, default)

    def chain(self) -> list["Call"]:
        """All calls from the first one to this."""
        return [*(self.parent.chain() if self.parent else []), self]

    def everything(self) -> Iterator["Call"]:
        """All calls that this one needs, those in arguments included."""
        for call in self.chain():
            for _, value in call.args:
                for part in value if isinstance(value, tuple) else (value,):
                    if isinstance(part, Call):
                        yield from part.everything()
            yield call


@dataclass(frozen=True)
class Leaf:
    """A call that needs an answer, so that everything before it is evaluated."""

    on: Call
    field: str
    args: tuple[tuple[str, Any], ...]

    def __getitem__(self, argument: str) -> Any:
        return dict(self.args)[argument]


class ExecError(Exception):
    """A command in a container ended with a code other than 0; the fields are those that Dagger's engine sends."""

    def __init__(self, command: list[str], code: int, stdout: str = "", stderr: str = "") -> None:
        super().__init__(f'process "{" ".join(command)}" did not complete successfully: exit code: {code}')
        self.extensions = {
            "_type": "EXEC_ERROR",
            "cmd": command,
            "exitCode": code,
            "stdout": stdout,
            "stderr": stderr,
        }
