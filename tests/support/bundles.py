"""Bundles that somebody has changed."""

import hashlib
import json
from pathlib import Path

from gallop.artifacts.bundle import MANIFEST
from gallop.files import digest


def resealed(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and let the manifest agree, as somebody would who may write both."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    del manifest["manifest_sha256"]
    manifest["files"][name] = digest(folder / name)
    seal = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps({"manifest_sha256": seal, **manifest}))
