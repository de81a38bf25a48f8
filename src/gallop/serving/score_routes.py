"""The service's own routes: scores, reasons, the model, health and counters."""

from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from gallop.serving.answers import (
    ExplainAnswer,
    HealthAnswer,
    ModelAnswer,
    ReadyAnswer,
    ScoreAnswer,
)
from gallop.serving.live_model import ServedModel
from gallop.serving.problems import MEDIA_TYPE, FieldProblem, RequestError
from gallop.serving.requests import LeadsAsked, json_body, leads_of_request
from gallop.serving.scorer import LeadReasons, LeadScores
from gallop.serving.service import Service, fault

Responses = dict[int | str, dict[str, Any]]
PROBLEM: Final[dict[str, Any]] = {
    "description": "A problem, as RFC 9457 has it.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
}
OF_ALL: Final[Responses] = {401: PROBLEM, 429: PROBLEM}
OF_BODIES: Final[Responses] = OF_ALL | dict.fromkeys((403, 408, 413, 415, 422, 503), PROBLEM)
LEADS: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LeadsAsked"}}},
    }
}


def score_router(service: Service) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/v1/score", responses={200: {"model": ScoreAnswer}} | OF_BODIES, openapi_extra=LEADS, tags=["scores"])
    async def score(request: Request) -> Response:
        """Score one lead, or up to 10,000."""
        return await _scored(request, service, explain=False)

    @routes.post(
        "/v1/explain", responses={200: {"model": ExplainAnswer}} | OF_BODIES, openapi_extra=LEADS, tags=["scores"]
    )
    async def explain(request: Request) -> Response:
        """Score leads, and say why: what each column adds, and the largest reasons in words."""
        return await _scored(request, service, explain=True)

    @routes.get("/v1/model", responses={200: {"model": ModelAnswer}} | OF_ALL, tags=["model"])
    async def model() -> Response:
        """What answers: card, figures, schema, versions."""
        return json_answer(_described(service.live.now, service.card))

    @routes.get("/health", responses={200: {"model": HealthAnswer}, 429: PROBLEM}, tags=["operation"])
    async def health() -> Response:
        """That the process runs."""
        return json_answer({"status": "ok"})

    @routes.get("/ready", responses={200: {"model": ReadyAnswer}} | OF_ALL, tags=["operation"])
    async def ready() -> Response:
        """That a model is verified, loaded and warm."""
        return json_answer({"status": "ready", "model_version": service.live.now.version})

    text: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Counters."}}

    @routes.get("/metrics", responses=text | OF_ALL, tags=["operation"], response_class=Response)
    async def metrics() -> Response:
        """Counters, for Prometheus."""
        return Response(service.telemetry.text(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return json_answer(request.app.openapi())

    return routes


def json_answer(content: Any) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(content), media_type="application/json")


async def _scored(request: Request, service: Service, *, explain: bool) -> Response:
    model = service.live.now
    asked = leads_of_request(await json_body(request), model.fields, service.limits.rows)
    outcome = await service.score(model, asked)
    if asked.single and outcome.rejected:
        rule = outcome.rejected[0]
        problem = FieldProblem(asked.where(0, rule.column), f"accepted is {rule.accepts}", rule.name)
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, "the lead cannot be scored", [problem])
    return json_answer(
        {
            "model_version": model.version,
            "scores": [
                _of_lead(index, asked, score, outcome.reasons[index] if explain else None)
                for index, score in sorted(outcome.scores.items())
            ],
            "rejected": _rejected(asked, outcome),
            "noticed": outcome.noticed,
        }
    )


def _of_lead(index: int, asked: LeadsAsked, score: dict[str, Any], reasons: LeadReasons | None) -> dict[str, Any]:
    shown = {"index": index, "id": asked.ids[index], **score}
    if reasons is None:
        return shown
    return shown | {
        "base": reasons.base,
        "contributions": reasons.contributions,
        "log_odds": reasons.log_odds,
        "reasons": reasons.largest,
    }


def _rejected(asked: LeadsAsked, outcome: LeadScores) -> list[dict[str, Any]]:
    return [
        {"index": index, "id": asked.ids[index], "errors": [fault(rule, asked.where(index, rule.column))]}
        for index, rule in outcome.rejected.items()
    ]


def _described(model: ServedModel, card: Any) -> dict[str, Any]:
    manifest = model.bundle.manifest
    shown = ("family", "data", "data_version", "code_version", "metrics", "threshold", "bands", "libraries")
    return {
        "name": manifest.model,
        "model_version": model.version,
        **manifest.model_dump(mode="json", include=set(shown)),
        "lead_schema": model.fields.json_schema(),
        "card": card(manifest.digest) if card else None,
    }
