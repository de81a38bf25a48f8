"""The project template, rendered by Copier, its YAML in the form that DVC itself writes.

`dvc exp run --set-param` reads params.yaml and writes it again. It makes every list anew, an item a line, and loses
comments and blank lines that follow a list. Where they are in that form already, only the line it is about changes.
"""

import io
import re
from pathlib import Path
from typing import Any, Final

_NO_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that JSON writes as they are and YAML refuses, or takes for the end of a line."""

TEMPLATE: Final = Path(__file__).parents[1] / "template"
_WIDTH: Final = 80
"""Of ruamel.yaml, where nothing else is said: DVC breaks longer lines."""


def render_template(answers: dict[str, Any], into: Path) -> None:
    """Render the template into a folder. Files that are there already are replaced; others stay."""
    import copier

    copier.run_copy(str(TEMPLATE), into, data=answers, defaults=True, overwrite=True, quiet=True)
    for name in ("params.yaml", "dvc.yaml"):
        path = into / name
        path.write_text(dvc_form(_NO_YAML.sub(_escape, path.read_text(encoding="utf-8"))), encoding="utf-8")


def _escape(character: re.Match[str]) -> str:
    """As YAML writes it in double quotation marks, where all names and levels with such characters stand."""
    return f"\\u{ord(character.group()):04x}"


def dvc_form(text: str) -> str:
    """A YAML text as DVC writes it, which writing it again leaves as it is."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    content = yaml.load(text)
    _break_lines(content, 0, in_list=False)
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()


def _break_lines(node: Any, indent: int, *, in_list: bool) -> None:
    """Give lists, what is in them, and mappings that do not fit a line, a line per item."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(node, CommentedSeq):
        if node:  # an empty one can be written in one way only
            node.fa.set_block_style()
        for value in node:
            _break_lines(value, indent + 2, in_list=True)
    elif isinstance(node, CommentedMap):
        long = indent + _flow_length(node) > _WIDTH or any(isinstance(value, list) for value in node.values())
        if node and (in_list or long):
            node.fa.set_block_style()
        for key, value in node.items():
            _break_lines(value, indent + 2 + (0 if isinstance(value, list) else len(str(key))), in_list=in_list)


def _flow_length(node: Any) -> int:
    if isinstance(node, dict):
        return 2 + sum(len(str(key)) + 4 + _flow_length(value) for key, value in node.items())
    return len(str(node)) + 2 * isinstance(node, str)
