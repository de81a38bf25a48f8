"""The project's workflows and its action, read as GitHub reads them."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SOURCES = [ACTION, *WORKFLOWS]

Step = dict[str, Any]


def content(path: Path) -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def steps_of(path: Path) -> list[Step]:
    document = content(path)
    owners = [document["runs"]] if path == ACTION else list(document["jobs"].values())
    return [step for owner in owners for step in owner["steps"]]
