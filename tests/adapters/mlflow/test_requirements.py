"""A logged model names every library that the code which scores with it imports."""

import ast
import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from gallop.adapters.mlflow.tracking import requirements

LOADED = """
import json, sys
import gallop.scoring, gallop.artifacts.bundle
print(json.dumps([module.__file__ for name, module in sys.modules.items() if name.startswith("gallop.")]))
"""


def imported(source: Path) -> set[str]:
    packages = set()
    module = ast.parse(source.read_text(encoding="utf-8"))
    # What scores imports its trees' library where it asks them; elsewhere what is imported late is not for scoring.
    for statement in ast.walk(module) if source.parent.name == "additive" else module.body:
        if isinstance(statement, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            packages.add(str(statement.module).partition(".")[0])
    return packages - {"gallop"} - sys.stdlib_module_names


def test_a_logged_model_names_every_library_that_scoring_imports():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    libraries = set().union(*(imported(Path(file)) for file in json.loads(done.stdout)))
    assert {"lightgbm", "scipy"} <= libraries
    named, owners = {requirement.partition("==")[0] for requirement in requirements()}, packages_distributions()
    assert not {name for name in libraries if not named & set(owners[name])}
