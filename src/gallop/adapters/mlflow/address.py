"""The address of the tracking server: which forms of it there are, and how it is shown without its secrets.

MLflow's client takes `http(s)://…` (with `user:password@` too), a database of SQLAlchemy, `databricks`, and a folder,
which it refuses itself unless it is told otherwise. What it cannot take is named before anything is asked of it.
"""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from gallop.errors import TrackingError
from gallop.redaction import without_secrets

VARIABLE: Final = "MLFLOW_TRACKING_URI"
REGISTRY_VARIABLE: Final = "MLFLOW_REGISTRY_URI"
DATABASES: Final = {"sqlite": None, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
"""Dialect → port, where the address names none."""
_FOLDER_VARIABLE: Final = "MLFLOW_ALLOW_FILE_STORE"
_LOCAL: Final = "mlflow.db"


def tracking_uri(root: Path) -> str:
    """The server in MLFLOW_TRACKING_URI, or a SQLite file in the project."""
    return os.environ.get(VARIABLE, "").strip() or local_uri(root)


def local_uri(root: Path) -> str:
    """A SQLite file in the project, whatever its path."""
    path = str(root / _LOCAL)
    if not re.search("[?%]", path):
        return f"sqlite:///{path}"
    # SQLAlchemy takes a `?` for the beginning of a query and decodes `%41`. With the driver named, MLflow does not make
    # the folder of the encoded name.
    return f"sqlite+pysqlite:///{quote(path)}"


def registry_uri(uri: str) -> str:
    """Where the registry is: MLflow lets it be another server than that of the runs."""
    return os.environ.get(REGISTRY_VARIABLE, "").strip() or uri


def artifact_location(uri: str) -> str | None:
    """Where the files of runs in a SQLite file lie: beside it, from wherever gallop is called; None for a server."""
    path = sqlite_path(uri)
    return (path.resolve().parent / "mlruns").as_uri() if path is not None else None


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite address; None for every other address, and for one that names no file."""
    if dialect(uri) != "sqlite":
        return None
    name = unquote(uri.partition("///")[2].partition("?")[0]).removeprefix("file:")
    return Path(name) if name and name != ":memory:" else None


def dialect(uri: str) -> str:
    """The scheme without a database's driver: `postgresql` of `postgresql+psycopg://…`; empty where there is none."""
    match = re.match(r"([A-Za-z][A-Za-z0-9.-]*)(\+[A-Za-z0-9_]+)?:", uri)
    return match[1].lower() if match else ""


def public(uri: str) -> str:
    """An address without user, password, and what its query keeps secret. Takes every text."""
    return without_secrets(re.sub(r"\s", "%20", uri))


def host_and_port(uri: str) -> tuple[str | None, int | None]:
    """Where a server listens, as far as its address says. Raises `ValueError` where it is malformed."""
    parts = urlsplit(uri)
    return parts.hostname, parts.port or DATABASES.get(dialect(uri))


def check_form(uri: str, variable: str = VARIABLE) -> None:
    """Raise `TrackingError` where MLflow's client cannot take an address, or would keep nothing at it."""
    if problem := _problem(uri):
        raise TrackingError(f"{variable}: {public(uri)}: {problem}")


def _problem(uri: str) -> str | None:
    if re.fullmatch(r"[A-Za-z0-9_.-]+:\d+(/.*)?", uri):
        return f"has no scheme; write http://{uri}"
    if uri in {"uc", "databricks-uc"} or dialect(uri) in {"uc", "databricks-uc"}:
        return f"is a registry without runs: it belongs into {REGISTRY_VARIABLE}; {VARIABLE} takes http(s)://HOST"
    if uri == "databricks":
        return None
    known = {"": _of_folder, "file": _of_folder, "sqlite": _of_sqlite, "http": _of_server, "https": _of_server}
    try:
        host, _ = host_and_port(uri)
        return known.get(dialect(uri), lambda *_: None)(uri, host)
    except ValueError:
        return "is malformed. Accepted is http(s)://HOST:PORT; special signs of a password are written like %40 for @"


def _of_folder(_uri: str, _host: str | None) -> str | None:
    if os.environ.get(_FOLDER_VARIABLE, "").lower() in {"true", "1"}:
        return None
    return (
        "is a folder, in which MLflow keeps no runs any more. Accepted are http(s)://HOST:PORT and "
        "sqlite:///mlflow.db; `mlflow migrate-filestore` takes the runs of a folder along"
    )


def _of_sqlite(uri: str, _host: str | None) -> str | None:
    path = sqlite_path(uri)
    if path is None:
        return "is a database in memory, which keeps nothing; name a file: sqlite:///mlflow.db"
    folder = str(path.resolve().parent)
    if unquote(folder) != folder:
        return f"MLflow takes the path {folder} for {unquote(folder)}; rename the folder"
    return None


def _of_server(uri: str, host: str | None) -> str | None:
    if not host:
        return "names no host; accepted is http(s)://HOST:PORT"
    if urlsplit(uri).query or urlsplit(uri).fragment:
        return (
            "MLflow's client takes no query here; a token goes into MLFLOW_TRACKING_TOKEN, a user and a password into "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    return None
