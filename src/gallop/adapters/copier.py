"""The project template, rendered by Copier."""

import re
from pathlib import Path
from typing import Any, Final

_NO_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that JSON writes as they are and YAML refuses, or takes for the end of a line."""

TEMPLATE: Final = Path(__file__).parents[1] / "template"


def render_template(answers: dict[str, Any], into: Path) -> None:
    """Render the template into a folder. Files that are there already are replaced; others stay."""
    import copier

    copier.run_copy(str(TEMPLATE), into, data=answers, defaults=True, overwrite=True, quiet=True)
    settings = into / "params.yaml"
    text = settings.read_text(encoding="utf-8")
    if (readable := _NO_YAML.sub(_escape, text)) != text:
        settings.write_text(readable, encoding="utf-8")


def _escape(character: re.Match[str]) -> str:
    """As YAML writes it in double quotation marks, where all names and levels with such characters stand."""
    return f"\\u{ord(character.group()):04x}"
