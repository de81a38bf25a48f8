"""deploy: put the champion where scoring finds it, in one atomic step.

Bundles lie side by side under their version; `deployed` is a relative link to one of them, and replacing a link by
renaming is atomic. So whoever scores sees the old champion or the new one, whole, and going back is one link. The last
three that were live are kept; older ones are in the registry, which has them all.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gallop.artifacts import bundle
from gallop.artifacts.bundle import Manifest
from gallop.artifacts.lineage import Lineage, lacking_columns
from gallop.errors import ChecksumError, MissingColumnError, MissingOutputError
from gallop.ports import CHAMPION, Registered, Registry
from gallop.settings.params import Settings

BUNDLES: Final = "bundles"
KEPT: Final = 3
"""Bundles that stay on disk: the live one, and the last ones before it."""


SignatureCheck = Callable[[Path], None]
"""Raises where a bundle's signature is not as it has to be."""


def deploy(registry: Registry, deployed: Path, settings: Settings, check: SignatureCheck) -> Manifest:
    """Bring the champion's bundle and point `deployed` at it, after its files are verified.

    Args:
        registry: where the champion is.
        deployed: the link; bundles are kept in the folder `bundles` beside it.
        settings: the project's; the champion must be of this project, and its table must have what it needs.
        check: of the signature.

    Returns:
        The deployed manifest, with the registry's version.

    Raises:
        MissingOutputError: there is no champion. Otherwise as `bring`; nothing changes then.
    """
    champion = registry.holder(CHAMPION)
    if champion is None:
        raise MissingOutputError("deploy: the registry has no champion; run `gallop model-selection` first")
    folder, manifest = bring(registry, champion, deployed, settings, check)
    go_live(deployed, folder)
    return manifest


def bring(
    registry: Registry, wanted: Registered, deployed: Path, settings: Settings, check: SignatureCheck
) -> tuple[Path, Manifest]:
    """Have a version's bundle beside the others, verified; what is live does not change.

    Args:
        deployed, settings, check: as of `deploy`.

    Raises:
        ChecksumError: the bundle is not what its manifest says. ForeignModelError: the version is of another project or
            table. MissingColumnError: it needs columns that the project's table no longer has. Whatever `check` raises.
    """
    lineage, model = Lineage.of_project(settings), settings.project.model
    lineage.refuse(wanted.tags, model, wanted.version)
    store = deployed.parent / BUNDLES
    store.mkdir(parents=True, exist_ok=True)
    if kept := _kept(store, wanted):
        _require_columns(kept[0], settings, wanted)
        check(kept[0])
        return kept
    coming = store / f".{wanted.version}.coming"
    shutil.rmtree(coming, ignore_errors=True)
    fetched = registry.fetch(wanted.version, coming)
    if "project" not in wanted.tags:
        # Registered by hand, say: its own settings tell what it is of.
        lineage.refuse(Lineage.of_bundle(fetched).tags(), model, wanted.version)
    _require_columns(fetched, settings, wanted)
    check(fetched)
    bundle.write_version(fetched, wanted.version)
    manifest = bundle.verify_bundle(fetched)
    # Two registries may both have a version 3, so the folder is named by the contents too.
    final = store / f"v{wanted.version}-{manifest.digest[:12]}"
    if final.is_dir() and not _is_whole(final):
        # Nothing could score with it, so there is nothing to lose.
        shutil.rmtree(final)
    if not final.is_dir():
        fetched.rename(final)
    bundle.verify_bundle(final)
    shutil.rmtree(coming, ignore_errors=True)
    return final, manifest


def _require_columns(folder: Path, settings: Settings, wanted: Registered) -> None:
    if lacking := lacking_columns(folder, settings):
        raise MissingColumnError(
            f"deploy: version {wanted.version} of {settings.project.model!r} needs the columns {lacking}, which "
            "table.columns does not have. A candidate trained on the table as it is replaces it where params.yaml says "
            f"selection.replace_champion: {wanted.version}"
        )


def _kept(store: Path, wanted: Registered) -> tuple[Path, Manifest] | None:
    """The bundle as it was brought before, where it is whole and the very one that was registered."""
    digest = wanted.tags.get("digest")
    folder = store / f"v{wanted.version}-{str(digest)[:12]}"
    if digest is None or not folder.is_dir() or not _is_whole(folder):
        return None
    manifest = bundle.read_manifest(folder)
    return (folder, manifest) if (manifest.digest, manifest.version) == (digest, wanted.version) else None


def _is_whole(folder: Path) -> bool:
    try:
        bundle.verify_bundle(folder)
    except (ChecksumError, MissingOutputError):
        return False
    return True


def go_live(deployed: Path, folder: Path) -> None:
    """Let the link point at a bundle beside it, in one atomic step. A folder there is a `MissingOutputError`."""
    if deployed.is_dir() and not deployed.is_symlink():
        raise MissingOutputError(f"{deployed}: is a folder, not the link that deploy makes; move it away")
    coming = deployed.with_name(f".{deployed.name}.coming")
    coming.unlink(missing_ok=True)
    coming.symlink_to(folder.relative_to(deployed.parent))
    coming.replace(deployed)
    os.utime(folder)  # when it was last live
    others = (path for path in folder.parent.iterdir() if path.is_dir() and path.name[:1] != "." and path != folder)
    for stale in sorted(others, key=lambda path: path.stat().st_mtime_ns, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(stale, ignore_errors=True)
