"""The tracking server: where it is, whether it answers, and MLflow's client for it.

Whether it answers is asked before any work, because one call to a dead one blocks for minutes by default.
"""

import logging
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gallop.errors import GallopError, ServerUnreachableError, TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

VARIABLE = "MLFLOW_TRACKING_URI"
_SECONDS = 5.0
_LIBRARIES = (
    *("scikit-learn", "scipy", "threadpoolctl", "lightgbm", "numpy", "pandas"),
    *("narwhals", "polars", "pydantic", "ruamel-yaml", "joblib"),
)
_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


def tracking_uri(root: Path) -> str:
    """The server in MLFLOW_TRACKING_URI, or a SQLite file in the project."""
    return os.environ.get(VARIABLE) or f"sqlite:///{root / 'mlflow.db'}"


def require(uri: str) -> None:
    """Raise `ServerUnreachableError` within seconds where nothing answers at a tracking URI."""
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
            raise ServerUnreachableError(_sentence(parts.hostname, parts.port, f"it answers {error.code}")) from None
    except OSError as error:
        raise ServerUnreachableError(
            _sentence(parts.hostname, parts.port, str(getattr(error, "reason", error)))
        ) from None


def _sentence(host: str | None, port: int | None, reason: str) -> str:
    # Not the URI itself: it may hold a password.
    return (
        f"{VARIABLE}: no tracking server answers at {host}{f':{port}' if port else ''}: {reason}. Start it, or unset "
        f"{VARIABLE} to use the local mlflow.db"
    )


@contextmanager
def translated_errors(uri: str) -> Generator[None]:
    """Errors of MLflow and of its store become a sentence with an exit code.

    Raises:
        ServerUnreachableError: nothing answers any more. TrackingError: the server answers, but does not do it.
    """
    try:
        yield
    except GallopError:
        raise
    except Exception as error:
        if not _is_of_the_store(error):
            raise
        require(uri)
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        reason = (str(root).splitlines() or [""])[0]
        raise TrackingError(f"MLflow at {public(uri)}: {type(root).__name__}: {_without_secret(reason, uri)}") from None


def _is_of_the_store(error: Exception) -> bool:
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return isinstance(error, MlflowException | SQLAlchemyError | RequestException | OSError)


def _without_secret(text: str, uri: str) -> str:
    password = urlsplit(uri).password
    return text.replace(uri, public(uri)).replace(password, "***") if password else text.replace(uri, public(uri))


def public(uri: str) -> str:
    """A tracking URI without user and password."""
    parts = urlsplit(uri)
    if not parts.hostname:
        return uri
    return parts._replace(netloc=parts.hostname + (f":{parts.port}" if parts.port else "")).geturl()


@cache
def requirements() -> tuple[str, ...]:
    """What a logged model needs, at the versions it was made with. Inferring them would take seconds."""
    xgboost = "xgboost-cpu" if sys.platform == "linux" else "xgboost"
    return tuple(f"{name}=={version(name)}" for name in (*_LIBRARIES, xgboost))


def connect(uri: str) -> "MlflowClient":
    """MLflow's client, with telemetry off and a patience of seconds rather than minutes."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # A logged model's requirements are ours, not those of a project of uv that happens to be here.
    os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    import mlflow

    # Alembic and the store announce every migration of a new database.
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # What the store logs as an error, with a traceback, it raises too.
    logging.getLogger("mlflow.store").setLevel(logging.CRITICAL)
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)
