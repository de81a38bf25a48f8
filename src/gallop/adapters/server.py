"""Is the tracking server there? Asked before any work, because one call to a dead one blocks for minutes by default."""

import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from gallop.errors import ServerUnreachable

VARIABLE = "MLFLOW_TRACKING_URI"
_SECONDS = 5.0
_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


def tracking_uri(root: Path) -> str:
    """The server in MLFLOW_TRACKING_URI, or a SQLite file in the project."""
    return os.environ.get(VARIABLE) or f"sqlite:///{root / 'mlflow.db'}"


def require(uri: str) -> None:
    """Raise `ServerUnreachable` within seconds where nothing answers at a tracking URI."""
    parts = urlsplit(uri)
    try:
        if parts.scheme in {"http", "https"}:
            with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=_SECONDS):
                return
        if parts.hostname and (port := parts.port or _PORTS.get(parts.scheme.split("+")[0])):
            socket.create_connection((parts.hostname, port), timeout=_SECONDS).close()
    except urllib.error.HTTPError as error:
        # A proxy that wants credentials has no open /health, but somebody answers.
        if error.code >= 500:
            raise ServerUnreachable(_sentence(parts.hostname, parts.port, f"it answers {error.code}")) from None
    except OSError as error:
        raise ServerUnreachable(_sentence(parts.hostname, parts.port, str(getattr(error, "reason", error)))) from None


def _sentence(host: str | None, port: int | None, reason: str) -> str:
    # Not the URI itself: it may hold a password.
    return (
        f"{VARIABLE}: no tracking server answers at {host}{f':{port}' if port else ''}: {reason}. Start it, or unset "
        f"{VARIABLE} to use the local mlflow.db"
    )


def public(uri: str) -> str:
    """A tracking URI without user and password."""
    parts = urlsplit(uri)
    if not parts.hostname:
        return uri
    return parts._replace(netloc=parts.hostname + (f":{parts.port}" if parts.port else "")).geturl()
