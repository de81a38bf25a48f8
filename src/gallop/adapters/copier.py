"""The project template, rendered by Copier."""

from pathlib import Path
from typing import Any, Final

TEMPLATE: Final = Path(__file__).parents[1] / "template"


def render_template(answers: dict[str, Any], into: Path) -> None:
    """Render the template into a folder. Files that are there already are replaced; others stay."""
    import copier

    copier.run_copy(str(TEMPLATE), into, data=answers, defaults=True, overwrite=True, quiet=True)
