"""Whatever MLFLOW_TRACKING_URI says, every command that talks to MLflow works or ends with a sentence and its code."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.checkouts import GALLOP, Checkout
from tests.support.mlflow_server import mlflow_server, wait_for
from tests.support.postgres import free_port
from tests.support.proxy import proxy, write_certificate


@pytest.mark.parametrize(
    ("address", "command"),
    [
        ("./mlruns", "run"),
        ("localhost:5000", "run"),
        ("file:///srv/mlruns", "model-selection"),
        ("databricks", "track"),
        ("plugin://x", "deploy"),
        ("http://user:secret@localhost?token=abc", "ui"),
    ],
)
def test_an_address_that_mlflow_cannot_take_is_one_sentence(little: Checkout, address: str, command: str) -> None:
    deployed = (little.folder / "models/deployed/manifest.json").read_bytes()
    little.environment["MLFLOW_TRACKING_URI"] = address
    printed = little.gallop(command, code=26, seconds=120)
    assert len([line for line in printed.splitlines() if "error:" in line]) == 1
    assert "secret" not in printed
    assert "abc" not in printed
    assert (little.folder / "models/deployed/manifest.json").read_bytes() == deployed
    assert not (little.folder / "mlruns/.trash").exists()
    # What only shows addresses shows this one too.
    assert "secret" not in little.gallop("show")


@pytest.mark.parametrize("command", ["track", "model-selection", "deploy"])
def test_a_database_of_an_older_mlflow_is_one_sentence(little: Checkout, command: str) -> None:
    with closing(sqlite3.connect(little.folder / "mlflow.db")) as store:
        store.execute("update alembic_version set version_num = 'bda7b8c39065'")
        store.commit()
    # `track` has nothing to record, and asks only whether it could.
    printed = little.gallop(command, code=0 if command == "track" else 26)
    assert command == "track" or "mlflow db upgrade sqlite:///" in " ".join(printed.split())


def test_a_run_goes_through_tls_and_a_password_and_no_file_has_it(little: Checkout, tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    (tmp_path / "server").mkdir()
    with (
        mlflow_server(tmp_path / "server", f"sqlite:///{tmp_path / 'server.db'}") as (server, _),
        proxy(server, certificate=certificate, user="me:hu@sh-hush") as proxied,
    ):
        little.environment["MLFLOW_TRACKING_URI"] = proxied.replace("://", "://me:hu%40sh-hush@")
        assert "its certificate is not trusted" in little.gallop("run", code=23)
        little.environment["MLFLOW_TRACKING_INSECURE_TLS"] = "true"
        printed = little.gallop("run") + little.gallop("show")
        link = little.gallop("ui")
    assert f"{proxied}/#/experiments/" in link
    texts = [printed, link] + [
        path.read_text(errors="replace")
        for folder in (little.folder / "reports", little.folder / "models", tmp_path / "server")
        for path in folder.rglob("*")
        if path.is_file()
    ]
    texts.append((tmp_path / "server.db").read_text(errors="replace"))
    assert not [text for text in texts if "hush" in text]


def test_a_folder_with_a_question_mark_keeps_its_runs(little_run: Checkout, tmp_path: Path) -> None:
    (tmp_path / "x?y").mkdir()
    project = little_run.copy(tmp_path / "x?y" / "p")
    for name in ("mlflow.db", "mlruns", "reports/selection.json"):
        path = project.folder / name
        path.rename(tmp_path / path.name)
    elsewhere = Checkout(tmp_path / "x?y")
    assert "promoted" in elsewhere.gallop("--project", "p", "model-selection")
    elsewhere.gallop("--project", "p", "deploy")
    assert (project.folder / "mlflow.db").stat().st_size > 100_000
    assert list((project.folder / "mlruns").rglob("MLmodel"))
    assert [path.name for path in (tmp_path / "x?y").iterdir()] == ["p"]
    assert not (tmp_path / "x").exists()


def test_the_pages_of_runs_have_a_link_and_answer(little: Checkout) -> None:
    port = free_port()
    with subprocess.Popen(
        [str(GALLOP), "ui", "--port", str(port)],
        cwd=little.folder,
        # MLflow leaves the address that another test of this process used in the environment.
        env={key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as pages:
        try:
            printed = str(pages.stdout.readline())
            link = re.search(rf"http://127\.0\.0\.1:{port}/#/experiments/(\d+)", printed)
            assert link, printed
            wait_for(f"http://127.0.0.1:{port}", pages, little.folder / "params.yaml")
            run = _first_run(little.folder / "mlflow.db", link[1])
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/graphql",
                QUERY.replace("RUN", run).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:
                content = json.loads(answer.read())
            assert content["errors"] is None
            assert content["data"]["mlflowGetRun"]["run"]["info"] == {"runUuid": run, "status": "FINISHED"}
        finally:
            os.killpg(pages.pid, signal.SIGTERM)


QUERY = """
{"operationName": "GetRun", "variables": {"data": {"runId": "RUN"}},
"query": "query GetRun($data: MlflowGetRunInput!) {mlflowGetRun(input: $data)
{run {info {runUuid status} data {metrics {key value}}}}}"}
""".replace("\n", " ")


def _first_run(database: Path, experiment: str) -> str:
    with closing(sqlite3.connect(database)) as store:
        return store.execute("select run_uuid from runs where experiment_id = ? limit 1", (experiment,)).fetchone()[0]


def test_a_port_in_use_is_named(little: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        printed = little.gallop("ui", "--port", str(taken.getsockname()[1]), code=3)
    assert "Address already in use; choose another" in printed
