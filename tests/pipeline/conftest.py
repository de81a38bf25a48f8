"""A session of the stand-in for each test, and the pipeline that talks to it."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tests.pipeline.standin.session import Backend, Recorder, Session


@pytest.fixture(scope="session")
def pipeline() -> ModuleType:
    """pipeline.py, unmodified."""
    return importlib.import_module("pipeline")


@pytest.fixture
def session_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Backend], Session]]:
    """Starts a session over a backend, and points the client library at it."""
    with contextlib.ExitStack() as servers:

        def start(backend: Backend) -> Session:
            session = Session(backend)
            port = servers.enter_context(session.served())
            monkeypatch.setenv("DAGGER_SESSION_PORT", str(port))
            monkeypatch.setenv("DAGGER_SESSION_TOKEN", session.token)
            return session

        yield start


@pytest.fixture
def session(session_with: Callable[[Backend], Session]) -> Session:
    """A session that records and evaluates nothing."""
    return session_with(Recorder())
