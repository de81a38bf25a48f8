"""What a registered version says of itself: its columns, an example that is nobody's, and a description."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gallop.artifacts import bundle
from gallop.artifacts.bundle import Manifest
from gallop.schema import Role
from gallop.settings.params import Settings
from gallop.settings.table import Column

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature

OUTPUT: Final = "probability"
_DAYS: Final = {"ymd": "2024-01-31", "dmy": "31/01/2024", "mdy": "01/31/2024"}


def read_description(folder: Path) -> tuple["ModelSignature", "pd.DataFrame", str]:
    """Signature, input example and description of a bundle. Raises as `bundle.read_manifest`."""
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, DataType, Schema

    manifest = bundle.read_manifest(folder)
    settings = Settings.model_validate_json((folder / bundle.SETTINGS).read_bytes())
    columns = _columns(settings)
    signature = ModelSignature(
        # Of any type: a value may come as the text of a CSV, or typed.
        inputs=Schema([ColSpec(AnyType(), name, required=True) for name in columns]),
        outputs=Schema([ColSpec(DataType.double, OUTPUT)]),
    )
    example = pd.DataFrame([{name: _example(name, settings) for name in columns}])
    return signature, example, _sentences(manifest, settings, columns)


def _columns(settings: Settings) -> list[str]:
    """Columns of the raw table that a score depends on, in the table's order."""
    wanted = settings.features.used | set(settings.table.keep)
    return [name for name in settings.table.columns if name in wanted]


def _example(name: str, settings: Settings) -> Any:
    """A possible value, made from the settings alone: no lead's own."""
    column: Column = settings.table.columns[name]
    if name in settings.table.keep:
        return settings.table.keep[name][0]
    if column.role is Role.NUMBER:
        low, high = column.minimum, column.maximum
        return low if low is not None else high if high is not None else 1.0
    if column.role is Role.BOOLEAN:
        return True
    if column.role is Role.CATEGORY:
        return column.levels[0] if column.levels else "a"
    return _DAYS[column.order]


def _sentences(manifest: Manifest, settings: Settings, columns: list[str]) -> str:
    label, data = settings.table.label, manifest.data_version
    figures = [
        f"{words} {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
        for name, words in (("log_loss", "log-loss"), ("roc_auc", "ROC AUC"))
        if (figure := manifest.metrics.get(name))
    ]
    return "\n\n".join(
        [
            f"The probability that a lead of project {settings.project.name} converts "
            f"({label.column} is {' or '.join(label.positive)}), by {manifest.family}.",
            f"On test rows: {', '.join(figures) or 'no figures'}. Contact from a probability of "
            f"{manifest.threshold:.3f}.",
            f"Data: {manifest.data}, {data.path}, md5 {data.md5}. Code: {manifest.code_version.name}.",
            f"Takes raw leads, as text or typed, with the columns {', '.join(columns)}; gives the column `{OUTPUT}`, "
            "empty where a rule rejects the row.",
        ]
    )
