"""What is wrong with a request, as RFC 9457 (problem+json): it names the field, and never has the value in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
_MOST_ERRORS: Final = 20


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field."""

    pointer: str
    """Where it is in the body, as RFC 6901 writes it: `/leads/3/n_visits`."""
    detail: str
    """What would be accepted. The value is never in it."""
    rule: str = ""
    """The row rule that it breaks, where it is one of those."""

    def as_json(self) -> dict[str, str]:
        """For the list `errors` of a problem."""
        return {"pointer": self.pointer, "detail": self.detail} | ({"rule": self.rule} if self.rule else {})


class RequestError(Exception):
    """A request that is refused: the status, a sentence, and the fields at fault."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        fields: Iterable[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})
        self.fields = tuple(fields)

    def response(self, **further: Any) -> Response:
        """The answer; `further` members may stand beside those of the RFC."""
        shown = self.fields[:_MOST_ERRORS]
        content = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            **({"errors": [field.as_json() for field in shown]} if shown else {}),
            **further,
        }
        return Response(orjson.dumps(content), int(self.status), self.headers, MEDIA_TYPE)


def pointer(*parts: str | int) -> str:
    """A place in a JSON document, as RFC 6901 writes it."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
