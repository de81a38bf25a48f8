"""The deployable: a folder with the model, the settings it was trained under, its report, and a manifest.

There are two fits of the model: `live` has learnt from all leads and scores; `assessed` has not seen the test leads,
and is what the figures are about and what promotions compare. Both are files without code (`additive.document`).

The manifest holds the SHA-256 of every other file, and of itself without that line. `verify_bundle` compares them
before anything is loaded, so a damaged, half-copied or added file is refused and never scores a lead. Two files may
stand beside what it lists: the version that a registry gives to a bundle once it is made, and a signature.
"""

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from gallop.additive.document import MODEL, read_document, write_document
from gallop.additive.model import AdditiveModel
from gallop.artifacts.golden import GOLDEN, replay_golden
from gallop.errors import ChecksumError, GallopError, MissingOutputError
from gallop.files import digest, is_temporary, write_text, written_together
from gallop.results.estimates import Estimate, ResultModel
from gallop.results.evidence import DecisionPlan, ScoreUncertainty
from gallop.results.run import CodeVersion, DataVersion
from gallop.schema import DISTRIBUTION
from gallop.settings.params import Settings

MANIFEST: Final = "manifest.json"
SETTINGS: Final = "settings.json"
VERSION_FILE: Final = "version.txt"
SIGNATURE: Final = "signature.json"
UPLIFT: Final = "uplift"
LAYOUT: Final = 5
"""Of the files: a bundle of another layout is refused."""
_SEAL: Final = "manifest_sha256"

Fit = Literal["live", "assessed"]


