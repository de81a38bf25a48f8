"""A real server for the tests of one process, and an environment that no test leaves to the next."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gallop.adapters.mlflow import client
from tests.support.mlflow_server import mlflow_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server."""
    folder = tmp_path_factory.mktemp("server")
    with mlflow_server(folder, f"sqlite:///{folder / 'server.db'}") as (address, _):
        yield address


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as MLflow makes it, which takes it seconds. Copy it."""
    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    client.connect(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """MLflow's client changes the environment: what a test leaves there goes at its end, and its files with it."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "REQUESTS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
