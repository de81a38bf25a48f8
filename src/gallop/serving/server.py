"""uvicorn, as the service wants it: no access log, no banner, deadlines, and an end that finishes what has begun."""

import ipaddress
import logging
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits

from gallop.errors import SettingsError
from gallop.serving.limits import ServiceLimits
from gallop.serving.protocol import with_limits

_DRAIN_S = 30


@dataclass(frozen=True)
class Address:
    """Where the service listens."""

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    """PEM, with the chain; TLS needs `key` too."""
    key: Path | None = None

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}/"


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(address: Address) -> socket.socket:
    """A socket that is bound to the address. Raises `SettingsError`."""
    for path in (address.certificate, address.key):
        if path is not None and not path.is_file():
            raise SettingsError(f"{path}: no such file; --certificate and --key name PEM files")
    if (address.certificate is None) != (address.key is None):
        raise SettingsError("--certificate and --key belong together: TLS needs both")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
    except (OSError, OverflowError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        raise SettingsError(
            f"{address.host}, port {address.port}: {reason}; name a free port with --port, or an address of this "
            "machine with --host"
        ) from None
    return listener


def run_server(app: FastAPI, listener: socket.socket, address: Address, limits: ServiceLimits) -> None:
    """Serve until SIGTERM or Ctrl-C; then what has begun is answered, and nothing new is begun."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # The libraries' own threads would take the processors from each other.
    with threadpool_limits(limits=1):
        config = uvicorn.Config(
            app,
            http=with_limits(limits),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            ssl_certfile=address.certificate,
            ssl_keyfile=address.key,
            timeout_graceful_shutdown=_DRAIN_S,
        )
        # uvicorn raises a signal again once it has ended by it; an end that was asked for is no failure.
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, signal.SIG_IGN)
        uvicorn.Server(config).run(sockets=[listener])
