"""Every form of an address is taken, or named for what it is, and never shown with its secrets."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from gallop.adapters.mlflow import address
from gallop.errors import TrackingError


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("./mlruns", "is a folder, in which MLflow keeps no runs any more"),
        ("mlruns", "is a folder"),
        ("file:///srv/mlruns", "is a folder"),
        ("localhost:5000", "has no scheme; write http://localhost:5000"),
        ("127.0.0.1:5000", "has no scheme; write http://127.0.0.1:5000"),
        ("databricks-uc", "is a registry without runs: it belongs into MLFLOW_REGISTRY_URI"),
        ("uc:http://localhost:8080", "is a registry without runs"),
        ("http://", "names no host"),
        ("http://[::1", "is malformed"),
        ("http://user:pa/ss@host:5000", "http://host:5000: is malformed"),
        ("https://host?token=abc", "a token goes into MLFLOW_TRACKING_TOKEN"),
        ("sqlite://", "keeps nothing"),
        ("sqlite:///:memory:", "keeps nothing"),
        ("sqlite:////srv/a%2541b/mlflow.db", "rename the folder"),
    ],
)
def test_what_mlflow_cannot_take_is_named(uri, sentence):
    with pytest.raises(TrackingError) as refused:
        address.check_form(uri)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("MLFLOW_TRACKING_URI: ")
    assert "abc" not in str(refused.value)
    assert "pa/ss" not in str(refused.value)


@pytest.mark.parametrize(
    "uri",
    [
        "http://host:5000",
        "https://user:p%40ss@host/mlflow",
        "HTTP://host",
        "databricks",
        "databricks://profile",
        "sqlite:///mlflow.db",
        "sqlite:///file:/srv/mlflow.db?mode=ro&uri=true",
        "postgresql+psycopg://user:hush@/mlflow?host=/run/postgresql",
        "plugin://anything",
    ],
)
def test_what_mlflow_may_take_is_left_to_it(uri):
    address.check_form(uri)


def test_a_folder_is_taken_where_mlflow_is_told_to(monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    address.check_form("./mlruns")


@pytest.mark.parametrize("folder", ["plain", "a?b", "100%", "a b", "a#b", "[a]", "ä", "a%3Fb?"])
def test_the_projects_own_database_lies_in_the_project_whatever_its_path(tmp_path, monkeypatch, folder):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / folder
    uri = address.tracking_uri(root)
    assert make_url(uri).database == str(root / "mlflow.db")
    assert address.sqlite_path(uri) == root / "mlflow.db"
    assert address.artifact_location(uri) == (root / "mlruns").as_uri()


def test_blanks_around_an_address_do_not_matter(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", " http://host:5000\n")
    assert address.tracking_uri(Path("anywhere")) == "http://host:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", " ")
    assert address.tracking_uri(Path("/srv")) == "sqlite:////srv/mlflow.db"


@pytest.mark.parametrize(
    "uri", ["http://user:hu sh@host", "postgresql://user:hush@host/x?password=hush", "not an address", ""]
)
def test_every_text_can_be_shown(uri):
    shown = address.public(uri)
    assert "hush" not in shown
    assert "hu sh" not in shown
