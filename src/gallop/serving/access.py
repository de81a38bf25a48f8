"""Who may ask for what: every request passes here before anything else sees it. What is not allowed is denied.

It asks for a key, counts, limits the body and the time it takes, puts security headers on every answer, and turns
whatever breaks behind it into a problem without a word of the request in it.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gallop.serving.api_keys import ApiKeys, presented_keys
from gallop.serving.limits import RateLimit, ServiceLimits
from gallop.serving.problems import RequestError
from gallop.serving.telemetry import Telemetry

OPEN_ROUTES: Final = frozenset({"/health"})
"""Whoever asks may know that the process runs, and nothing else."""
UPLOAD_ROUTE: Final = "/page/lists"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-store"),
)
_LOG: Final = logging.getLogger("gallop.serving")
_LOOPBACK: Final = frozenset({b"localhost", b"127.0.0.1", b"[::1]", b"::1"})
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="gallop", Basic realm="gallop", charset="UTF-8"'}


class AccessMiddleware:
    """ASGI middleware around the whole service."""

    def __init__(
        self, app: ASGIApp, *, limits: ServiceLimits, keys: ApiKeys | None, local: bool, telemetry: Telemetry
    ) -> None:
        """Args:
        keys: who may come in; None where nobody is asked.
        local: whether only this machine can reach the service.
        """
        self._local = local
        self._app, self._limits, self._keys, self._telemetry = app, limits, keys, telemetry
        self._rate = RateLimit(limits.requests_per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, answer = time.perf_counter(), _Answer(send)
        try:
            self._admit(scope)
            await self._app(scope, _Body(receive, self._most_bytes(scope), self._limits.body_s), answer)
        except ClientDisconnect:
            answer.status = answer.status or 499
        except Exception as error:  # noqa: BLE001 nothing that breaks may end a connection, or tell what was in it
            await self._fail(scope, receive, answer, error)
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if route != "none" else "none"
        self._telemetry.answered(route, method, answer.status or 500, time.perf_counter() - begun)

    def _admit(self, scope: Scope) -> None:
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        caller = str((scope.get("client") or ("", 0))[0])
        if self._local:
            # Another page's script could point a name of its own at this machine (DNS rebinding).
            host = dict(headers).get(b"host", b"localhost")
            if host.rpartition(b":")[0 if host.rpartition(b":")[2].isdigit() else 2] not in _LOOPBACK:
                raise RequestError(HTTPStatus.MISDIRECTED_REQUEST, "this service answers to localhost alone")
        if self._keys is not None and scope["path"] not in OPEN_ROUTES:
            holder = self._keys.holder(presented_keys(headers))
            if holder is None:
                raise RequestError(
                    HTTPStatus.UNAUTHORIZED,
                    "a key is needed: Authorization: Bearer KEY, or X-API-Key",
                    headers=_CHALLENGE,
                )
            caller = f"key {holder}"
        if (b"sec-fetch-site", b"cross-site") in headers and scope["method"] not in {"GET", "HEAD"}:
            raise RequestError(HTTPStatus.FORBIDDEN, "a page of another site asks; only this one's may")
        if wait := self._rate.take(caller):
            raise RequestError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"at most {self._limits.requests_per_s:g} requests a second",
                headers={"Retry-After": str(max(1, round(wait)))},
            )

    def _most_bytes(self, scope: Scope) -> int:
        most = self._limits.file_bytes if scope["path"] == UPLOAD_ROUTE else self._limits.body_bytes
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared[:20]) > most:
            raise _too_large(most)
        return most

    async def _fail(self, scope: Scope, receive: Receive, answer: "_Answer", error: Exception) -> None:
        if isinstance(error, HTTPException):
            error = RequestError(HTTPStatus(error.status_code), "", headers=error.headers)
        if not isinstance(error, RequestError):
            # The kind of the error and where it was raised: its message may have a lead's values in it.
            last = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("%s at %s:%s", type(error).__name__, last.filename.rpartition("/")[2], last.lineno)
            error = RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed; its log has where")
        if not answer.status:
            # The Open Inference Protocol's clients read `error`.
            further = {"error": error.detail} if scope["path"].startswith("/v2") else {}
            await error.response(**further)(scope, receive, answer)


class _Answer:
    """Puts headers on an answer, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", [])
            names = {name for name, _ in given}
            further = [header for header in _HEADERS if header[0] not in names]
            if b"content-security-policy" not in names:
                further.append((b"content-security-policy", _POLICY.encode()))
            message["headers"] = [*given, *further]
        await self._send(message)


class _Body:
    """Receives a body up to its limit, in time."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive, self._most, self._until = receive, most, time.monotonic() + seconds
        self._bytes, self._whole = 0, False

    async def __call__(self) -> Any:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._until - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            raise RequestError(
                HTTPStatus.REQUEST_TIMEOUT, "the body took too long to come", headers={"Connection": "close"}
            ) from None
        self._bytes += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._bytes > self._most:
            raise _too_large(self._most)
        return message


def _too_large(most: int) -> RequestError:
    return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {most:,} bytes are accepted")
