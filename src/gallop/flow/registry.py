"""The project's registry, who acts on it from here, and what this project remembers of its history."""

import json
from typing import TYPE_CHECKING

from gallop.adapters.mlflow import address
from gallop.adapters.process import who
from gallop.artifacts.lineage import Lineage
from gallop.files import write_text
from gallop.flow.project import Project
from gallop.results.history import Author, utc_now

if TYPE_CHECKING:
    from gallop.adapters.mlflow.registry import MlflowRegistry

_HEADS = "history.json"


def open_registry(project: Project) -> "MlflowRegistry":
    """The registry of a project's model. Nothing is asked of it yet."""
    from gallop.adapters.mlflow.registry import MlflowRegistry

    settings = project.settings
    uri = address.tracking_uri(project.paths.root)
    remembered = _heads(project).get(_key(project))
    return MlflowRegistry(uri, settings.project.model, settings.project.name, remembered)


def has_registry(project: Project) -> bool:
    """Whether there is a registry to ask: a local one is made by the first selection, not by a question."""
    path = address.sqlite_path(address.registry_uri(address.tracking_uri(project.paths.root)))
    return path is None or path.exists()


def author() -> Author:
    """Who acts now."""
    return Author(who(), utc_now())


def lineage_of(project: Project) -> Lineage:
    """The project, its table, and the contract of its exported file."""
    return Lineage.of_project(project.settings, project.paths.root)


def public_address(project: Project) -> str:
    """Where the registry is, without secrets."""
    return address.public(address.registry_uri(address.tracking_uri(project.paths.root)))


def remember(project: Project, head: str) -> None:
    """Keep the newest entry of the history that this project has seen: it cannot go unnoticed."""
    heads = _heads(project)
    if head and heads.get(_key(project)) != head:
        write_text(project.paths.locks / _HEADS, json.dumps(heads | {_key(project): head}, indent=2) + "\n")


def _heads(project: Project) -> dict[str, str]:
    try:
        heads = json.loads((project.paths.locks / _HEADS).read_bytes())
        return {str(key): str(head) for key, head in heads.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _key(project: Project) -> str:
    return f"{public_address(project)} {project.settings.project.model}"
