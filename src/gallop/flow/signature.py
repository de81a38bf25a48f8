"""Signing what was trained, and refusing what is not signed as the settings ask."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallop.flow.project import Project

if TYPE_CHECKING:
    from gallop.artifacts.bundle import Bundle

SIGNING_KEY_VARIABLE: Final = "GALLOP_SIGNING_KEY"
"""Names the file of the private key; where it is not set, nothing is signed."""


def sign_candidate(project: Project) -> None:
    """Sign the candidate where there is a key. Raises `SignatureError`, `MissingLibraryError`."""
    if key := os.environ.get(SIGNING_KEY_VARIABLE, "").strip():
        from gallop.adapters.model_signing import sign_bundle

        sign_bundle(project.paths.candidate, Path(key).expanduser())


def require_signature(project: Project, folder: Path) -> None:
    """Check a bundle's signature where the settings name a key. Raises `SignatureError`, `MissingLibraryError`."""
    if key := project.settings.signing.public_key:
        from gallop.adapters.model_signing import verify_signature

        verify_signature(folder, project.paths.root / key)


def load_deployed(project: Project) -> "Bundle":
    """The model that is live, its signature checked, its files verified. Raises as both."""
    from gallop.artifacts.bundle import load_bundle

    require_signature(project, project.paths.deployed)
    return load_bundle(project.paths.deployed)
