"""The wheel that a generated project carries."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from gallop.adapters import wheel
from gallop.adapters.copier import TEMPLATE
from gallop.errors import MissingLibraryError
from gallop.schema import DISTRIBUTION

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.carry(tmp_path_factory.mktemp("project"))


def test_it_holds_the_files_that_the_projects_own_build_packs(carried: Path, root: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    assert built.name == carried.name
    with zipfile.ZipFile(built) as theirs, zipfile.ZipFile(carried) as ours:
        assert sorted(ours.namelist()) == sorted(theirs.namelist())
        told = {
            f"{DISTRIBUTION.replace('-', '_')}-{distribution(DISTRIBUTION).version}.dist-info/{name}"
            for name in ("RECORD", "WHEEL")
        }
        assert [name for name in theirs.namelist() if name not in told and ours.read(name) != theirs.read(name)] == []


def test_the_requirements_name_it_by_its_hash_and_a_path_that_moves_with_the_project(carried: Path) -> None:
    lines = (carried.parents[1] / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "-r requirements.lock"
    assert lines[2] == f"./wheels/{carried.name} --hash=sha256:{hashlib.sha256(carried.read_bytes()).hexdigest()}"
    assert lines[3] == "-c requirements.lock"
    assert (TEMPLATE / "project/requirements.lock").is_file()


def test_the_same_installation_gives_the_same_bytes(
    carried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert wheel.carry(tmp_path).read_bytes() == carried.read_bytes()


def test_it_says_nothing_of_where_it_was_made(carried: Path, root: Path) -> None:
    with zipfile.ZipFile(carried) as packed:
        assert [name for name in packed.namelist() if str(root).encode() in packed.read(name)] == []


def test_a_wheel_that_was_installed_carries_itself_on_unchanged(carried: Path, tmp_path: Path) -> None:
    """From hand to hand: made by an editable install, installed as a wheel, and made again by that one."""
    site, again = tmp_path / "site", tmp_path / "again"
    uv = [str(BIN / "uv"), "pip", "install", "--quiet", "--no-deps", "--offline", "--target", str(site), str(carried)]
    subprocess.run([*uv, "--python", sys.executable], check=True, capture_output=True)
    # Of the environment's packages all are seen but this one, which comes from the folder in front of them.
    script = f"""
import sys
sys.path.insert(0, {str(site)!r})
from pathlib import Path
from gallop.adapters import wheel
assert wheel.__file__.startswith({str(site)!r})
print(wheel.carry(Path({str(again)!r})))
"""
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert Path(made.stdout.strip()).read_bytes() == carried.read_bytes()


def test_gallop_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(wheel, "distribution", missing)
    with pytest.raises(MissingLibraryError, match="not installed, so a project cannot carry it"):
        wheel.carry(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_beside_it_names_all_that_it_needs_by_hash() -> None:
    lock = (TEMPLATE / "project/requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))
    needed = [line for line in distribution(DISTRIBUTION).requires or () if "extra ==" not in line]
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in needed}
    assert len(names) > 20
    assert names <= locked
    assert "://" not in lock
    assert len(re.findall(r"--hash=sha256:", lock)) > len(locked)


@pytest.mark.slow
def test_a_generated_project_installs_and_runs_on_a_machine_that_has_python_alone(tmp_path: Path) -> None:
    """The first lines of its README, in an environment with nothing in it; what gallop needs comes from the index."""
    rows = "".join(
        f"L{n},{n * 7 % 23},{'web' if n % 3 else 'fair'},{int(n * 7 % 23 + n % 11 > 14)}\n" for n in range(900)
    )
    table = tmp_path / "leads.csv"
    table.write_text(f"lead_id,visits,source,converted\n{rows}", encoding="utf-8")
    init = [str(BIN / "gallop"), "init", str(table), "--label", "converted", "--into", str(tmp_path / "made"), "--yes"]
    subprocess.run(init, check=True, capture_output=True)
    moved = shutil.move(tmp_path / "made", tmp_path / "elsewhere")
    readme = (Path(moved) / "README.md").read_text(encoding="utf-8")
    block = readme.split("```")[1].strip().splitlines()
    assert block[2].startswith("gallop run")
    clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "PYTHON": sys.executable}
    lines = [line.replace("python3 -m venv", '"$PYTHON" -m venv') for line in block[:3]]
    done = subprocess.run(
        ["bash", "-euc", "\n".join(lines)], cwd=moved, env=clean | _index(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (Path(moved) / "models/deployed").is_dir()


def _index() -> dict[str, str]:
    """Where this machine's installers look, and by which certificates: its own settings, whatever they are."""
    return {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_", "UV_"))}
