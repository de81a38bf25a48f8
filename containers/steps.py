"""The steps of the pipeline: each takes a container and gives a container.

Nothing here runs: Dagger evaluates a container when somebody asks for a result, and keeps every layer whose inputs
did not change. The order of the steps is therefore the order of how seldom their inputs change.
"""

import os
import re
import uuid
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import dagger
from dagger import dag

from gallop.stages import COMMANDS

PROJECT: Final = "/project"
VENV: Final = "/opt/venv"
USER, KEYS = "10001", "/keys"
"""Who the serving image runs as, and where its API keys are."""
DATA_REMOTE: Final = "/data-remote"
SUMMARY: Final = "reports/summary.md"
TRACKING_PORT: Final = 5000
POSTGRES_PORT: Final = 5432
QUIET: Final = ("--uvicorn-opts", "--no-access-log")
"""A line for each request would bury what the stages say."""
SERVER_START_S: Final = 180
"""How long MLflow may take until it answers; on a new database it makes all tables first."""

Container = dagger.Container


def image_variable(name: str) -> str:
    """The variable that overrides a pinned image: PIPELINE_IMAGE for that of the stages, PIPELINE_IMAGE_<NAME> else."""
    return "PIPELINE_IMAGE" if name == "python" else f"PIPELINE_IMAGE_{name.upper()}"


def image(name: str) -> str:
    """The image pinned under this name, or the one that its variable names instead."""
    pins = Path(__file__).with_name("images.Dockerfile").read_text(encoding="utf-8")
    pinned = {alias: image for image, alias in re.findall(r"^FROM (\S+) AS (\w+)$", pins, re.MULTILINE)}
    return os.environ.get(image_variable(name)) or pinned[name]


def command(stage: str) -> list[str]:
    """The command that runs a stage, here as on a laptop."""
    return ["gallop", stage.replace("_", "-")]


def verb(name: str) -> list[str]:
    """The command that runs a verb of the Makefile, with the packages that are installed already."""
    return ["make", "--old-file=.venv/ready", f"BIN={VENV}/bin", name]


def with_openmp(container: Container) -> Container:
    """The library that LightGBM takes from the system, which slim images lack."""
    install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1"
    return container.with_exec(["sh", "-c", f"{install} && rm -rf /var/lib/apt/lists/*"])


