"""The client asks as MLflow asks, waits for nobody for ever, and says in a sentence what stands in the way."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from gallop.adapters.mlflow import address, client
from gallop.adapters.mlflow.tracking import open_experiment
from gallop.errors import GallopError, ServerUnreachableError, TrackingError
from tests.support.postgres import free_port
from tests.support.proxy import proxy, silent_port, write_certificate

# MLflow and its libraries warn of each other, and of certificates that they are told not to look at.
pytestmark = pytest.mark.filterwarnings("default")

LONGEST_S = 30.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


def names(uri: str) -> set[str]:
    """The experiments at an address, asked for as gallop asks."""
    client.require(uri)
    with client.translated_errors(uri):
        return {experiment.name for experiment in client.connect(uri).search_experiments()}


def refused(uri: str, kind: type[GallopError]) -> str:
    """The sentence with which an address is refused, within the longest time that anybody may wait."""
    begun = time.monotonic()
    with pytest.raises(kind) as error:
        names(uri)
    assert time.monotonic() - begun < LONGEST_S
    return str(error.value)


def test_a_self_signed_certificate_is_accepted_as_mlflow_is_told(server, certificate, monkeypatch):
    with proxy(server, certificate=certificate) as proxied:
        assert "its certificate is not trusted. Name the authority's file" in refused(proxied, ServerUnreachableError)
        monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
        assert "Default" in names(proxied)
        monkeypatch.delenv("MLFLOW_TRACKING_INSECURE_TLS")
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
        assert "Default" in names(proxied)


def test_a_certificate_may_be_named_for_all_of_requests(server, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with proxy(server, certificate=certificate) as proxied:
        assert "Default" in names(proxied)


def test_contradicting_settings_of_tls_are_a_sentence(server, certificate, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
    assert "MLFLOW_TRACKING_INSECURE_TLS" in refused(server, ServerUnreachableError)


def test_user_and_password_may_stand_in_the_address(server, capfd):
    with proxy(server, user="me:hu@sh") as proxied:
        known = proxied.replace("://", "://me:hu%40sh@")
        assert "Default" in names(known)
        wrong = refused(proxied.replace("://", "://me:wrong@"), TrackingError)
        assert "401" in wrong
        assert "wrong" not in wrong
    assert "hu%40sh" not in "".join(capfd.readouterr())


def test_user_password_and_token_may_stand_in_mlflows_variables(server, monkeypatch):
    with proxy(server, user="me:hush") as proxied:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hush")
        assert "Default" in names(proxied)
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hush-token")
    with proxy(server, token="hush-token") as proxied:
        assert "Default" in names(proxied)


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_port_that_stays_silent_is_waited_for_a_few_seconds(scheme):
    with silent_port() as port:
        sentence = refused(f"{scheme}://me:hush@127.0.0.1:{port}/x", ServerUnreachableError)
    assert f"no tracking server answers at 127.0.0.1:{port}" in sentence
    assert "hush" not in sentence


def test_a_server_whose_interface_hangs_is_waited_for_half_a_minute_at_most(server):
    with proxy(server, silent="/api") as proxied:
        assert "timed out" in refused(proxied, TrackingError)


def test_a_dead_port_and_an_unknown_host_are_named():
    port = free_port()
    assert f"127.0.0.1:{port}: Connection refused" in refused(f"http://127.0.0.1:{port}", ServerUnreachableError)
    assert "nowhere.invalid:80" in refused("http://nowhere.invalid:80", ServerUnreachableError)


def test_a_server_that_starts_while_it_is_asked_is_waited_for(server):
    port = free_port()
    asking = threading.Thread(target=client.require, args=[f"http://127.0.0.1:{port}"])
    asking.start()
    time.sleep(0.7)
    with proxy(server, port=port) as proxied:
        asking.join()
        assert "Default" in names(proxied)


def test_a_registry_elsewhere_is_asked_too(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"http://me:hush@127.0.0.1:{free_port()}")
    sentence = refused(server, ServerUnreachableError)
    assert sentence.startswith("MLFLOW_REGISTRY_URI: no tracking server answers at 127.0.0.1")


@pytest.mark.parametrize(
    "uri", ["databricks", "databricks://profile", "plugin://x", "mysql+pymysql://me:hush@127.0.0.1/x"]
)
def test_an_address_that_needs_a_package_or_credentials_is_a_sentence(uri):
    assert "hush" not in refused(uri, TrackingError)


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "mlflow.db"
    copy.write_bytes(empty_database.read_bytes())
    return copy


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        (
            "bda7b8c39065",
            "the database was made by an older MLflow; back it up, then run `mlflow db upgrade sqlite:///",
        ),
        ("ffffffffffff", "the database was made by a"),
    ],
)
def test_a_database_of_another_mlflow_is_named_with_what_to_do(database, revision, sentence):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("update alembic_version set version_num = ?", (revision,))
        connection.commit()
    assert sentence in refused(f"sqlite:///{database}", TrackingError)


def test_a_locked_database_is_named_and_not_waited_for_longer_than_seconds(database):
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("begin exclusive")
        assert "locked by another process" in refused(f"sqlite:///{database}", TrackingError)


def test_a_database_that_somebody_only_writes_to_can_be_read(database):
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        client.require(f"sqlite:///{database}", writing=False)


def test_a_damaged_database_is_named_and_stays_as_it_was(database):
    database.write_bytes(b"nobody's database" * 100)
    before = database.read_bytes()
    assert "is no SQLite database, or a damaged one" in refused(f"sqlite:///{database}", TrackingError)
    assert database.read_bytes() == before


def test_a_database_where_none_can_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for uri in (f"sqlite:///{tmp_path}/file/mlflow.db", f"sqlite:///{tmp_path}"):
        refused(uri, TrackingError)


def test_a_deleted_experiment_is_named_with_the_way_back(database):
    uri = f"sqlite:///{database}"
    asked = client.connect(uri)
    number = open_experiment(asked, uri, "leads")
    assert open_experiment(asked, uri, "leads") == number
    asked.delete_experiment(number)
    with pytest.raises(TrackingError, match=f"mlflow experiments restore --experiment-id {number}`"):
        open_experiment(asked, uri, "leads")


@pytest.mark.parametrize("folder", ["a?b", "a b#[c]", "100%"])
def test_runs_of_a_project_in_a_folder_of_any_name_lie_in_it(tmp_path, empty_database, folder):
    root = tmp_path / "in" / folder
    root.mkdir(parents=True)
    (root / "mlflow.db").write_bytes(empty_database.read_bytes())
    uri = address.tracking_uri(root)
    client.require(uri)
    asked = client.connect(uri)
    run = asked.create_run(open_experiment(asked, uri, "leads"))
    asked.log_text(run.info.run_id, "hello", "note.txt")
    assert [file.path for file in asked.list_artifacts(run.info.run_id)] == ["note.txt"]
    assert sorted(path.name for path in root.iterdir()) == ["mlflow.db", "mlruns"]
    assert [path.name for path in (tmp_path / "in").iterdir()] == [folder]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
