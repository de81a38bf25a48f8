"""Errors of MLflow, of its database and of the network, as sentences for a person."""

import errno
import os
from typing import Any

from gallop.adapters.mlflow import address

_SECRET_VARIABLES = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "DATABRICKS_TOKEN", "PGPASSWORD")


def describe_error(error: Exception, uri: str) -> str:
    """What went wrong, and where it is known what to do about it; without secrets."""
    text = (_remedy(error, uri) or reason(error)).replace(uri, address.public(uri))
    for secret in filter(None, map(os.environ.get, _SECRET_VARIABLES)):
        text = text.replace(secret, "***")
    return text


def network_reason(error: BaseException, timeout_s: float) -> str:
    """What lies at the bottom of an error of MLflow's HTTP client, in a few words."""
    cause: Any = error
    # MLflow wraps requests, requests urllib3, and urllib3 the system.
    for _ in range(10):
        inner = cause.__cause__ or cause.__context__ or getattr(cause, "reason", None)
        if not isinstance(inner, BaseException):
            break
        cause = inner
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            "its certificate is not trusted. Name the authority's file in MLFLOW_TRACKING_SERVER_CERT_PATH or "
            "REQUESTS_CA_BUNDLE, or set MLFLOW_TRACKING_INSECURE_TLS=true"
        )
    if "timed out" in text or isinstance(cause, TimeoutError):
        return f"no answer within {timeout_s:.0f} s"
    lines = (getattr(cause, "strerror", None) or str(cause)).splitlines()
    return lines[0] if lines else type(cause).__name__


def reason(error: BaseException) -> str:
    """What lies at the bottom of an error, with its kind: the first line."""
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    text = next((line.strip() for line in str(root).splitlines() if line.strip()), "")
    return f"{type(root).__name__}: {text}"


def _remedy(error: Exception, uri: str) -> str | None:
    """A sentence that says what to do, for errors that MLflow words for a program, or for none."""
    text = str(error)
    if "database is locked" in text:
        return "the database is locked by another process; end it, or wait until it has ended"
    if "out-of-date database schema" in text or "Can't locate revision" in text:
        newer = "Can't locate revision" in text
        how = "update gallop" if newer else f"back it up, then run `mlflow db upgrade {address.public(uri)}`"
        return f"the database was made by {'a newer' if newer else 'an older'} MLflow; {how}"
    if "is not a database" in text or "malformed" in text:
        return "the file is no SQLite database, or a damaged one; restore it from a backup, or move it away"
    if isinstance(error, ModuleNotFoundError):
        return f"this kind of address needs the package {error.name}; install it beside gallop"
    return None


def is_of_the_store(error: Exception) -> bool:
    """Whether an error is about the server or database, rather than a bug or a full disk."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return False
    kinds = MlflowException | SQLAlchemyError | RequestException | OSError | ModuleNotFoundError
    return isinstance(error, kinds)
