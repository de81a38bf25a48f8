"""Evaluates a recorded DAG in real containers, with buildah: no engine, no daemon.

Each container that somebody asks for is made from its first call on. Only what comes before the source is kept from
one test run to the next, as an image named after the contents of all that went into it: that is where the packages
are installed. Services are left to the engine, which has shown them (docs/containers.md).
"""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.pipeline.standin import folders
from tests.pipeline.standin.calls import Call, ExecError, Leaf
from tests.pipeline.standin.running import Container, buildah

LAYERS = "localhost/gallop-layer"


class Buildah:
    """A backend for a session: what the pipeline describes happens."""

    def __init__(self, images: Mapping[str, str], volumes: Mapping[str, Path]) -> None:
        """`images` says what stands for which image; `volumes` are cache volumes that outlive the session."""
        self.images, self.volumes = images, volumes
        self.containers: dict[str, Container] = {}
        self.folders: dict[str, Path] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="gallop-standin-")
        self.scratch = Path(self._scratch.name)

    def close(self) -> None:
        """Remove the containers; the layers and the given volumes stay."""
        for container in self.containers.values():
            container.remove()
        self._scratch.cleanup()

    def answer(self, leaf: Leaf, type_: str) -> Any:
        """Evaluate what the leaf stands on, then answer it."""
        match leaf.on.type, leaf.field:
            case "Container", "sync":
                self.container(leaf.on)
                return None
            case "Container", "stdout":
                return self.container(leaf.on).stdout
            case "Directory" | "File", "export":
                return folders.export(self.path(leaf.on), Path(leaf["path"]), wipe=dict(leaf.args).get("wipe", False))
            case "File", "contents":
                return self.path(leaf.on).read_text(encoding="utf-8")
        raise NotImplementedError(f"{leaf.on.type}.{leaf.field}, a {type_}")

    def path(self, call: Call) -> Path:
        """A directory or file as a path on this machine. The host's are looked at once, as the engine does."""
        if call.id not in self.folders:
            self.folders[call.id] = self._path(call)
        return self.folders[call.id]

    def _path(self, call: Call) -> Path:
        assert call.parent is not None
        match call.parent.type, call.field:
            case "Host", "directory":
                assert call.get("exclude", ()) in {(), (".git",)}, "the stand-in knows no other exclusion"
                return folders.snapshot(Path(call["path"]), self._new_folder(), gitignore=call.get("gitignore", False))
            case "Host", "file":
                return Path(call["path"])
            case "Directory", "filter":
                return folders.only(self.path(call.parent), call["include"], self._new_folder())
            case "Directory", "file":
                return self.path(call.parent) / call["path"]
            case "Container", "file" | "directory":
                return self.container(call.parent).path(call["path"])
            case "Container", "asTarball":
                return self.container(call.parent).archive(self._new_folder() / "image.tar")
        raise NotImplementedError(f"{call.parent.type}.{call.field}")

    def container(self, call: Call) -> Container:
        """A container with everything up to this call done."""
        if call.id not in self.containers:
            calls = call.chain()
            layers = [self._layer(step) for step in calls]
            kept = max((i for i, layer in enumerate(layers) if layer and _exists(layer)), default=1)
            # Of the layers that could be kept, the last one holds all others.
            worth = max((i for i, layer in enumerate(layers) if layer), default=None)
            image = layers[kept] or self._base(calls[1])
            container = Container(buildah("from", "--pull-never", image), self.scratch)
            self.containers[call.id] = container
            for i, step in enumerate(calls):
                self._surround(container, step)
                if i > kept:
                    self._change(container, step)
                if i == worth and i > kept:
                    buildah("commit", "--quiet", "--disable-compression", container.name, str(layers[i]))
        return self.containers[call.id]

    def _base(self, call: Call) -> str:
        assert call.field == "from", f"a container begins with an image, not with {call.field}"
        return self.images[call["address"]]

    def _surround(self, container: Container, call: Call) -> None:
        """What a run needs that is no part of the container's files."""
        match call.field:
            case "withMountedCache":
                volume = self.volumes.get(call["cache"]["key"], self.scratch / "volumes" / call["cache"]["key"])
                volume.mkdir(parents=True, exist_ok=True)
                container.mounts[call["path"]] = volume
            case "withMountedDirectory":
                container.mounts[call["path"]] = self.path(call["source"])
            case "withSecretVariable":
                container.secrets[call["name"]] = os.environ[call["secret"]["uri"].removeprefix("env://")]

    def _change(self, container: Container, call: Call) -> None:
        """What becomes part of the container."""
        match call.field:
            case "withEnvVariable":
                buildah("config", "--env", f"{call['name']}={call['value']}", container.name)
            case "withWorkdir":
                buildah("config", "--workingdir", call["path"], container.name)
            case "withUser":
                buildah("config", "--user", call["name"], container.name)
            case "withEntrypoint":
                buildah("config", "--entrypoint", json.dumps(call["args"]), container.name)
            case "withDefaultArgs":
                buildah("config", "--cmd", json.dumps(call["args"]), container.name)
            case "withFile":
                buildah("copy", "--quiet", container.name, str(self.path(call["source"])), call["path"])
            case "withDirectory":
                buildah("copy", "--quiet", container.name, f"{self.path(call['source'])}/.", call["path"])
            case "withExec":
                self._execute(container, call)
            case "withMountedCache" | "withMountedDirectory" | "withSecretVariable":
                pass
            case other:
                raise NotImplementedError(f"Container.{other}")

    def _execute(self, container: Container, call: Call) -> None:
        command = list(call["args"])
        code = container.execute(command)
        if code:
            raise ExecError(command, code, container.stdout, container.stderr)
        if target := call.get("redirectStdout"):
            container.path(target).write_text(container.stdout, encoding="utf-8")

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.scratch))

    def _layer(self, call: Call) -> str | None:
        """The image that holds a command and all before it; None where the source had come in by then."""
        contents = [self._contents(step) for step in call.chain()]
        if call.field != "withExec" or None in contents:
            return None
        return f"{LAYERS}:{hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:32]}"

    def _contents(self, call: Call) -> list[Any] | None:
        """A call with the contents of what it takes in; None where those are not worth a comparison."""
        args: list[Any] = []
        for name, value in call.args:
            if isinstance(value, Call) and value.type == "File":
                args.append([name, hashlib.sha256(self.path(value).read_bytes()).hexdigest()])
            elif isinstance(value, Call) and value.type == "CacheVolume":
                args.append([name, value["key"]])
            elif isinstance(value, Call):
                return None
            else:
                args.append([name, value])
        if call.field == "from":
            args.append(buildah("inspect", "--type", "image", "--format", "{{.FromImageID}}", self._base(call)))
        return [call.field, args]


def _exists(image: str) -> bool:
    return (
        subprocess.run(["buildah", "inspect", "--type", "image", image], capture_output=True, check=False).returncode
        == 0
    )
