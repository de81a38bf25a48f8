"""The serving image and action.yml install containers/scoring.lock alone: what scoring and auditing import is in it."""

import re
import subprocess
import sys

from tests.conftest import ROOT

SCRIPT = """
import importlib.abc, re, sys
from importlib.metadata import packages_distributions
installed = set(sys.argv[1].split())
plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
owned = packages_distributions().items()
left_out = {package for package, owners in owned if not installed & {plain(owner) for owner in owners}}
class NotInstalled(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in left_out - {"gallop"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NotInstalled())
import gallop.cli.app, gallop.flow.scoring, gallop.scoring
import gallop.flow.serving, gallop.serving.app, gallop.serving.server, gallop.serving.api_keys
import gallop.artifacts.audit, gallop.artifacts.contract, gallop.artifacts.bundle
import gallop.modelling.stack
"""


def test_scoring_and_auditing_import_nothing_that_their_lock_leaves_out() -> None:
    lock = (ROOT / "containers/scoring.lock").read_text(encoding="utf-8")
    installed = re.findall(r"^([a-z0-9.-]+)==", lock, re.MULTILINE)
    assert "scikit-learn" in installed
    assert "mlflow" not in installed
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, " ".join(installed)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
