"""One command at a time changes what is live; who is dead or asleep lets the next one in, and nobody twice."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from gallop.adapters.mlflow import client
from gallop.adapters.mlflow.registry_lock import registry_lock, server_lock
from gallop.adapters.process import own_marks
from gallop.errors import RegistryBusyError
from tests.support.dead_process import marks_of_a_dead_process

pytestmark = pytest.mark.filterwarnings("default")

Lock = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def uri(tmp_path: Path, empty_database: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(empty_database.read_bytes())
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def leave_ticket(uri: str, model: str, marks: dict[str, str]) -> None:
    """Take a ticket as another process would, and do nothing more."""
    asked = client.connect(uri)
    if not asked.search_registered_models(f"name = '{model}.lock'"):
        asked.create_registered_model(f"{model}.lock")
    tags = marks | {"gallop.owner": "another", "gallop.who": "bob@laptop"}
    asked.create_model_version(f"{model}.lock", "gallop:/lock", tags=tags)


def tickets(uri: str, model: str) -> list[str]:
    return [str(ticket.version) for ticket in client.connect(uri).search_model_versions(f"name = '{model}.lock'")]


def entered(uri: str, lock: Lock, waiters: int = 4) -> tuple[int, int]:
    """Some waiters for one lock: how many got in, and how many were in at once at most."""
    inside, most, done = 0, 0, 0
    count = threading.Lock()

    def wait() -> None:
        nonlocal inside, most, done
        with lock(uri, "leads", timeout_s=60.0):
            with count:
                inside, most = inside + 1, max(most, inside + 1)
            time.sleep(0.02)
            with count:
                inside, done = inside - 1, done + 1

    threads = [threading.Thread(target=wait) for _ in range(waiters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, most


@pytest.mark.parametrize("lock", [registry_lock, server_lock])
def test_of_four_waiters_on_a_dead_holders_lock_one_at_a_time_gets_in(uri, lock):
    leave_ticket(uri, "leads", marks_of_a_dead_process())
    assert entered(uri, lock) == (4, 1)
    assert tickets(uri, "leads") == ([] if lock is server_lock else ["1"])


@pytest.mark.parametrize("lock", [registry_lock, server_lock])
def test_a_lock_that_is_held_is_named(uri, lock):
    with lock(uri, "leads"), pytest.raises(RegistryBusyError, match=r"leads\.lock"), lock(uri, "leads", timeout_s=0.1):
        pytest.fail("two are in")
    with lock(uri, "leads", timeout_s=0.1):
        pass


def test_a_live_holders_ticket_of_another_machine_is_not_broken_while_it_is_renewed(server):
    leave_ticket(server, "renewed", {"gallop.host": "elsewhere", "gallop.pid": "1"})
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(0.2):
            client.connect(server).update_model_version("renewed.lock", "1", description="in use")

    holder = threading.Thread(target=renew)
    holder.start()
    lock = partial(server_lock, server, "renewed", stale_s=1.5)
    try:
        with pytest.raises(RegistryBusyError, match="bob@laptop has held"), lock(timeout_s=2.5):
            pytest.fail("it is held")
    finally:
        ended.set()
        holder.join()
    with lock(timeout_s=20.0):
        assert tickets(server, "renewed") == ["3"]
    assert tickets(server, "renewed") == []


def test_a_holder_renews_its_ticket_as_long_as_it_works(uri):
    asked = client.connect(uri)
    with server_lock(uri, "leads", renew_s=0.05):
        taken = asked.get_model_version("leads.lock", "1").last_updated_timestamp
        time.sleep(0.6)
        assert asked.get_model_version("leads.lock", "1").last_updated_timestamp > taken
    assert "gallop" in asked.get_registered_model("leads.lock").description


def test_a_holder_that_was_taken_for_dead_takes_no_others_ticket_away(uri):
    with server_lock(uri, "leads"):
        client.connect(uri).delete_model_version("leads.lock", "1")
        leave_ticket(uri, "leads", own_marks())
    assert tickets(uri, "leads") == ["2"]


def test_who_was_taken_for_dead_while_waiting_takes_a_new_ticket(uri):
    leave_ticket(uri, "leads", own_marks())
    asked = client.connect(uri)

    def drop() -> None:
        while "2" not in tickets(uri, "leads"):
            time.sleep(0.02)
        asked.delete_model_version("leads.lock", "2")
        time.sleep(0.3)
        asked.delete_model_version("leads.lock", "1")

    dropping = threading.Thread(target=drop)
    dropping.start()
    with server_lock(uri, "leads", timeout_s=30.0):
        assert tickets(uri, "leads") == ["3"]
    dropping.join()
