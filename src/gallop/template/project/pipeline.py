"""The pipeline in containers: the same `gallop` commands as on a laptop, one exec per stage.

    dagger run python pipeline.py [--data-remote REMOTE] [--out FOLDER]

It needs `pip install dagger-io==0.21.11`. Nothing reaches the host before all stages are through, so a run that fails
leaves the previous model where it is. What needs a secret (a tracking server, a DVC remote) gets it as one: name its
variable with --secret, never its value. PIPELINE_IMAGE names another image for the stages.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
import dagger
from dagger import dag

IMAGE: Final = "python:3.12.14-bookworm@sha256:dbbe4ceb97851e2e5fa83798b239811f871cb743b259ba3563737349f6bcfaa0"
STAGES: Final = ("data-clean", "data-preprocess", "data-split", "model-training", "report", "model-selection", "deploy")
OUTPUTS: Final = ("models", "reports")
SUMMARY: Final = "reports/summary.md"
PROJECT, REMOTE = "/project", "/data-remote"


def with_packages(source: dagger.Directory) -> dagger.Container:
    """The packages of requirements.txt. They go in before the project, so the layer holds until they change."""
    named = ["requirements*", "wheels"]
    return (
        dag.container()
        .from_(os.environ.get("PIPELINE_IMAGE") or IMAGE)
        .with_mounted_cache("/root/.cache/pip", dag.cache_volume("gallop-pip"))
        .with_workdir(PROJECT)
        .with_directory(PROJECT, source.filter(include=named))
        .with_exec(["pip", "install", "-r", "requirements.txt"])
    )


def with_data(container: dagger.Container, remote: str | None) -> dagger.Container:
    """The raw data at its pin, which pulling never moves."""
    if remote and urlsplit(remote).scheme:
        container = container.with_env_variable("GALLOP_DATA_REMOTE", remote)
    elif remote:
        folder = dag.host().directory(str(Path(remote).resolve()))
        container = container.with_mounted_directory(REMOTE, folder).with_env_variable("GALLOP_DATA_REMOTE", REMOTE)
    return container.with_exec(["gallop", "data", "pull"])


async def train(source: Path, out: Path, remote: str | None, secrets: list[str]) -> None:
    """Run all stages, then put models/ and reports/ on the host."""
    project = dag.host().directory(str(source), exclude=[".git"], gitignore=True)
    container = with_packages(project).with_directory(PROJECT, project)
    for name in secrets:
        container = container.with_secret_variable(name, dag.secret(f"env://{name}"))
    container = with_data(container, remote)
    params = source / "params.yaml"
    from_events = params.is_file() and "\nevents:\n" in params.read_text(encoding="utf-8")
    for stage in ("events", *STAGES) if from_events else STAGES:
        container = container.with_exec(["gallop", stage])
    container = container.with_exec(["gallop", "show", "--markdown"], redirect_stdout=f"{PROJECT}/{SUMMARY}")
    done = await container.sync()
    for name in OUTPUTS:
        await done.directory(f"{PROJECT}/{name}").export(str(out / name))
        # The engine exports folders as 0700, for nobody else to read.
        for folder, _, _ in os.walk(out / name):
            Path(folder).chmod(0o755)


def main(arguments: list[str] | None = None) -> int:
    """Run the pipeline; returns the exit code of the stage that failed, or 0."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="All stages in containers.")
    remote = os.environ.get("GALLOP_DATA_REMOTE")
    parser.add_argument("--data-remote", default=remote, help="folder or URL of a DVC remote with the raw table")
    parser.add_argument("--out", type=Path, default=here, help="where models/ and reports/ go")
    parser.add_argument("--secret", action="append", default=[], help="name of a variable to pass on as a secret")
    options = parser.parse_args(arguments)

    async def run() -> None:
        async with dagger.connection(dagger.Config(log_output=sys.stderr)):
            await train(here, options.out.resolve(), options.data_remote, options.secret)

    try:
        anyio.run(run)
    except dagger.ExecError as error:
        # What it said is in the engine's log already, which is shown as it goes.
        print(
            f"pipeline: {' '.join(error.command)} failed with exit code {error.exit_code}, see above", file=sys.stderr
        )
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
