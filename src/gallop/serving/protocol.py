"""uvicorn's HTTP protocol with a deadline for slow senders: it has none of its own for a request that never ends."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gallop.serving.limits import ServiceLimits

_SPARE_S = 5.0
"""`access` answers a slow body with 408 before the connection is closed here."""


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection whose headers, or whose body, are not whole in time."""

    limits = ServiceLimits()
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that connects has to begin."""
        super().connection_made(transport)
        self._wait(self.limits.header_s)

    def on_message_begin(self) -> None:
        """The first bytes of a request are here."""
        super().on_message_begin()
        self._wait(self.limits.header_s)

    def on_headers_complete(self) -> None:
        """The body may follow."""
        self._wait(self.limits.body_s + _SPARE_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_waiting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self.transport.abort()


def with_limits(limits: ServiceLimits) -> type[DeadlineProtocol]:
    """The protocol with these deadlines."""
    return type("DeadlineProtocol", (DeadlineProtocol,), {"limits": limits})
