"""Which project and which table a model is of: what keeps one project's versions out of another's hands."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gallop.artifacts.bundle import SETTINGS
from gallop.errors import ChecksumError, ForeignModelError
from gallop.settings.params import Settings


@dataclass(frozen=True)
class Lineage:
    """The project by its name, the table by its id and its label.

    The other columns are not part of it: a project may come to have more of them, and its champion stays its own.
    """

    project: str
    table: str

    @classmethod
    def of_project(cls, settings: Settings) -> "Lineage":
        """Of a project's settings."""
        return _lineage(settings.model_dump(mode="json"))

    @classmethod
    def of_bundle(cls, folder: Path) -> "Lineage":
        """Of a bundle, whatever version of gallop has made it. Raises `ChecksumError` where it does not say."""
        path = folder / SETTINGS
        try:
            return _lineage(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ChecksumError(f"{path}: does not say of which project and table the model is") from None

    def tags(self) -> dict[str, str]:
        """As a version in a registry carries it."""
        return {"project": self.project, "table": self.table}

    def foreign(self, other: Mapping[str, str]) -> str | None:
        """Why a version with these tags is not of this project and table; None where it is, or does not say."""
        project, table = other.get("project"), other.get("table")
        if project not in {None, self.project}:
            return f"is of the project {project!r}, this is {self.project!r}"
        if table not in {None, self.table}:
            return "is of a table with another id or label"
        return None

    def refuse(self, other: Mapping[str, str], model: str, version: str) -> None:
        """Raise `ForeignModelError` where a version with these tags is not of this project and table."""
        if problem := self.foreign(other):
            raise ForeignModelError(
                f"project.model: version {version} of the registered model {model!r} {problem}. It is not compared, "
                "replaced or deployed; give project.model in params.yaml a name that no other project has"
            )


def _lineage(settings: dict) -> Lineage:
    columns = settings["table"]["columns"]
    ids = [name for name, column in columns.items() if column["role"] == "id"]
    table = json.dumps({"id": ids, "label": settings["table"]["label"]["column"]}, sort_keys=True)
    return Lineage(settings["project"]["name"], hashlib.sha256(table.encode()).hexdigest()[:16])


def lacking_columns(folder: Path, project: Settings) -> list[str]:
    """The columns that a bundle's model uses and a project's table does not have."""
    try:
        used = Settings.model_validate_json((folder / SETTINGS).read_bytes()).features.used
    except ValidationError:
        # Settings of another version of gallop: loading the bundle will say so.
        return []
    return sorted(used - set(project.table.columns))
