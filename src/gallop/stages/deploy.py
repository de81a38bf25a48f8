"""deploy: put the champion where scoring finds it, in one atomic step.

Bundles lie side by side under their version; `deployed` is a relative link to one of them, and replacing a link by
renaming is atomic. So whoever scores sees the old champion or the new one, whole, and going back is one link.
"""

import shutil
from pathlib import Path

from gallop.artifacts import bundle
from gallop.artifacts.bundle import Manifest
from gallop.artifacts.lineage import Lineage, lacking_columns
from gallop.errors import ChecksumError, MissingColumnError, MissingOutputError
from gallop.ports import CHAMPION, Registry
from gallop.settings.params import Settings

BUNDLES = "bundles"


def deploy(registry: Registry, deployed: Path, settings: Settings) -> Manifest:
    """Bring the champion's bundle and point `deployed` at it, after its files are verified.

    Args:
        registry: where the champion is.
        deployed: the link; bundles are kept in the folder `bundles` beside it.
        settings: the project's; the champion must be of this project, and its table must have what it needs.

    Returns:
        The deployed manifest, with the registry's version.

    Raises:
        MissingOutputError: there is no champion. ChecksumError: the bundle is not what its manifest says; nothing
            changes. ForeignModelError: the champion is of another project or table; nothing changes.
        MissingColumnError: the champion needs columns that the project's table no longer has; nothing changes.
    """
    champion = registry.holder(CHAMPION)
    if champion is None:
        raise MissingOutputError("deploy: the registry has no champion; run `gallop model-selection` first")
    lineage, model = Lineage.of_project(settings), settings.project.model
    lineage.refuse(champion.tags, model, champion.version)
    store = deployed.parent / BUNDLES
    store.mkdir(parents=True, exist_ok=True)
    coming = store / f".{champion.version}.coming"
    shutil.rmtree(coming, ignore_errors=True)
    fetched = registry.fetch(champion.version, coming)
    if "project" not in champion.tags:
        # Registered by hand, say: its own settings tell what it is of.
        lineage.refuse(Lineage.of_bundle(fetched).tags(), model, champion.version)
    if lacking := lacking_columns(fetched, settings):
        raise MissingColumnError(
            f"deploy: version {champion.version} of {model!r} needs the columns {lacking}, which table.columns does "
            "not have. A candidate trained on the table as it is replaces it where params.yaml says "
            f"selection.replace_champion: {champion.version}"
        )
    manifest = bundle.verify_bundle(fetched).model_copy(update={"version": champion.version})
    bundle.write_manifest(fetched, manifest)
    # Two registries may both have a version 3, so the folder is named by the contents too.
    final = store / f"v{champion.version}-{manifest.digest[:12]}"
    if final.is_dir() and not _is_whole(final):
        # Nothing could score with it, so there is nothing to lose.
        shutil.rmtree(final)
    if not final.is_dir():
        fetched.rename(final)
    bundle.verify_bundle(final)
    shutil.rmtree(coming, ignore_errors=True)
    _point(deployed, final)
    return manifest


def _is_whole(folder: Path) -> bool:
    try:
        bundle.verify_bundle(folder)
    except (ChecksumError, MissingOutputError):
        return False
    return True


def _point(link: Path, target: Path) -> None:
    if link.is_dir() and not link.is_symlink():
        raise MissingOutputError(f"{link}: is a folder, not the link that deploy makes; move it away")
    coming = link.with_name(f".{link.name}.coming")
    coming.unlink(missing_ok=True)
    coming.symlink_to(target.relative_to(link.parent))
    coming.replace(link)
