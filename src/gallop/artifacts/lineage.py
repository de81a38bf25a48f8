"""Which project and which table a model is of: what keeps one project's versions out of another's hands."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    contract: str | None = None
    """Digest of the contract of the exported file. It may change in a project's life; going back needs the same."""

    @classmethod
    def of_project(cls, settings: Settings, root: Path | None = None) -> "Lineage":
        """Of a project's settings, and of the contract in its folder, where one is given."""
        lineage = _lineage(settings.model_dump(mode="json"))
        if root is None:
            return lineage
        path = root / settings.export.contract if settings.export.contract else None
        contract = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path and path.is_file() else "none"
        return replace(lineage, contract=contract)

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
        return {"project": self.project, "table": self.table} | ({"contract": self.contract} if self.contract else {})

    def foreign(self, other: Mapping[str, str]) -> str | None:
        """Why a version with these tags is not of this project and table; None where it is, or does not say."""
        project, table = other.get("project"), other.get("table")
        if project not in {None, self.project}:
            return f"is of the project {project!r}, this is {self.project!r}"
        if table not in {None, self.table}:
            return "is of a table with another id or label"
        return None

    def refuse_contract(self, other: Mapping[str, str], model: str, version: str) -> None:
        """Raise `ForeignModelError` where a version with these tags was exported under another contract."""
        contract = other.get("contract")
        if contract not in {None, self.contract}:
            raise ForeignModelError(
                f"export.contract: version {version} of the registered model {model!r} was made under another contract "
                "than the one that params.yaml names. Bring that contract back, or train again with `gallop run`"
            )

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
