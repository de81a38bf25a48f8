"""How fast `gallop serve` answers for one lead, next to `mlflow models serve` with the same model, in the same run.

`python -m benchmarks.serving PROJECT` needs a project after `gallop run`. Both servers run at once and are asked in
turn, round by round, over connections that stay open: one at a time for the latency, eight at once for the throughput.
"""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.machine import machine
from gallop.artifacts.bundle import load_bundle
from gallop.serving.live_model import serve_bundle

BIN = Path(sys.executable).parent
ROUNDS, ASKED, CONNECTIONS, SECONDS = 3, 200, 8, 3.0
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Server:
    """A server that answers, and a request to it."""

    port: int
    pid: int
    ready_s: float

    def connection(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def memory_mb(self) -> float:
        """Resident, of the process and its children."""
        listed = subprocess.run(["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True, check=True).stdout
        rows = [tuple(map(int, line.split())) for line in listed.splitlines()[1:]]
        family = {self.pid}
        for _ in range(4):
            family |= {pid for pid, parent, _ in rows if parent in family}
        return sum(rss for pid, _, rss in rows if pid in family) / 1024


@contextlib.contextmanager
def running(command: list[str], port: int, path: str, folder: Path) -> Iterator[Server]:
    """Start a server and wait until it answers."""
    begun = time.perf_counter()
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, env=environment, start_new_session=True)
    try:
        while True:
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                break
            if process.poll() is not None or time.perf_counter() - begun > 120:
                raise SystemExit(f"{command[0]} does not answer")
            time.sleep(0.02)
        yield Server(port, process.pid, time.perf_counter() - begun)
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def latencies(server: Server, path: str, body: bytes) -> list[float]:
    """Milliseconds of each of many requests, one after the other."""
    connection, spent = server.connection(), []
    for _ in range(ASKED):
        begun = time.perf_counter()
        ask(connection, path, body)
        spent.append(1000 * (time.perf_counter() - begun))
    return spent


def throughput(server: Server, path: str, body: bytes) -> float:
    """Requests a second over several connections."""
    counts, until = [], time.perf_counter() + SECONDS

    def client() -> None:
        connection, count = server.connection(), 0
        while time.perf_counter() < until:
            ask(connection, path, body)
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=client) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def ask(connection: http.client.HTTPConnection, path: str, body: bytes) -> None:
    """One request; anything but 200 ends the benchmark."""
    connection.request("POST", path, body, HEADERS)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")


def main() -> None:
    """Measure and print."""
    project = Path(sys.argv[1]).resolve()
    model = serve_bundle(project / "models/deployed")
    lead = model.fields.example()
    texts, _ = model.fields.read(lead)
    in_process = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        model.scorer.score([texts], [""])
        in_process.append(1000 * (time.perf_counter() - begun))
    name = load_bundle(project / "models/deployed").manifest.model
    peer = [str(BIN / "mlflow"), "models", "serve", "-m", f"models:/{name}@champion", "--env-manager", "local"]
    peer += ["--port", "8601", "--workers", "1"]
    own = [str(BIN / "gallop"), "serve", "--port", "8600", "--no-record", "--rate", "1000000"]
    os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{project / 'mlflow.db'}")
    asked = {
        "gallop /v1/score": (0, "/v1/score", json.dumps({"lead": lead}).encode()),
        "gallop /v1/explain": (0, "/v1/explain", json.dumps({"lead": lead}).encode()),
        "mlflow models serve": (1, "/invocations", json.dumps({"dataframe_records": [lead]}).encode()),
    }
    with running(own, 8600, "/ready", project) as gallop, running(peer, 8601, "/ping", project) as mlflow:
        servers = (gallop, mlflow)
        spent: dict[str, list[float]] = {name: [] for name in asked}
        rates: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(ROUNDS):
            for name, (which, path, body) in asked.items():
                spent[name] += latencies(servers[which], path, body)
                rates[name].append(throughput(servers[which], path, body))
        print(machine())
        print(f"in process, one lead with reasons: p50 {statistics.median(in_process):.2f} ms")
        for name, (which, *_) in asked.items():
            server, quantiles = servers[which], statistics.quantiles(spent[name], n=100)
            times = f"p50 {quantiles[49]:.2f} ms, p99 {quantiles[98]:.2f} ms"
            rate = f"{statistics.median(rates[name]):,.0f} requests/s over {CONNECTIONS} connections"
            print(f"{name}: {times}, {rate}, ready after {server.ready_s:.1f} s, {server.memory_mb():.0f} MB")


if __name__ == "__main__":
    main()
