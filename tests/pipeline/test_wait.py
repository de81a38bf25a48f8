"""Waiting for a service, beside real servers on this machine."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from containers import wait

from gallop.errors import ServerUnreachableError


class Starting(BaseHTTPRequestHandler):
    """Answers 503 until its server is ready, as MLflow behind an open port does."""

    def do_GET(self) -> None:
        self.send_response(200 if time.monotonic() > self.server.ready_at else 503)  # ty: ignore[unresolved-attribute]
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 named so by the base class
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Starting)
    server.ready_at = time.monotonic() + 1.0  # ty: ignore[unresolved-attribute]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_answers_only_after_a_while_is_waited_for(server: ThreadingHTTPServer) -> None:
    assert wait.wait(f"http://127.0.0.1:{server.server_port}/health", 20.0) is None
    assert time.monotonic() > server.ready_at  # ty: ignore[unresolved-attribute]


def test_a_server_that_never_gets_ready_ends_at_the_deadline_with_its_answer(server: ThreadingHTTPServer) -> None:
    server.ready_at = float("inf")  # ty: ignore[unresolved-attribute]
    begin = time.monotonic()
    assert "503" in (wait.wait(f"http://127.0.0.1:{server.server_port}/health", 1.2) or "")
    assert time.monotonic() - begin < 3.0


def test_nobody_there_is_a_sentence_and_the_code_of_an_unreachable_server() -> None:
    command = [sys.executable, wait.__file__, "http://127.0.0.1:9/health", "0.7"]
    waited = subprocess.run(command, capture_output=True, text=True, check=False)
    assert waited.returncode == ServerUnreachableError.exit_code == wait.UNREACHABLE
    assert waited.stderr.startswith("http://127.0.0.1:9/health: does not answer within 0.7 s: ")
    assert "Traceback" not in waited.stderr