def with_packages(container: Container, lock: dagger.File) -> Container:
    """The locked packages. The lock goes in before the source, so the layer holds until the lock changes."""
    return (
        container.with_mounted_cache("/root/.cache/pip", dag.cache_volume("gallop-pip"))
        .with_exec(["python3", "-m", "venv", VENV])
        .with_env_variable("VIRTUAL_ENV", VENV)
        .with_env_variable("PATH", f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin")
        .with_workdir(PROJECT)
        .with_file(f"{PROJECT}/requirements.lock", lock)
        # The lock as constraints too: an older pip looks for the newest `gql[httpx]` beside the pinned `gql`.
        .with_exec(["pip", "install", "--require-hashes", "-r", "requirements.lock", "-c", "requirements.lock"])
    )


def with_project(container: Container, source: dagger.Directory) -> Container:
    """The project itself, installed without asking any index for anything."""
    install = ["pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "."]
    return container.with_directory(PROJECT, source).with_exec(install)


def with_commit(container: Container, commit: str | None) -> Container:
    """Which commit is trained. Git's own folder stays outside, with whatever its configuration holds."""
    return container.with_env_variable("GALLOP_COMMIT", commit) if commit else container


def with_secrets(container: Container, names: list[str]) -> Container:
    """Variables of the host as secrets: the engine fetches each value, so no query, layer or log holds it."""
    for name in names:
        container = container.with_secret_variable(name, dag.secret(f"env://{name}"))
    return container


def with_data(container: Container, remote: str | None) -> Container:
    """The raw data at its pin. A cached pull is as good as a new one, because pulling never moves the pin."""
    if remote and urlsplit(remote).scheme:
        container = container.with_env_variable("GALLOP_DATA_REMOTE", remote)
    elif remote:
        folder = dag.host().directory(str(Path(remote).resolve()))
        container = container.with_mounted_directory(DATA_REMOTE, folder)
        container = container.with_env_variable("GALLOP_DATA_REMOTE", DATA_REMOTE)
    return container.with_exec(["gallop", "data", "pull"])


def with_tracking(container: Container, address: str) -> Container:
    """A tracking server. What it holds is no input that a cache could know, so every call runs the stages anew."""
    return container.with_env_variable("MLFLOW_TRACKING_URI", address).with_env_variable(
        "PIPELINE_RUN", uuid.uuid4().hex
    )


def with_bound_tracking(container: Container, tools: Container) -> Container:
    """A tracking server of our own, which only this session can reach; `tools` has the packages.

    The engine looks at its port alone, which is open before the server answers: the first command waits for /health.
    """
    address = f"http://mlflow:{TRACKING_PORT}"
    bound = with_tracking(container.with_service_binding("mlflow", tracking_server(tools)), address)
    return bound.with_exec(["python", "containers/wait.py", f"{address}/health", str(SERVER_START_S)])


def with_repository(container: Container) -> Container:
    """The source as a Git repository of one commit: tests ask Git what belongs to the project."""
    git = "git -c user.name=pipeline -c user.email=pipeline@localhost"
    commit = f"git init --quiet && git add --all && {git} commit --quiet --message source"
    return container.with_exec(["sh", "-c", commit])


def with_stages(container: Container) -> Container:
    """Every stage, one exec each, then the summary of what came out."""
    for stage in COMMANDS:
        container = container.with_exec(command(stage))
    return container.with_exec(["gallop", "show", "--markdown"], redirect_stdout=f"{PROJECT}/{SUMMARY}")


def with_bundle(container: Container, bundle: dagger.Directory) -> Container:
    """The deployed bundle in its usual place, and `gallop` as the program, for a user without rights; it serves unless
    told otherwise. The keys lie in a folder of that user's, for a volume to take its owner from."""
    return (
        container.with_directory(f"{PROJECT}/models/deployed", bundle)
        .with_exec(["install", "-d", "-m", "700", "-o", USER, "-g", USER, KEYS])
        .with_user(f"{USER}:{USER}")
        .with_entrypoint(["gallop"])
        .with_default_args(["serve", "--host", "0.0.0.0", "--no-record", "--keys-file", f"{KEYS}/keys.json"])
    )


def tracking_server(tools: Container) -> dagger.Service:
    """MLflow's server on PostgreSQL. Both keep their state in cache volumes, from one run to the next."""
    server = ["mlflow", "server", "--host", "0.0.0.0", "--port", str(TRACKING_PORT), "--workers", "1"]
    server += ["--backend-store-uri", f"postgresql+psycopg://mlflow@postgres:{POSTGRES_PORT}/mlflow"]
    server += ["--artifacts-destination", "/artifacts", "--allowed-hosts", f"mlflow:{TRACKING_PORT}"]
    server += QUIET
    return (
        tools.with_service_binding("postgres", postgres_server())
        .with_env_variable("MLFLOW_DISABLE_TELEMETRY", "true")
        .with_mounted_cache("/artifacts", dag.cache_volume("gallop-artifacts"))
        .with_exposed_port(TRACKING_PORT)
        .as_service(args=server)
    )


def postgres_server() -> dagger.Service:
    """PostgreSQL with one database. Locked, so that two runs at once never open the same files."""
    one_at_a_time = dagger.CacheSharingMode.LOCKED
    return (
        dag.container()
        .from_(image("postgres"))
        .with_env_variable("POSTGRES_USER", "mlflow")
        .with_env_variable("POSTGRES_DB", "mlflow")
        # No password: the network belongs to this session, and a secret that guards nothing can only leak.
        .with_env_variable("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_mounted_cache("/var/lib/postgresql/data", dag.cache_volume("gallop-postgres"), sharing=one_at_a_time)
        .with_exposed_port(POSTGRES_PORT)
        .as_service(use_entrypoint=True)
    )
