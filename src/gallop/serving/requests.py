"""From the bytes of a request to leads as texts, strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request

from gallop.errors import GallopError
from gallop.events.live import features_of
from gallop.serving.lead_fields import LONGEST_TEXT, LeadFields, number_text
from gallop.serving.problems import FieldProblem, RequestError, pointer
from gallop.tables.frames import cell_text


@dataclass(frozen=True)
class LeadsAsked:
    """The leads of a request."""

    texts: list[dict[str, str]]
    ids: list[str | int | float | None]
    names: list[str]
    """By what each lead is known wherever it comes up; empty where it has no name."""
    single: bool
    """One lead: what is wrong with it is a problem, and not an entry of a list."""

    def where(self, index: int, field: str) -> str:
        """The place of a lead's field in the body."""
        return pointer("lead", field) if self.single else pointer("leads", index, field)


def strict_json(body: bytes) -> dict[str, Any]:
    """An object out of strict JSON. Raises `RequestError`."""
    try:
        # Refuses NaN, Infinity, 1e999, lone surrogates, bytes that are not UTF-8, and whatever nests too deep.
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the body is not JSON as RFC 8259 has it, in UTF-8, with finite numbers"
        ) from None
    if not isinstance(content, dict):
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body must be an object")
    return content


async def json_body(request: Request, *further: str) -> dict[str, Any]:
    """The object in a request's body. Raises `RequestError`.

    Args:
        further: media types that are taken for JSON too; empty for none at all.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/json", *further}:
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    return strict_json(await request.body())


def leads_of_request(content: Mapping[str, Any], fields: LeadFields, most: int) -> LeadsAsked:
    """The leads of `{"lead": …}` or `{"leads": […]}`; with `events` and `at` where they are made of events.

    Args:
        most: how many leads are accepted.

    Raises:
        RequestError: names each field at fault, never its value.
    """
    if ("lead" in content) + ("leads" in content) + ("events" in content and "lead" not in content) != 1:
        raise _refused("one of `lead` and `leads` is needed", [FieldProblem(pointer("lead"), "missing")])
    if fields.made:
        return _of_events(content, fields)
    if "lead" in content:
        texts, problems = fields.read(content["lead"], "lead")
        _refuse(problems)
        return _asked([content["lead"]], [texts], fields, single=True)
    leads = content["leads"]
    if not isinstance(leads, list) or not leads:
        raise _refused("`leads` must be a list of leads", [FieldProblem("/leads", "a list with at least one lead")])
    if len(leads) > most:
        raise _refused(f"{len(leads):,} leads; at most {most:,} are accepted", [FieldProblem("/leads", "fewer leads")])
    read = [fields.read(lead, "leads", index) for index, lead in enumerate(leads)]
    _refuse([problem for _, problems in read for problem in problems])
    return _asked(leads, [texts for texts, _ in read], fields, single=False)


def _asked(leads: list[Any], texts: list[dict[str, str]], fields: LeadFields, *, single: bool) -> LeadsAsked:
    return LeadsAsked(texts, [fields.id_of(lead) for lead in leads], [fields.name_of(lead) for lead in leads], single)


def _of_events(content: Mapping[str, Any], fields: LeadFields) -> LeadsAsked:
    """A lead from its recent events, as of a moment."""
    events, at, lead = content.get("events"), content.get("at"), content.get("lead", {})
    if not isinstance(events, list) or not isinstance(at, str):
        missing = [
            FieldProblem("/events", "a list of the lead's recent events: column → value"),
            FieldProblem("/at", "a time such as 2024-03-01T09:00:00+01:00"),
        ]
        raise _refused("the model scores a lead by its events, one lead at a time: `events` and `at`", missing)
    if len(events) > LONGEST_TEXT or not all(_is_event(event) for event in events):
        detail = f"at most {LONGEST_TEXT:,} objects of texts, numbers and truth values"
        raise _refused("`events` has what is no event", [FieldProblem("/events", detail)])
    texts, problems = fields.read(lead, "lead")
    _refuse(problems)
    settings = fields.settings
    if settings.events is None:
        raise AssertionError("features of events without events")
    try:
        features = features_of(events, settings.events, at)
    except (GallopError, ValueError, OverflowError):
        detail = "events of one lead with the columns of the log, and a time with a date"
        faults = [FieldProblem("/events", detail), FieldProblem("/at", "such as 2024-03-01T09:00:00+01:00")]
        raise _refused("`events` or `at` cannot be read", faults) from None
    for name, value in features.items():
        if name in fields.made and value is not None:
            number = isinstance(value, float)
            texts[name] = number_text(value, fields.made[name]) if number else cell_text(value)
    name = next((cell_text(event.get(settings.events.lead)).strip() for event in events), "")
    return LeadsAsked([texts], [name or None], [name], single=True)


def _is_event(event: object) -> bool:
    scalar = str | int | float | bool | None
    return isinstance(event, dict) and all(isinstance(value, scalar) for value in event.values())


def _refused(detail: str, problems: list[FieldProblem]) -> RequestError:
    return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, problems)


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise _refused(f"{len(problems)} fields are missing, or hold what is not accepted", problems)
