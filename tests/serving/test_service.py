"""The service as its callers meet it: real processes, real sockets."""

import concurrent.futures
import itertools
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gallop
from tests.support.checkouts import Checkout
from tests.support.service import RunningService, deploy_copy, point_at, served, served_with_limits

LEAD = {
    "lead_id": "x1",
    "source": "signup",
    "customer_group": "3",
    "onboarding": True,
    "purchases": 4,
    "time_spent": 80.1,
    "n_visits": 19,
}
CANARY = "canary-7f3a"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def project(sample_run: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project with a deployed model."""
    return sample_run.copy(tmp_path_factory.mktemp("served") / "project")


@pytest.fixture(scope="module")
def service(project: Checkout) -> Iterator[RunningService]:
    """Its service, as `gallop serve` starts it."""
    with served(project.folder, log=project.folder / "serve.log") as running:
        yield running


@pytest.fixture(scope="module")
def client(service: RunningService) -> Iterator[httpx.Client]:
    """A client of the service."""
    with service.client() as connected:
        yield connected


def test_leads_get_the_scores_that_the_batch_gives_them(client: httpx.Client, project: Checkout) -> None:
    table = pd.read_csv(project.folder / "data/raw/sample.csv", nrows=1500)
    leads = table[table["source"] == "signup"].dropna(subset=["onboarding"]).head(200)
    scored = gallop.score(leads, gallop.load_bundle(project.folder / "models/deployed")).ranked.set_index("lead_id")
    rows = json.loads(leads.astype({"customer_group": "Int64"}).to_json(orient="records"))
    for row in rows:
        row["customer_group"] = None if row["customer_group"] is None else str(row["customer_group"])
        row["onboarding"] = str(row["onboarding"]) == "True"
    answer = client.post("/v1/explain", json={"leads": rows}).raise_for_status().json()
    assert answer["model_version"] == "1"
    assert len(answer["scores"]) == len(scored) > 50
    assert any(score["held_out"] for score in answer["scores"])
    for score in answer["scores"]:
        batch = scored.loc[score["id"]]
        for name in ("probability", "band", "decision", "held_out"):
            assert score[name] == batch[name]
        assert "; ".join(reason["words"] for reason in score["reasons"]) == batch["reasons"]
        assert score["base"] + sum(score["contributions"].values()) == pytest.approx(score["log_odds"], abs=1e-9)
    assert [score["index"] for score in answer["scores"]] == sorted(score["index"] for score in answer["scores"])


def test_a_rejected_lead_is_a_problem_alone_and_an_entry_among_others(client: httpx.Client) -> None:
    below = LEAD | {"n_visits": -3}
    alone = client.post("/v1/score", json={"lead": below})
    assert alone.status_code == 422
    assert alone.headers["content-type"] == "application/problem+json"
    assert alone.json()["errors"] == [
        {"pointer": "/lead/n_visits", "detail": "accepted is 0.0 or more", "rule": "n_visits_below_minimum"}
    ]
    both = client.post("/v1/score", json={"leads": [below, LEAD]}).raise_for_status().json()
    assert [score["index"] for score in both["scores"]] == [1]
    assert [(lead["index"], lead["errors"][0]["pointer"]) for lead in both["rejected"]] == [(0, "/leads/0/n_visits")]


@pytest.mark.parametrize("field", [*LEAD])
@pytest.mark.parametrize("value", [CANARY, [CANARY], {CANARY: CANARY}, CANARY * 3000])
def test_no_value_comes_back_in_an_error(client: httpx.Client, field: str, value: object) -> None:
    for body in ({"lead": LEAD | {field: value}}, {"leads": [LEAD, LEAD | {field: value}]}):
        answer = client.post("/v1/score", json=body)
        assert answer.status_code in ({200, 422} if field == "lead_id" else {200, 422} if "leads" in body else {422})
        if answer.status_code == 422:
            assert CANARY not in answer.text
            assert field in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"lead": {"n_visits": NaN}}',
        b'{"lead": {"n_visits": -Infinity}}',
        b'{"lead": {"n_visits": 1e999}}',
        b'{"lead": {"source": "\\ud800"}}',
        b'{"lead": {"source": "\xff"}}',
        b"[" * 100_000,
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"lead": {}, "leads": []}',
        b'{"leads": []}',
        b'{"leads": [1]}',
        b'{"lead": null}',
    ],
)
def test_json_is_strict(client: httpx.Client, body: bytes) -> None:
    assert client.post("/v1/score", content=body, headers=JSON).status_code == 422


NAMES = st.sampled_from(["lead", "leads", "inputs", "name", "data", *LEAD])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
)


@given(body=st.binary(max_size=400) | ANY_JSON.map(lambda content: json.dumps(content).encode()))
@settings(max_examples=150)
def test_whatever_comes_is_answered_without_a_5xx(client: httpx.Client, body: bytes) -> None:
    for route in ("/v1/score", "/v1/explain", "/v2/models/lead_model/infer"):
        assert client.post(route, content=body, headers=JSON).status_code < 500


def schemathesis(url: str, examples: int, folder: Path, *options: str) -> None:
    """Ask what the OpenAPI allows and what it does not; every check of schemathesis must hold."""
    command = [Path(sys.executable).with_name("st"), "run", f"{url}/openapi.json", "--no-color", *options]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--generation-deterministic"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("examples", [5, pytest.param(300, marks=pytest.mark.slow)])
def test_each_route_keeps_to_its_openapi(service: RunningService, examples: int, tmp_path: Path) -> None:
    schemathesis(service.url, examples, tmp_path, "--exclude-path-regex", "infer")
    # What one tensor may be depends on another, which a schema does not say.
    infer = ("--include-path-regex", "infer", "--exclude-checks", "positive_data_acceptance")
    schemathesis(service.url, examples, tmp_path, *infer)


def test_more_than_ten_thousand_leads_and_other_types_are_refused(client: httpx.Client) -> None:
    assert client.post("/v1/score", json={"leads": [{}] * 10_001}).status_code == 422
    assert client.post("/v1/score", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert client.get("/v1/score").status_code == 405
    assert client.get("/nothing").json()["status"] == 404
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 421
    assert client.post("/v1/score", json={"lead": LEAD}, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_huge_bodies_are_refused_without_being_kept(service: RunningService, client: httpx.Client) -> None:
    size, chunk = 300_000_000, b"x" * 1_000_000
    before = service.resident_mb()

    def chunks() -> Iterator[bytes]:
        for _ in range(size // len(chunk)):
            yield chunk

    assert client.post("/v1/score", content=chunks(), headers=JSON).status_code == 413
    declared = JSON | {"content-length": str(size)}
    assert client.post("/v1/score", content=chunks(), headers=declared).status_code == 413
    assert service.resident_mb() - before < 20


def test_every_answer_has_the_security_headers(client: httpx.Client) -> None:
    for route in ("/health", "/nothing", "/v1/model"):
        headers = client.get(route).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_the_openapi_has_the_schema_of_this_model_and_an_example_that_scores(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["Lead"]["properties"]["source"] == {"enum": ["signup"]}
    assert schemas["Lead"]["properties"]["n_visits"]["minimum"] == 0
    assert client.post("/v1/score", json=schemas["LeadsAsked"]["example"]).status_code == 200
    assert client.post("/v2/models/lead_model/infer", json=schemas["InferAsked"]["example"]).status_code == 200
    model = client.get("/v1/model").json()
    assert model["lead_schema"] == schemas["Lead"]
    assert model["card"].startswith("#")


def test_the_open_inference_protocol_gives_the_same_scores(client: httpx.Client) -> None:
    assert client.get("/v2/health/ready").json() == {"ready": True}
    metadata = client.get("/v2/models/lead_model").json()
    leads = [LEAD, LEAD | {"n_visits": None}]
    inputs = [
        {**tensor, "shape": [2], "data": [lead[tensor["name"]] for lead in leads]} for tensor in metadata["inputs"]
    ]
    wanted = {"id": "42", "inputs": inputs, "outputs": [{"name": "probability"}]}
    answer = client.post("/v2/models/lead_model/versions/1/infer", json=wanted).raise_for_status().json()
    own = client.post("/v1/score", json={"leads": leads}).json()["scores"]
    assert answer["id"] == "42"
    assert answer["outputs"] == [
        {"name": "probability", "datatype": "FP64", "shape": [2], "data": [score["probability"] for score in own]}
    ]
    missing = client.post("/v2/models/other/infer", json=wanted)
    assert missing.status_code == 404
    assert missing.json()["error"] == missing.json()["detail"]
    # As the public client of the protocol (tritonclient) sends it.
    untyped = client.post("/v2/models/lead_model/infer", content=json.dumps(wanted).encode())
    assert untyped.json() == answer


def test_counters_and_log_hold_no_value(service: RunningService, client: httpx.Client) -> None:
    canaries = LEAD | {"lead_id": CANARY, "name": CANARY, "source": CANARY}
    client.post(f"/v1/score?{CANARY}", json={"leads": [canaries, LEAD]})
    client.get(f"/{CANARY}")
    counters = client.get("/metrics").text
    assert 'gallop_model_info{name="lead_model",version="1"} 1.0' in counters
    assert 'gallop_rejected_leads_total{field="source",rule="source_unknown"}' in counters
    assert CANARY not in counters
    assert CANARY not in service.log.read_text()


def test_at_its_end_the_service_answers_what_has_begun_and_writes_down_what_it_has_scored(
    project: Checkout, tmp_path: Path
) -> None:
    mine = project.copy(tmp_path / "project")
    shutil.rmtree(mine.folder / "data/monitoring", ignore_errors=True)
    many = [LEAD | {"lead_id": f"m{index}", "n_visits": index % 30} for index in range(10_000)]
    with (
        served(mine.folder, log=tmp_path / "log") as running,
        concurrent.futures.ThreadPoolExecutor() as pool,
        running.client() as asking,
    ):
        asking.post("/v1/score", json={"leads": [LEAD, LEAD | {"lead_id": "x2"}, LEAD | {"lead_id": None}]})
        time.sleep(1.6)
        assert "gallop_recorded_leads 2.0" in asking.get("/metrics").text
        asked = pool.submit(asking.post, "/v1/explain", json={"leads": many})
        time.sleep(0.4)
        assert running.stop() == 0
        answer = asked.result()
    assert len(answer.raise_for_status().json()["scores"]) == len(many)
    parts = sorted((mine.folder / "data/monitoring/scores").glob("*.parquet"))
    recorded = pl.concat([pl.read_parquet(path) for path in parts])
    assert len(recorded) == len(many) + 2
    assert not {"x1", "x2", "m0"} & {*recorded["lead"]}
    assert json.loads(recorded.sort("scored_at")["inputs"][0])["n_visits"] == "19"
    assert {*recorded["model_version"]} == {"1"}


def test_what_a_person_should_know_about_a_dropped_file_is_told(client: httpx.Client) -> None:
    lines = [",".join(LEAD), *(f"L{number},signup,3,true,,80.1,{number}" for number in range(20))]
    headers = {"content-type": "application/octet-stream", "x-file-name": "%2Fa%20b.csv"}
    opened = client.post("/page/lists", content="\n".join([*lines, ""]), headers=headers).raise_for_status()
    until = time.monotonic() + 30
    while (state := client.get(f"/page/lists/{opened.json()['list']}").json())["state"] == "scoring":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert (state["name"], state["leads"]) == ("a b.csv", 20)
    assert state["remarks"] == ["20 leads: purchases empty; scored all the same"]
    assert client.get("/page/lists/another").status_code == 404
    assert client.post("/page/lists", content=b"a", headers=JSON).status_code == 415


def test_a_deployment_is_followed_without_a_lost_request(project: Checkout, tmp_path: Path) -> None:
    deployed = project.copy(tmp_path / "project").folder / "models/deployed"
    folders = [deployed.resolve(), deploy_copy(deployed, "2")]
    point_at(deployed, folders[0])
    stop, seen = threading.Event(), []

    def ask(running: RunningService) -> None:
        with running.client() as mine:
            while not stop.is_set():
                answer = mine.post("/v1/score", json={"lead": LEAD})
                seen.append((answer.status_code, answer.json().get("model_version")))

    with served_with_limits(deployed, log=tmp_path / "log") as running:
        threads = [threading.Thread(target=ask, args=(running,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        with running.client() as mine:
            for folder, version in itertools.islice(itertools.cycle(zip(folders[::-1], "21", strict=True)), 4):
                point_at(deployed, folder)
                until = time.monotonic() + 30
                while mine.get("/ready").json()["model_version"] != version:
                    assert time.monotonic() < until
                    time.sleep(0.05)
            # A damaged bundle changes nothing.
            broken = deploy_copy(deployed, "3")
            (broken / "live").rename(broken / "gone")
            time.sleep(1.5)
            assert mine.get("/ready").json()["model_version"] in {"1", "3"}
            assert 'gallop_model_swaps_total{outcome="refused"}' in mine.get("/metrics").text
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in seen} == {200}
    assert {"1", "2"} <= {version for _, version in seen}


def test_slow_senders_are_let_go_and_cost_others_nothing(project: Checkout, tmp_path: Path) -> None:
    limits = {"header_s": 1.0, "body_s": 1.0}
    with served_with_limits(project.folder / "models/deployed", log=tmp_path / "log", **limits) as running:
        host, port = running.url.removeprefix("http://").split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(300)]
        for index, connection in enumerate(slow):
            request = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            connection.sendall(request if index % 2 else request + b"Content-Length: 500\r\n\r\n{")
        with running.client() as mine:
            assert [mine.post("/v1/score", json={"lead": LEAD}).status_code for _ in range(20)] == [200] * 20
        for connection in slow:
            connection.settimeout(15)
            answered = b"".join(iter(lambda link=connection: _received(link), b""))
            assert answered == b"" or answered.startswith(b"HTTP/1.1 408")
            connection.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


@pytest.fixture(scope="module")
def key(project: Checkout) -> str:
    """A key of the guarded service."""
    return project.gallop("keys", "add", "crm").splitlines()[0]


@pytest.fixture(scope="module")
def guarded(project: Checkout, key: str) -> Iterator[RunningService]:  # noqa: ARG001
    """A service that asks for keys."""
    with served(project.folder, "--keys", log=project.folder / "keys.log") as running:
        yield running


def test_every_route_but_health_is_denied_without_a_key(key: str, guarded: RunningService) -> None:
    with guarded.client() as mine:
        paths = mine.get("/openapi.json", headers={"x-api-key": key}).json()["paths"]
        statuses = {
            (method, path): mine.request(method, path.format(name="lead_model", wanted="1")).status_code
            for path, methods in paths.items()
            for method in methods
        }
        assert mine.get("/", headers={"x-api-key": "ü".encode("latin-1")}).status_code == 401
        assert mine.get("/nothing").status_code == 401
    assert statuses.pop(("get", "/health")) == 200
    assert set(statuses.values()) == {401}


def test_a_key_comes_as_bearer_header_or_password(key: str, guarded: RunningService) -> None:
    with guarded.client() as mine:
        assert mine.get("/ready", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert mine.get("/ready", auth=("anyone", key)).status_code == 200
        assert mine.get("/ready", auth=("anyone", key[:-1])).status_code == 401
        assert mine.get("/ready", headers={"authorization": "Basic %%%"}).status_code == 401


def test_two_keys_of_a_name_live_side_by_side_until_one_is_revoked(
    key: str, guarded: RunningService, project: Checkout
) -> None:
    second = project.gallop("keys", "add", "crm").splitlines()[0]
    assert "has 2 keys already" in project.gallop("keys", "add", "crm", code=3)
    first_id = project.gallop("keys", "list").split()[0]
    stored = (project.folder / ".gallop/keys.json").read_text()
    assert key not in stored
    with guarded.client() as mine:
        time.sleep(1.1)
        assert {mine.get("/ready", headers={"x-api-key": given}).status_code for given in (key, second)} == {200}
        project.gallop("keys", "revoke", first_id)
        time.sleep(1.5)
        assert mine.get("/ready", headers={"x-api-key": key}).status_code == 401
        assert mine.get("/ready", headers={"x-api-key": second}).status_code == 200
    assert "is no key's id" in project.gallop("keys", "revoke", first_id, code=3)


def test_an_address_that_others_reach_needs_a_key(little: Checkout) -> None:
    assert "a key is needed and there is none" in little.gallop("serve", "--host", "0.0.0.0", code=3)
    assert "belong together" in little.gallop("serve", "--key", "params.yaml", code=3)


def test_another_project_has_another_schema_and_no_other_code(little: Checkout, tmp_path: Path) -> None:
    with served(little.folder, log=tmp_path / "log") as running, running.client() as mine:
        schemas = mine.get("/openapi.json").json()["components"]["schemas"]
        assert "n_visits" not in schemas["Lead"]["properties"]
        assert mine.post("/v1/score", json=schemas["LeadsAsked"]["example"]).status_code == 200


def test_a_port_that_is_taken_is_a_sentence(little: Checkout, service: RunningService) -> None:
    port = service.url.rpartition(":")[2]
    assert "address already in use" in little.gallop("serve", "--port", port, code=3)
