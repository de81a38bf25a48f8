"""The files of a drt project, written once. Secrets are named by the variables of the environment that hold them."""

import io
import json
from pathlib import Path
from typing import Any, Final

from gallop.adapters.drt.delivery import SQL_TYPES, Delivery, selected_fields
from gallop.adapters.drt.query import scores_query
from gallop.errors import SettingsError
from gallop.files import write_text

SYNC: Final = "gallop_scores"
PROFILE: Final = "gallop"


def write_drt_project(delivery: Delivery, folder: Path) -> list[Path]:
    """Write a drt project. Files that are there already are somebody's, and nothing is written then.

    Returns:
        What was written.

    Raises:
        SettingsError: a file is there, or a name that drt or the destination cannot take.
        MissingColumnError: the file is no file of scores, or lacks the key.
    """
    texts = {folder / name: text for name, text in _files(delivery, folder).items()}
    for path in texts:
        if path.exists() or path.is_symlink():
            raise SettingsError(
                f"{path}: is there already and may have been edited; remove it, or name another folder with --into"
            )
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return [*texts]


def _files(delivery: Delivery, folder: Path) -> dict[str, str]:
    selected = selected_fields(delivery)
    sync = {
        "name": SYNC,
        "description": f"Scores of gallop to {delivery.to}",
        "model": scores_query(delivery, selected, folder),
        "destination": _destination(delivery, selected),
        "sync": _options(delivery),
    }
    files = {
        "drt_project.yml": _yaml({"name": "gallop_delivery", "version": "0.1", "profile": PROFILE}),
        "profiles.yml": _yaml({PROFILE: {"type": "duckdb"}}),
        f"syncs/{SYNC}.yml": _yaml(sync),
        ".gitignore": "/target/\n/.drt/\n",
    }
    if delivery.to == "postgres":
        files["table.sql"] = _table(delivery, selected)
    return files


def _destination(delivery: Delivery, selected: dict[str, str]) -> dict[str, Any]:
    place = delivery.place
    if delivery.to == "hubspot":
        template = ", ".join(f"{json.dumps(field)}: {{{{ row.{field} | tojson }}}}" for field in selected.values())
        return {
            "type": "hubspot",
            "object_type": place,
            "id_property": delivery.field,
            "properties_template": f"{{{template}}}",
            "auth": {"type": "bearer", "token_env": "HUBSPOT_TOKEN"},
        }
    if delivery.to == "salesforce":
        secrets = ("instance_url", "client_id", "client_secret", "username", "password")
        return {
            "type": "salesforce_bulk",
            "object_name": place,
            "operation": "update" if delivery.field == "Id" else "upsert",
            "external_id_field": delivery.field,
            **{f"{name}_env": f"SALESFORCE_{name.upper()}" for name in secrets},
        }
    if delivery.to == "sheets":
        return {
            "type": "google_sheets",
            "spreadsheet_id": place,
            "sheet": "Sheet1",
            "mode": "overwrite",
            "credentials_env": "GOOGLE_APPLICATION_CREDENTIALS",
        }
    return {
        "type": "postgres",
        "connection_string_env": "GALLOP_DELIVERY_POSTGRES",
        "table": place,
        "upsert_key": [delivery.field],
    }


def _options(delivery: Delivery) -> dict[str, Any]:
    # A CRM's own records are completed and none is made; a table of ours takes every lead.
    policy = {"match_policy": "update_only"} if delivery.to == "hubspot" else {}
    return {"mode": "full", "batch_size": 1000, "on_error": "fail", **policy}


def _table(delivery: Delivery, selected: dict[str, str]) -> str:
    types = {"DOUBLE": "double precision", "VARCHAR": "text", "BOOLEAN": "boolean", "INTEGER": "integer"}
    columns = [f"{delivery.field} text PRIMARY KEY"]
    columns += [f"{field} {types[SQL_TYPES[name]]}" for name, field in selected.items() if name != delivery.key]
    return f"CREATE TABLE IF NOT EXISTS {delivery.place} (\n  " + ",\n  ".join(columns) + "\n);\n"


def _yaml(content: dict[str, Any]) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import LiteralScalarString

    if "model" in content:
        content = content | {"model": LiteralScalarString(content["model"])}
    yaml, written = YAML(), io.StringIO()
    yaml.width = 4096
    yaml.dump(content, written)
    return f"# Made by gallop, once; yours to edit.\n{written.getvalue()}"
