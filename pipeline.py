"""The pipeline in containers: the same `gallop` commands as on a laptop, one exec per stage.

    dagger run python pipeline.py [check | test | train | validate | image] [options]

The steps are in containers/steps.py; here is what a person can call. Nothing reaches the host before all stages are
through, so a run that fails leaves the previous model where it is. docs/containers.md explains the options.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import dagger
from containers import steps
from dagger import dag

from gallop.errors import GallopError, MissingOutputError, SettingsError, StageError
from gallop.stages import STAGES

HERE: Final = Path(__file__).resolve().parent
OUTPUTS: Final = ("models", "reports")
SERVED: Final = ["src", "pyproject.toml", "README.md", "LICENSE", "params.yaml"]


@dataclass(frozen=True)
class Options:
    """What a person can choose."""

    function: str
    source: Path
    out: Path
    data_remote: str | None
    tracking: str | None
    secrets: list[str]
    tarball: Path
    push: str | None


async def make(options: Options) -> None:
    """Run the Makefile's verb of the same name: `check` or `test`."""
    ready = steps.with_repository(project(options))
    print(await output(ready.with_exec(steps.verb(options.function))))


async def train(options: Options) -> None:
    """Run all stages, then put models/ and reports/ on the host."""
    ready = project(options)
    data = steps.with_data(ready, options.data_remote)
    if options.tracking == "server":
        data = steps.with_bound_tracking(data, ready)
    elif options.tracking:
        data = steps.with_tracking(data, options.tracking)
    done = await evaluated(steps.with_stages(data))
    await export(done, options.out)
    print(await done.file(steps.SUMMARY).contents())


async def validate(options: Options) -> None:
    """Hold the host's model.pkl to its contract, in a container of its own."""
    model = options.out / "models" / "model.pkl"
    if not model.is_file():
        raise MissingOutputError(f"{model}: no model there; `pipeline.py train` makes one")
    judged = project(options).with_file("/tmp/model.pkl", dag.host().file(str(model)))
    print(await output(judged.with_exec(["gallop", "validate", "/tmp/model.pkl", "--isolated"])))


async def pack(options: Options) -> None:
    """Pack the deployed bundle with what it takes to score, as an OCI archive; push it only where told to."""
    deployed = options.out / "models" / "deployed"
    if not deployed.is_dir():
        raise MissingOutputError(f"{deployed}: nothing is deployed there; `pipeline.py train` does it")
    source = host_source(options)
    base = steps.with_openmp(dag.container().from_(steps.image("serving")))
    tools = steps.with_packages(base, source.file("containers/scoring.lock"))
    scorer = steps.with_project(tools, source.filter(include=SERVED))
    packed = await evaluated(steps.with_bundle(scorer, dag.host().directory(str(deployed.resolve()))))
    options.tarball.parent.mkdir(parents=True, exist_ok=True)
    await packed.as_tarball().export(str(options.tarball))
    options.tarball.chmod(0o644)
    print(f"image: {options.tarball}")
    if options.push:
        print(f"pushed: {await packed.publish(options.push)}")


FUNCTIONS: Final[dict[str, Callable[[Options], Coroutine[Any, Any, None]]]] = {
    "check": make,
    "test": make,
    "train": train,
    "validate": validate,
    "image": pack,
}


def host_source(options: Options) -> dagger.Directory:
    """The source folder without what Git ignores, and without Git's own folder."""
    return dag.host().directory(str(options.source), exclude=[".git"], gitignore=True)


def project(options: Options) -> dagger.Container:
    """The project, installed and ready for any of its commands."""
    source = host_source(options)
    base = dag.container().from_(steps.image("python"))
    tools = steps.with_packages(base, source.file("requirements.lock"))
    ready = steps.with_commit(steps.with_project(tools, source), commit_of(options.source))
    return steps.with_secrets(ready, options.secrets)


def commit_of(source: Path) -> str | None:
    """The commit of the source, with `-dirty` where tracked files differ from it; None without Git."""
    describe = ["git", "-C", str(source), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(describe, capture_output=True, text=True, check=False).stdout.strip() or None
    return None


async def evaluated(container: dagger.Container) -> dagger.Container:
    """Run all that is described.

    Raises:
        StageError: with the stage and its exit code. What the stage said is in the engine's log, which is shown as it
            goes; said here again, each message would come twice.
    """
    try:
        return await container.sync()
    except dagger.ExecError as error:
        stages = {tuple(steps.command(stage)): f"stage {stage}" for stage in STAGES}
        what = stages.get(tuple(error.command), " ".join(error.command))
        message = f"{what} failed with exit code {error.exit_code}, see above; models/ and reports/ are as they were"
        raise StageError(message, error.exit_code) from None


async def output(container: dagger.Container) -> str:
    """What the last command wrote."""
    return await (await evaluated(container)).stdout()


async def export(done: dagger.Container, out: Path) -> None:
    """Replace the host's outputs, which arrive beside their place first: a transfer that breaks off costs nothing."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pipeline-", dir=out) as arrived:
        for name in OUTPUTS:
            await done.directory(name).export(str(Path(arrived, name)), wipe=True)
            open_folders(Path(arrived, name))
        for name in OUTPUTS:
            if (out / name).exists():
                (out / name).rename(Path(arrived, f"previous-{name}"))
            Path(arrived, name).rename(out / name)


def open_folders(folder: Path) -> None:
    """Give folders the mode they had in the container, 0755: the engine exports them as 0700."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o755)


def parse(arguments: list[str]) -> Options:
    """Read and check the command line. Raises `SettingsError`."""
    parser = argparse.ArgumentParser(prog="pipeline.py", description=__doc__.splitlines()[0])
    option = parser.add_argument
    option("function", nargs="?", choices=FUNCTIONS, default="train")
    option("--source", type=absolute, default=HERE, help="folder of the project (default: this one)")
    option("--out", type=absolute, help="folder that gets models/ and reports/ (default: the source)")
    option("--data-remote", metavar="REMOTE", help="DVC remote to pull from first: a folder or an address")
    option("--tracking", metavar="SERVER", help="`server` for one of our own, or an MLflow server's address")
    option("--secret", dest="secrets", action="append", default=[], metavar="NAME", help="variable to hand on")
    option("--tarball", type=absolute, default="dist/gallop-image.tar", help="where `image` writes its archive")
    option("--push", metavar="ADDRESS", help="registry address that `image` pushes to")
    given = parser.parse_args(arguments)
    for name in ("tracking", "data_remote"):
        if urlsplit(getattr(given, name) or "").password:
            shown = name.replace("_", "-")
            raise SettingsError(f"--{shown}: holds a password, which would be recorded; use --secret NAME")
    if unset := [name for name in given.secrets if name not in os.environ]:
        raise SettingsError(f"--secret {unset[0]}: the environment has no variable of that name")
    given.out = given.out or given.source
    return Options(**vars(given))


def absolute(path: str) -> Path:
    """A path that stays right whatever folder the engine's client runs in."""
    return Path(path).resolve()


async def call(options: Options) -> None:
    """Call one function in a session with Dagger's engine."""
    async with dagger.connection(dagger.Config(log_output=sys.stderr)):
        await FUNCTIONS[options.function](options)


def main(arguments: list[str]) -> int:
    """Run; gives the exit code, which is the failing command's own where one failed."""
    try:
        anyio.run(call, parse(arguments))
    except GallopError as error:
        print(f"pipeline: {error}", file=sys.stderr)
        return error.exit_code
    except dagger.DaggerError as error:
        print(f"pipeline: Dagger: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
