"""MLflow's client: whether its server answers, errors as sentences, and no wait without an end.

Whether the server answers is asked before any work, in the way MLflow itself will ask: with the same credentials,
certificates and proxies. A call that gets no answer ends after some 20 seconds, where MLflow's default is four minutes.
"""

import logging
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import address, sentences
from gallop.errors import GallopError, ServerUnreachableError, TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ANSWER_S = 8.0
"""How long an answer to the first question may take."""
_START_S = 3.0
"""How long a server that refuses connections may need to start."""
_LIBRARIES = (
    *("scikit-learn", "scipy", "threadpoolctl", "lightgbm", "numpy", "pandas"),
    *("narwhals", "polars", "pydantic", "ruamel-yaml", "joblib"),
)
_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A logged model's requirements are ours, not those of a project of uv that happens to be here.
    "MLFLOW_UV_AUTO_DETECT": "false",
    # It prints the address of a run as it was given, password and all.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Two tries of 10 s each, and no wait between them.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    # Of PostgreSQL's own library, the handshake included.
    "PGCONNECT_TIMEOUT": "8",
}


def require(uri: str, *, writing: bool = True) -> None:
    """Raise within seconds where runs or versions could not be kept at a tracking address.

    Args:
        writing: also where a database cannot be written.

    Raises:
        TrackingError: MLflow takes no such address, or the database is of another kind, locked or damaged.
        ServerUnreachableError: nothing answers there.
    """
    address.check_form(uri)
    with _translated(uri, address.VARIABLE):
        _ask(uri, address.VARIABLE, writing=writing)
    registry = address.registry_uri(uri)
    if registry != uri and not registry.startswith(("uc:", "databricks")):
        address.check_form(registry, address.REGISTRY_VARIABLE)
        with _translated(registry, address.REGISTRY_VARIABLE):
            _ask(registry, address.REGISTRY_VARIABLE, writing=writing)


def _ask(uri: str, variable: str, *, writing: bool = False) -> None:
    scheme = address.dialect(uri)
    if scheme in {"http", "https"}:
        _ask_health(uri, variable)
    elif scheme in address.DATABASES:
        _ask_database(uri, variable, writing=writing)
    elif variable == address.VARIABLE:
        # A folder, Databricks, or what a plug-in provides: MLflow says itself what it lacks.
        connect(uri).search_experiments(max_results=1)


def _ask_health(uri: str, variable: str) -> None:
    _set_defaults()
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    refused_until = time.monotonic() + _START_S
    while True:
        try:
            answer = http_request(
                get_default_host_creds(uri), "/health", "GET", max_retries=0, timeout=_ANSWER_S, raise_on_status=False
            )
        except MlflowException as error:
            if "Connection refused" in str(error) and time.monotonic() < refused_until:
                time.sleep(0.5)
                continue
            raise _unreachable(uri, variable, sentences.network_reason(error, _ANSWER_S)) from None
        # A proxy that wants credentials has no open /health, but somebody answers.
        if answer.status_code >= 500:
            raise _unreachable(uri, variable, f"it answers {answer.status_code}")
        return


def _ask_database(uri: str, variable: str, *, writing: bool) -> None:
    # MLflow itself would try for minutes to open a database that it cannot open.
    import sqlalchemy
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import NullPool

    _set_defaults()
    path = address.sqlite_path(uri)
    if path is not None and not path.exists():
        if not writing:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    timeout = {"sqlite": {"timeout": _ANSWER_S}, "mysql": {"connect_timeout": int(_ANSWER_S)}}
    engine = sqlalchemy.create_engine(uri, poolclass=NullPool, connect_args=timeout.get(address.dialect(uri), {}))
    # A database that is locked, damaged or only for reading refuses the first of these.
    question = "SELECT 1" if path is None else "BEGIN IMMEDIATE" if writing else "SELECT name FROM sqlite_master"
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(question))
            connection.rollback()
    except OperationalError as error:
        if path is not None:
            raise
        raise _unreachable(uri, variable, sentences.reason(error)) from None
    finally:
        engine.dispose()


def _unreachable(uri: str, variable: str, reason: str) -> ServerUnreachableError:
    host, port = address.host_and_port(uri)
    return ServerUnreachableError(
        f"{variable}: no tracking server answers at {host}{f':{port}' if port else ''}: {reason}. Start it, or unset "
        f"{variable} to use the local mlflow.db"
    )


@contextmanager
def translated_errors(uri: str) -> Generator[None]:
    """Errors of MLflow and of its store become a sentence with an exit code.

    Raises:
        ServerUnreachableError: nothing answers any more. TrackingError: the server answers, but does not do it.
    """
    try:
        with _translated(uri, address.VARIABLE):
            yield
    except TrackingError:
        if address.dialect(uri) in {"http", "https", *address.DATABASES} - {"sqlite"}:
            _ask(uri, address.VARIABLE)
        raise


@contextmanager
def _translated(uri: str, variable: str) -> Generator[None]:
    try:
        yield
    except GallopError:
        raise
    except Exception as error:
        if not sentences.is_of_the_store(error):
            raise
        place = "MLflow" if variable == address.VARIABLE else variable
        raise TrackingError(f"{place} at {address.public(uri)}: {sentences.describe_error(error, uri)}") from None


@cache
def requirements() -> tuple[str, ...]:
    """What a logged model needs, at the versions it was made with. Inferring them would take seconds."""
    xgboost = "xgboost-cpu" if sys.platform == "linux" else "xgboost"
    return tuple(f"{name}=={version(name)}" for name in (*_LIBRARIES, xgboost))


def _set_defaults() -> None:
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"true", "1"}:
        import urllib3

        # A person has said so; a warning for each of hundreds of requests says nothing more.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def connect(uri: str) -> "MlflowClient":
    """MLflow's client, with telemetry off and a patience of seconds rather than minutes."""
    _set_defaults()
    import mlflow

    # Alembic and the store announce every migration of a new database.
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # What the store logs as an error, with a traceback, it raises too.
    logging.getLogger("mlflow.store").setLevel(logging.CRITICAL)
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)
