"""The service, built over a deployed bundle: `create_app(deployed)` gives an ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gallop.serving import inference_protocol, page_routes, score_routes
from gallop.serving.access import AccessMiddleware
from gallop.serving.api_keys import ApiKeys
from gallop.serving.limits import ServiceLimits
from gallop.serving.live_model import LiveModel, Trust
from gallop.serving.openapi import describe
from gallop.serving.problems import RequestError
from gallop.serving.recorder import ScoreRecorder
from gallop.serving.service import Service
from gallop.serving.telemetry import Telemetry
from gallop.serving.work import ScoringThreads


def create_app(
    deployed: Path,
    *,
    keys: ApiKeys | None = None,
    limits: ServiceLimits | None = None,
    local: bool = True,
    trust: Trust | None = None,
    recorder: ScoreRecorder | None = None,
    card: Callable[[str], str | None] | None = None,
    report: Callable[[str], str | None] | None = None,
    history: Callable[[], Sequence[Mapping[str, str]]] | None = None,
) -> FastAPI:
    """The service over a deployed bundle, which is verified, loaded and warm when this returns.

    Args:
        deployed: the link that `gallop deploy` makes, or the folder of a bundle; it is followed.
        keys: who may use it; None only where nothing but this machine can reach it.
        limits: how much a caller may ask.
        local: whether the service listens to this machine alone, and so answers to its own name alone.
        trust: what the project asks of a bundle, besides that it is whole.
        recorder: takes each scored lead for the log of scores.
        card: gives the model card, in Markdown, of the bundle with a digest, where there is one.
        report: gives the report, in HTML, of the bundle with a digest.
        history: gives the changes of what is live, the newest first: `at`, `who`, `what`, `because`.

    Raises:
        MissingOutputError, ChecksumError: as `load_bundle`.
    """
    trust, limits, telemetry = trust or Trust(), limits or ServiceLimits(), Telemetry()
    live = LiveModel(deployed, telemetry.swapped, trust)
    if recorder:
        telemetry.watch(recorder)
    service = Service(live, telemetry, limits, ScoringThreads(limits.waiting), card, recorder)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:  # noqa: ARG001
        following = asyncio.create_task(live.follow())
        try:
            yield
        finally:
            following.cancel()
            service.threads.close()
            if recorder:
                recorder.close()

    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _as_problem},
    )
    app.include_router(score_routes.score_router(service))
    app.include_router(page_routes.page_router(service, trust.project, report, history))
    app.include_router(inference_protocol.inference_router(service))
    app.openapi = lambda: describe(app.routes, live.now)
    app.add_middleware(AccessMiddleware, limits=limits, keys=keys, local=local, telemetry=telemetry)
    return app


async def _as_problem(request: Request, error: Any) -> Response:  # noqa: ARG001
    status = HTTPStatus(error.status_code)
    detail = {404: "no such route; /openapi.json lists them", 405: "not with this method"}.get(status, status.phrase)
    return RequestError(status, detail, headers=error.headers).response()
