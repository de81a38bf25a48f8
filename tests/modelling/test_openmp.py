"""LightGBM works on a machine without OpenMP, such as a slim image: with the library that scikit-learn brings."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gallop import openmp
from gallop.errors import MissingLibraryError

linux = pytest.mark.skipif(sys.platform != "linux", reason="the name of the library is Linux's")

SCRIPT = """
import json, sys
from pathlib import Path
if sys.argv[1] == "brought":
    from gallop import openmp
    openmp.bring()
import numpy as np
from gallop.modelling import families
X, y = np.random.default_rng(1).normal(size=(300, 3)), np.arange(300) % 2
found = families.classifier("lightgbm", {"n_estimators": 5}, 1).fit(X, y).predict_proba(X)[:, 1]
maps = {line.split(maxsplit=5)[5].strip() for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}
loaded = [path for path in maps if "libgomp.so.1" in path and "libgomp-" not in path]
print(json.dumps({"found": found.tolist(), "loaded": loaded}))
"""


def shown(how: str) -> dict:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@linux
def test_lightgbm_takes_the_copy_instead_of_the_systems_library_and_says_the_same() -> None:
    brought, usual = shown("brought"), shown("usual")
    [loaded] = brought["loaded"]
    assert not Path(loaded.removesuffix(" (deleted)")).exists()
    assert brought["found"] == usual["found"]


@linux
def test_where_nothing_brings_the_library_the_message_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(openmp, "_NAME", "libgomp-that-is-nowhere.so.1")
    monkeypatch.setattr(openmp, "files", lambda _: [])
    with pytest.raises(MissingLibraryError, match="Debian and Ubuntu: package libgomp1") as missing:
        openmp.provide()
    assert missing.value.exit_code == 28


@linux
def test_a_copy_that_cannot_be_loaded_is_named_too(monkeypatch, tmp_path) -> None:
    class Cut:
        name = "libgomp-0.so.1"

        def locate(self) -> Path:
            path = tmp_path / self.name
            path.write_bytes(b"no library")
            return path

    monkeypatch.setattr(openmp, "files", lambda _: [Cut()])
    with pytest.raises(MissingLibraryError, match="cannot be loaded"):
        openmp.bring()
