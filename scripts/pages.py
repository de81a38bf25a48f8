"""Write the pages that follow from elsewhere: docs/settings.md, docs/errors.md, docs/decisions/index.md.

`python -m scripts.pages` writes them. A test compares them with what they follow from, so a key, an exit code or a
decision without its line in the docs fails `make test`.
"""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gallop import errors
from gallop.settings.params import Settings

DOCS = Path(__file__).parents[1] / "docs"


def settings_page() -> str:
    """Every key of params.yaml: what it means, what it accepts, what it is where it is left out."""
    lines = [
        "# Settings: params.yaml",
        "",
        "Every number a person may tune. An unknown key, a wrong type or an impossible value is refused before any",
        "work, with the key's name. `gallop settings` prints the settings in force, and `gallop settings --schema`",
        "their JSON schema.",
        "",
        "This page is written by `python -m scripts.pages`.",
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{key}` | {kind} | {default} | {meaning} |" for key, kind, default, meaning in _keys(Settings, "")]
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """Every exit code and what it means."""
    kinds = sorted(errors.GallopError.__subclasses__(), key=lambda kind: kind.exit_code)
    lines = [
        "# Exit codes",
        "",
        "A command that cannot go on says why in one sentence (the file, row, column or key; the value; what would be",
        "accepted), leaves the outputs of the run before as they were, and ends with one of these codes. `gallop run`",
        "ends with the code of the stage that failed. 0 is success, 2 a wrong command line.",
        "",
        "This page is written by `python -m scripts.pages`.",
        "",
        "| code | error | meaning |",
        "|---|---|---|",
    ]
    for kind in kinds:
        code = "the stage's" if kind is errors.StageError else kind.exit_code
        lines.append(f"| {code} | `{kind.__name__}` | {' '.join((kind.__doc__ or '').split())} |")
    return "\n".join(lines) + "\n"


def decisions_page() -> str:
    """Every decision by its title, with its status where it is no longer in force."""
    lines = [
        "# Design decisions",
        "",
        "Why it is as it is: the context of each decision, what was decided, what follows, what was rejected, and what",
        "was measured. A decision that no longer holds stays, and says what replaced it.",
        "",
        "This page is written by `python -m scripts.pages`.",
        "",
    ]
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        title = text.splitlines()[0].removeprefix("# ")
        status = next(line.removeprefix("Status: ") for line in text.splitlines() if line.startswith("Status: "))
        lines.append(f"- [{title}]({path.name})" + ("" if status == "accepted" else f": {status}"))
    return "\n".join(lines) + "\n"


def _keys(model: type[BaseModel], prefix: str) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        rows.append((key, _kind(field.annotation), _default(field), field.description or ""))
        for inner, placeholder in _models(field.annotation):
            rows += _keys(inner, f"{key}.{placeholder}")
    return rows


def _models(annotation: Any) -> list[tuple[type[BaseModel], str]]:
    """The settings inside a setting, and the placeholder that stands for a name in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(annotation, "")]
    inner = get_args(annotation)
    if get_origin(annotation) is dict:
        return [(model, f"NAME.{placeholder}") for model, placeholder in _models(inner[1])]
    if get_origin(annotation) is tuple:
        return [
            (model, f"[].{placeholder}") for part in inner if part is not ... for model, placeholder in _models(part)
        ]
    if get_origin(annotation) in {Union, UnionType, Annotated}:
        return [setting for part in inner for setting in _models(part)]
    return []


def _kind(annotation: Any) -> str:  # noqa: PLR0911 one line a kind
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(_kind(part) for part in inner))
    if origin is dict:
        return f"mapping of {_kind(inner[1])}"
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if annotation is type(None):
        return "nothing"
    if issubclass(annotation, BaseModel):
        return "section"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "date": "day"}
    return names.get(
        annotation.__name__,
        " or ".join(f"`{value}`" for value in annotation) if hasattr(annotation, "__members__") else "",
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    if field.default_factory is not None:
        return ""
    return "nothing" if field.default is None else f"`{field.default}`"


PAGES = {"settings.md": settings_page, "errors.md": errors_page, "decisions/index.md": decisions_page}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
