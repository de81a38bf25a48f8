"""The wheel that a project carries: the running gallop, packed from its installed files.

No package index has gallop, so on another machine `pip install gallop` finds nothing, or somebody else's code. A
project brings what it was made with, and names it by hash; a lock names all it needs, by hash too, since pip then wants
one of each. Packed from the installation, it comes from a wheel and from an editable install alike, without a network.
"""

import hashlib
import stat
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipInfo

from wheel.wheelfile import WheelFile

from gallop.errors import MissingLibraryError
from gallop.files import write_bytes, write_text
from gallop.schema import DISTRIBUTION

FOLDER: Final = "wheels"
REQUIREMENTS: Final = "requirements.txt"
LOCK: Final = "requirements.lock"
"""Comes with the template; `make lock` resolves it."""
_PACKAGE: Final = Path(__file__).parents[1]
_TAGS: Final = "Wheel-Version: 1.0\nGenerator: gallop init\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_MODE: Final = (stat.S_IFREG | 0o644) << 16
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def carry(folder: Path) -> Path:
    """Put the wheel of the running gallop into a project, and name it in the project's requirements.

    Returns:
        The wheel: the same bytes for the same installed files.

    Raises:
        MissingLibraryError: gallop runs without being installed, so nobody knows what it needs.
    """
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        raise MissingLibraryError(
            f"{DISTRIBUTION}: not installed, so a project cannot carry it; install it (`make setup`, or pip) first"
        ) from None
    name = f"{DISTRIBUTION.replace('-', '_')}-{installed.version}"
    wheel = folder / FOLDER / f"{name}-py3-none-any.whl"
    content = _packed(wheel.name, [*_modules(), *_metadata(installed, f"{name}.dist-info")])
    write_bytes(wheel, content)
    write_text(
        folder / REQUIREMENTS,
        "# gallop comes from the wheel that made this project, all it needs from the package index; both by hash.\n"
        f"-r {LOCK}\n"
        f"./{FOLDER}/{wheel.name} --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"
        # An older pip looks for the newest `psycopg[binary]` beside the pinned `psycopg`, unless this binds it.
        f"-c {LOCK}\n",
    )
    return wheel


def _modules() -> Iterator[tuple[str, bytes]]:
    """Every file of the package, without bytecode: its name in the wheel, and its content."""
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(_PACKAGE.parent).as_posix(), path.read_bytes()


def _metadata(installed: Distribution, folder: str) -> Iterator[tuple[str, bytes]]:
    """What says which package it is, what it needs and which commands it has; nothing of where it is installed."""
    for name in ("METADATA", "entry_points.txt"):
        yield f"{folder}/{name}", (installed.read_text(name) or "").encode()
    for file in sorted(installed.files or ()):
        if file.parts[0].endswith(".dist-info") and file.parts[1:2] == ("licenses",):
            yield f"{folder}/{'/'.join(file.parts[1:])}", file.read_binary()
    yield f"{folder}/WHEEL", _TAGS.encode()


class _Undated(WheelFile):
    """A wheel whose entries, its own list of them too, have one date and one mode."""

    def writestr(self, zinfo_or_arcname: str | ZipInfo, data: Any, compress_type: int | None = None) -> None:
        name = zinfo_or_arcname if isinstance(zinfo_or_arcname, str) else zinfo_or_arcname.filename
        entry = ZipInfo(name, _EPOCH)
        entry.external_attr, entry.compress_type = _MODE, ZIP_DEFLATED
        super().writestr(entry, data, compress_type)


def _packed(name: str, files: list[tuple[str, bytes]]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        with _Undated(str(path), "w") as wheel:
            for file, content in files:
                wheel.writestr(file, content)
        return path.read_bytes()
