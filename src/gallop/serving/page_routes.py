"""The page for people, and what its script asks for."""

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import Response

from gallop.reporting.formatting import percent, with_interval, words
from gallop.schema import Role
from gallop.serving.live_model import ServedModel
from gallop.serving.page_lists import PageLists
from gallop.serving.problems import FieldProblem, RequestError
from gallop.serving.requests import json_body
from gallop.serving.score_routes import json_answer
from gallop.serving.scored_list import LeadsWanted
from gallop.serving.service import Service
from gallop.settings.params import Settings

_FILES: Final = {"app.js": "text/javascript", "list.js": "text/javascript", "style.css": "text/css"}
_HTML: Final = "text/html; charset=utf-8"
_DOWNLOADS: Final = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
_MOST_ROWS_SHOWN: Final = 500


def page_router(
    service: Service,
    project: Settings | None,
    report: Callable[[str], str | None] | None,
    history: Callable[[], Sequence[Mapping[str, str]]] | None,
) -> APIRouter:
    """The routes.

    Args:
        project: the settings that say who is held out at random.
        report: digest of a bundle → its report in HTML.
        history: changes of what is live, the newest first; may take seconds.
    """
    routes = APIRouter(include_in_schema=False)
    lists = PageLists(service, project)

    @routes.get("/")
    async def page() -> Response:
        return Response(_render(service, report is not None), media_type=_HTML)

    @routes.get("/page/files/{name}")
    async def file(name: str) -> Response:
        if name not in _FILES:
            raise RequestError(HTTPStatus.NOT_FOUND, "no such file")
        return Response(_file(name), media_type=f"{_FILES[name]}; charset=utf-8")

    @routes.post("/page/lists")
    async def upload(request: Request) -> Response:
        if request.headers.get("content-type") != "application/octet-stream":
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a file comes as application/octet-stream")
        name = unquote(request.headers.get("x-file-name", "")).rpartition("/")[2][:200] or "leads"
        return json_answer({"list": await lists.open(name, request.stream())})

    @routes.get("/page/lists/{token}")
    async def state(token: str) -> Response:
        return json_answer(lists.find(token).state())

    @routes.get("/page/lists/{token}/rows")
    async def rows(request: Request, token: str) -> Response:
        scored, wanted = lists.ready(token), _selection(request)
        start, count = _number(request, "from") or 0, min(_number(request, "count") or 100, _MOST_ROWS_SHOWN)
        return json_answer(await service.threads.run(lambda: scored.page(wanted, start, count)))

    @routes.get("/page/lists/{token}/leads/{rank}")
    async def lead(token: str, rank: str) -> Response:
        values = lists.ready(token).values_of(int(rank)) if rank.isdecimal() and len(rank) < 10 else None
        if values is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "no lead has this rank")
        return json_answer(values)

    @routes.get("/page/lists/{token}/scores{ending}")
    async def download(request: Request, token: str, ending: str) -> Response:
        scored, wanted = lists.ready(token), _selection(request)
        if ending not in _DOWNLOADS:
            raise RequestError(HTTPStatus.NOT_FOUND, "scores are downloaded as .csv or .xlsx")

        named = {"Content-Disposition": f'attachment; filename="scores{ending}"'}
        return Response(
            await service.threads.run(partial(_file_of, partial(scored.write, wanted), ending)),
            headers=named,
            media_type=_DOWNLOADS[ending],
        )

    @routes.get("/page/lists/{token}/rejected.csv")
    async def rejected(token: str) -> Response:
        named = {"Content-Disposition": 'attachment; filename="rejected.csv"'}
        content = await service.threads.run(partial(_file_of, lists.ready(token).write_rejected, ".csv"))
        return Response(content, headers=named, media_type=_DOWNLOADS[".csv"])

    @routes.post("/page/what-if")
    async def what_if(request: Request) -> Response:
        return json_answer(await _what_if(await json_body(request), service))

    @routes.get("/page/report")
    async def shown_report() -> Response:
        text = report(service.live.now.bundle.manifest.digest) if report else None
        if text is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "the report of this model is not here")
        return Response(
            text, headers={"Content-Security-Policy": _REPORT_POLICY}, media_type="text/html; charset=utf-8"
        )

    @routes.get("/page/history")
    async def shown_history() -> Response:
        changes = await service.threads.run(history) if history else []
        return json_answer({"changes": [dict(change) for change in changes]})

    return routes


def _file_of(write: Callable[[Path], None], ending: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="gallop-page-") as folder:
        path = Path(folder, f"scores{ending}")
        write(path)
        return path.read_bytes()


async def _what_if(content: Mapping[str, Any], service: Service) -> dict[str, Any]:
    model, texts = service.live.now, content.get("values")
    if not isinstance(texts, dict) or not all(isinstance(text, str) and len(text) < 1000 for text in texts.values()):
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "`values` must be an object of texts")
    outcome = await service.threads.run(lambda: model.scorer.score([texts], [""]))
    if outcome.rejected:
        rule = outcome.rejected[0]
        problem = FieldProblem(f"/values/{rule.column}", f"accepted is {rule.accepts}", rule.name)
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{rule.column}: accepted is {rule.accepts}", [problem])
    return {"model_version": model.version, **outcome.scores[0], "reasons": outcome.reasons[0].largest}


def _selection(request: Request) -> LeadsWanted:
    asked = request.query_params
    return LeadsWanted(
        band=asked.get("band", ""),
        top=_number(request, "top"),
        text=asked.get("text", "")[:200].strip(),
        sort=asked.get("sort", "rank"),
        descending=asked.get("order") == "descending",
    )


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@cache
def _file(name: str) -> bytes:
    return files("gallop.serving.page").joinpath(name).read_bytes()


@cache
def _environment() -> Environment:
    loader = PackageLoader("gallop.serving", "page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"percent": percent, "words": words, "with_interval": with_interval}
    return environment


def _render(service: Service, has_report: bool) -> str:
    model = service.live.now
    manifest, settings = model.bundle.manifest, model.bundle.settings
    card = service.card(manifest.digest) if service.card else None
    # No HTML out of the card: what a column is called is text.
    shown_card = MarkdownIt("commonmark", {"html": False}).enable("table").render(card) if card else ""
    # The policy takes no style attributes, and numbers in a card read well on the left too.
    shown_card = re.sub(r' style="text-align:[a-z]+"', "", shown_card)
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            manifest=manifest,
            version=model.version,
            decision=settings.decision,
            events=settings.events is not None,
            fields=_fields(model),
            card=shown_card,
            has_report=has_report,
            columns=[name for name in model.fields.required if name not in settings.table.keep],
        )
    )


def _fields(model: ServedModel) -> list[dict[str, Any]]:
    """What can be changed of one lead: name, words, kind, the levels where there are any, and a first value."""
    table, example = model.bundle.settings.table, model.fields.example()
    fields = []
    for name, column in (model.fields.made | model.fields.columns).items():
        if name not in model.bundle.settings.features.used and name not in table.keep:
            continue
        levels = list(table.keep.get(name) or column.levels or ())
        if column.role is Role.BOOLEAN:
            levels = ["true", "false"]
        value = example.get(name, "")
        text = (
            str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
        )
        fields.append({"name": name, "number": column.role is Role.NUMBER, "levels": levels, "value": text})
    return fields
