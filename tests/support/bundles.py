"""Bundles that somebody has changed."""

from pathlib import Path

from gallop.artifacts import bundle
from gallop.files import digest


def resealed(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and let the manifest agree, as somebody would who may write both."""
    (folder / name).write_bytes(content)
    manifest = bundle.read_manifest(folder)
    files = dict(manifest.files) | {name: digest(folder / name)}
    bundle.write_manifest(folder, manifest.model_copy(update={"files": files}))
