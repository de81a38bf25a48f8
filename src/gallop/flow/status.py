"""`gallop status` and `gallop history`: what is live, why, and whether everything says the same. Nothing is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gallop.adapters.dvc import pointer
from gallop.artifacts import bundle
from gallop.artifacts.bundle import Manifest
from gallop.errors import GallopError
from gallop.files import digest
from gallop.flow.project import Project
from gallop.flow.registry import has_registry, open_registry, public_address
from gallop.flow.selection import last_selection
from gallop.ports import CHALLENGER, CHAMPION, Registered
from gallop.results.estimates import read_figures
from gallop.results.history import History
from gallop.results.status import Challenger, Check, LiveVersion, Pinned, Status, VersionFacts
from gallop.settings.params import Settings

_TRAINED_BY = ("seed", "data", "events", "table", "features", "split", "training", "evaluation", "decision", "export")
"""Sections of the settings that a training depends on."""


@dataclass(frozen=True)
class _Answers:
    """What the registry says."""

    history: History = field(default_factory=lambda: History(()))
    champion: Registered | None = None
    challenger: Registered | None = None
    digests: tuple[str | None, ...] = ()
    """Of all versions."""


def _ask(project: Project) -> _Answers:
    if not has_registry(project):
        return _Answers()
    registry = open_registry(project)
    registry.check()
    digests = tuple(version.tags.get("digest") for version in registry.versions())
    return _Answers(registry.history(), registry.holder(CHAMPION), registry.holder(CHALLENGER), digests)


def read_registry_history(project: Project) -> History:
    """The history in the registry. Raises `ServerUnreachableError`, `TrackingError`."""
    return _ask(project).history


def read_status(project: Project) -> Status:
    """Ask registry, deployment and files. Raises `ServerUnreachableError`, `TrackingError`."""
    answers = _ask(project)
    history, champion, challenger = answers.history, answers.champion, answers.challenger
    pin = history.pin
    return Status(
        project=project.settings.project.name,
        model=project.settings.project.model,
        registry=public_address(project),
        live=_live(champion, history) if champion else None,
        pinned=Pinned(since=pin.at, who=pin.who, because=pin.because) if pin else None,
        challenger=_challenger(challenger, history) if challenger else None,
        checks=(
            _history_check(champion, history),
            _whole_check(history),
            _deployment_check(project, champion),
            _report_check(project, champion),
        ),
        untrained=tuple(_untrained(project, answers.digests)),
    )


def _facts(version: Registered) -> dict:
    tags = version.tags
    return VersionFacts(
        version=version.version,
        family=tags.get("family"),
        data=tags.get("data"),
        data_version=tags.get("data_version"),
        code_version=tags.get("code_version"),
        figures=read_figures(tags.get("figures", "")),
    ).model_dump()


def _live(champion: Registered, history: History) -> LiveVersion:
    since = history.since if history.live == champion.version else None
    return LiveVersion(
        **_facts(champion),
        since=since.at if since else None,
        who=since.who if since else None,
        command=since.command if since else None,
        because=since.because if since else None,
        instead_of=since.was if since else None,
    )


def _challenger(challenger: Registered, history: History) -> Challenger:
    decided = history.decided(challenger.version)
    return Challenger(**_facts(challenger), because=decided.because if decided else None)


def _history_check(champion: Registered | None, history: History) -> Check:
    what, live, last = "registry and history", history.live, history.last
    now = champion.version if champion else None
    if last is not None and not last.done:
        says = f"{last.change.command} to version {live} is under way or was interrupted; `gallop deploy` finishes it"
        return Check(what=what, agrees=False, says=says)
    if now == live:
        return Check(what=what, agrees=True, says=f"version {now} is champion" if now else "nothing is live yet")
    if now is None:
        says = f"the history says version {live}, and the registry has no champion; `gallop promote VERSION` names one"
    elif live is None:
        says = f"version {now} is champion, and there is no history yet; the next run begins it"
    else:
        says = (
            f"the alias was moved to version {now} by other means, the history says {live}. `gallop promote {now}` or "
            f"`gallop rollback {live}` settles it"
        )
    return Check(what=what, agrees=live is None, says=says)


def _whole_check(history: History) -> Check:
    if history.open_faults:
        says = f"{'; '.join(history.open_faults)}. `gallop promote VERSION` notes that a person has seen it"
        return Check(what="history", agrees=False, says=says)
    seen = f", {len(history.faults)} faults seen by a person" if history.faults else ""
    return Check(what="history", agrees=True, says=f"{len(history.entries)} entries, each names the one before{seen}")


def _deployment_check(project: Project, champion: Registered | None) -> Check:
    what, deployed = "deployment", project.paths.deployed
    if not deployed.exists():
        says = "nothing is deployed here" + ("; `gallop deploy` brings the champion" if champion else "")
        return Check(what=what, agrees=champion is None, says=says)
    try:
        manifest = bundle.verify_bundle(deployed)
    except GallopError as error:
        return Check(what=what, agrees=False, says=f"damaged: {error}; `gallop deploy` mends it")
    if champion is None:
        return Check(what=what, agrees=False, says=f"version {manifest.version}, and the registry has no champion")
    if manifest.version != champion.version:
        says = f"version {manifest.version}, the champion is {champion.version}; `gallop deploy` brings it"
        return Check(what=what, agrees=False, says=says)
    if champion.tags.get("digest") not in {None, manifest.digest}:
        says = f"version {manifest.version} of another registry; `gallop deploy` brings the champion of this one"
        return Check(what=what, agrees=False, says=says)
    return Check(what=what, agrees=True, says=f"version {manifest.version}, every file verified")


def _report_check(project: Project, champion: Registered | None) -> Check:
    what, selected = "last selection", last_selection(project)
    now = champion.version if champion else None
    if selected is None:
        says = "none here" if not project.paths.selection.exists() else "reports/selection.json is damaged"
        says += "; `gallop model-selection` makes one" if champion else ""
        return Check(what=what, agrees=champion is None, says=says)
    if selected.champion != now:
        says = f"says version {selected.champion} is champion, it is {now}; `gallop deploy` or a run mends it"
        return Check(what=what, agrees=False, says=says)
    return Check(what=what, agrees=True, says=f"says version {now} is champion")


def _untrained(project: Project, registered: Sequence[str | None]) -> Iterator[str]:
    """What is newer than the last training, in words."""
    try:
        manifest = bundle.read_manifest(project.paths.candidate)
    except GallopError:
        yield "there is no candidate here; `gallop run` trains one"
        return
    yield from _changed_data(project, manifest)
    trained = Settings.model_validate_json((project.paths.candidate / bundle.SETTINGS).read_bytes())
    changed = [name for name in _TRAINED_BY if getattr(trained, name) != getattr(project.settings, name)]
    if changed:
        yield f"params.yaml has changed since the last training: {', '.join(changed)}"
    if manifest.digest not in registered:
        yield "the candidate in models/candidate was not yet compared; `gallop model-selection` does it"


def _changed_data(project: Project, manifest: Manifest) -> Iterator[str]:
    raw: Path = project.paths.raw
    pinned = pointer.pin(raw)
    md5 = pinned.md5 if pinned else digest(raw, "md5") if raw.is_file() else None
    if md5 and md5 != manifest.data_version.md5 and (raw.is_file() or manifest.data != "sample"):
        yield f"{project.settings.data.raw} (md5 {md5[:8]}) is not what the last training saw"