class Manifest(ResultModel):
    """What a bundle is, and the SHA-256 of each of its files."""

    layout: int
    model: str
    version: str | None = Field(default=None, exclude=True)
    """The registry's version; None until deployed. It stands in a file of its own."""
    family: str
    data: str
    """`sample` or `real`."""
    data_version: DataVersion
    code_version: CodeVersion
    metrics: dict[str, Estimate]
    """Of the test rows."""
    first_tested: int | None
    """The first moment held out, of a split forward in time; None of a split at random."""
    threshold: float
    """Smallest probability that means contact, as it was chosen in training."""
    bands: dict[str, float]
    """Name → its smallest probability, the best band first; the last begins at 0."""
    uncertainty: ScoreUncertainty
    """What a score can be taken to mean: who is said to convert, and the conversion rate of leads with such a score."""
    uplift_from: float | None = None
    """Smallest uplift that means contact, which then counts instead of `threshold`; None where no uplift decides."""
    libraries: dict[str, str]
    files: dict[str, str]

    @property
    def digest(self) -> str:
        """Identity of the contents: SHA-256 over the layout and the files' names and digests."""
        return hashlib.sha256(json.dumps([self.layout, self.files], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Bundle:
    """A verified, loaded bundle."""

    manifest: Manifest
    settings: Settings
    model: AdditiveModel
    uplift: AdditiveModel | None = None
    """Its `log_odds` are what a contact adds to the probability; None where the project has no treatment."""


def write_bundle(
    folder: Path,
    *,
    live: AdditiveModel,
    assessed: AdditiveModel,
    family: str,
    settings: Settings,
    data: DataVersion,
    code: CodeVersion,
    metrics: dict[str, Estimate],
    first_tested: int | None,
    plan: DecisionPlan,
    uncertainty: ScoreUncertainty,
    files: dict[str, bytes],
    uplift: AdditiveModel | None = None,
    uplift_from: float | None = None,
) -> Manifest:
    """Write a bundle, all of it or nothing. Of `plan`, it keeps the cut-offs; `files` are further ones, by name."""
    models = {"live": live, "assessed": assessed} | ({UPLIFT: uplift} if uplift else {})
    documents = {part: write_document(model) for part, model in models.items()}
    contents = {
        **{f"{part}/{name}": content for part, texts in documents.items() for name, content in texts.items()},
        SETTINGS: settings.model_dump_json(indent=2).encode(),
        **files,
    }
    manifest = Manifest(
        layout=LAYOUT,
        model=settings.project.model,
        family=family,
        data=data.kind,
        data_version=data,
        code_version=code,
        metrics=metrics,
        first_tested=first_tested,
        threshold=plan.cutoff.probability,
        bands={band.name: band.lowest for band in plan.bands},
        uncertainty=uncertainty,
        uplift_from=uplift_from,
        libraries={
            "python": platform.python_version(),
            "gallop": version(DISTRIBUTION),
            "lightgbm": version("lightgbm"),
            "numpy": version("numpy"),
        },
        files={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    )
    with written_together() as temporary_of:
        for name, content in contents.items():
            temporary_of(folder / name).write_bytes(content)
        temporary_of(folder / MANIFEST).write_text(_sealed(manifest), encoding="utf-8")
    for stale in _names(folder) - {*contents, MANIFEST}:
        (folder / stale).unlink()
    return manifest


def write_version(folder: Path, version: str) -> None:
    """Note beside a bundle which version the registry has made of it."""
    write_text(folder / VERSION_FILE, version + "\n")


def _names(folder: Path) -> set[str]:
    """Of all files in a folder and in those below it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _sealed(manifest: Manifest) -> str:
    content = manifest.model_dump(mode="json")
    return json.dumps({_SEAL: _seal(content), **content}, indent=2) + "\n"


def _seal(content: dict) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle, its files not yet checked. Raises `MissingOutputError`, `ChecksumError`."""
    path = folder / MANIFEST
    if not path.is_file():
        raise MissingOutputError(f"{path}: no bundle there; `gallop run` trains, selects and deploys one")
    try:
        content = json.loads(path.read_bytes())
        promised = content.pop(_SEAL)
        if (layout := content.get("layout", 1)) != LAYOUT:
            raise ChecksumError(
                f"{path}: made by another gallop, with models of layout {layout}; accepted is {LAYOUT}. Train again "
                "with `gallop run`"
            )
        manifest = Manifest.model_validate(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ChecksumError(f"{path}: not a manifest of a bundle, or damaged") from None
    if _seal(content) != promised:
        raise ChecksumError(f"{path}: its SHA-256 is not the one it names; it was damaged or changed by hand")
    return manifest.model_copy(update={"version": _version(folder / VERSION_FILE)})


def _version(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise ChecksumError(
            f"{path}: holds no version; it is damaged. `gallop deploy` brings the bundle again"
        ) from None


def verify_bundle(folder: Path) -> Manifest:
    """Check every file of a bundle against its manifest. Raises `MissingOutputError`, `ChecksumError`."""
    manifest = read_manifest(folder)
    for name, promised in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ChecksumError(f"{path}: missing, though {MANIFEST} lists it")
        if (actual := digest(path)) != promised:
            raise ChecksumError(
                f"{path}: SHA-256 is {actual[:12]}…, {MANIFEST} says {promised[:12]}…; the model is not loaded"
            )
    for name in sorted(_names(folder) - {*manifest.files, MANIFEST, VERSION_FILE, SIGNATURE}):
        if not is_temporary(Path(name).name):
            raise ChecksumError(f"{folder / name}: {MANIFEST} does not list it; the model is not loaded. Move it away")
    return manifest


def load_bundle(folder: str | Path, fit: Fit = "live") -> Bundle:
    """Verify a bundle, load its model, and let it score its golden rows again.

    Args:
        folder: a folder that `gallop run` or `gallop deploy` wrote, such as models/deployed of a project.
        fit: `live`, which has learnt from all leads, or `assessed`, which has not seen the test leads.

    Raises:
        MissingOutputError: no bundle is there.
        ChecksumError: a file is not what the manifest says, or the model scores otherwise than where it was made.

    Examples:
        >>> import gallop
        >>> bundle = gallop.load_bundle("my-leads/models/deployed")
        >>> bundle.manifest.data, 0 < bundle.manifest.threshold < 1
        ('sample', True)
    """
    folder = Path(folder)
    manifest = verify_bundle(folder)
    try:
        settings = Settings.model_validate_json((folder / SETTINGS).read_bytes())
    except ValidationError as error:
        reason = f"{error.error_count()} settings do not fit this version of gallop ({error.errors()[0]['msg']})"
        raise ChecksumError(f"{folder / SETTINGS}: {reason}; made by {manifest.libraries.get('gallop')}") from None
    try:
        model = _read_model(folder, manifest, fit)
        uplift = _read_model(folder, manifest, UPLIFT) if f"{UPLIFT}/{MODEL}" in manifest.files else None
        if fit == "live":
            replay_golden(model, (folder / GOLDEN).read_bytes(), folder / GOLDEN)
    except GallopError:
        raise
    except Exception as error:  # noqa: BLE001 bytes that are no model break their readers in any way
        reason = (str(error).splitlines() or [""])[0]
        raise ChecksumError(f"{folder / fit}: holds no model that can be read: {reason}") from None
    return Bundle(manifest, settings, model, uplift)


def _read_model(folder: Path, manifest: Manifest, part: str) -> AdditiveModel:
    names = [name for name in manifest.files if name.startswith(f"{part}/")]
    return read_document({name.partition("/")[2]: (folder / name).read_bytes() for name in names})
