"""`gallop rollback`, `promote` and `unpin`: a person says what is live. Verified first, then written, then moved."""

from functools import partial
from typing import TYPE_CHECKING

from gallop.errors import MissingOutputError, RegistryBusyError, SettingsError
from gallop.flow.locks import exclusive
from gallop.flow.project import Project
from gallop.flow.registry import author, lineage_of, open_registry, remember
from gallop.flow.selection import note_live
from gallop.flow.signature import require_signature
from gallop.ports import CHALLENGER, Registered, Registry
from gallop.results.estimates import read_figures
from gallop.results.history import PROMOTE, ROLLBACK, UNPIN, History, adopted, next_change

if TYPE_CHECKING:
    from gallop.results.history import Change

_TRIES = 5


@exclusive
def run_rollback(project: Project, version: str | None, because: str) -> "Change":
    """Let an earlier version be live again, and hold it against later runs.

    Args:
        version: None for the one that was live before the one that is.

    Raises:
        MissingOutputError: there is no such version. SettingsError: it is live already. ForeignModelError: it is of
            another project, table or contract. ChecksumError: its files are not what was registered.
            Nothing changes then. RegistryBusyError: another command keeps the registry.
    """
    return _make_live(project, ROLLBACK, version, because)


@exclusive
def run_promote(project: Project, version: str, because: str) -> "Change":
    """Let a version be live, whatever the comparison said, and take a pin off. Otherwise as `run_rollback`."""
    return _make_live(project, PROMOTE, version, because)


@exclusive
def run_unpin(project: Project) -> "Change | None":
    """Let runs decide again. Returns the pin that was taken off; None where there was none."""
    registry = open_registry(project)
    registry.check()
    with registry.lock():
        registry.settle()
        for _ in range(_TRIES):
            history = _adopt(registry)
            pin = history.pin
            if pin is None or history.live is None:
                return None
            change = next_change(
                history,
                author(),
                command=UNPIN,
                live=history.live,
                because=f"runs decide again; it was pinned by {pin.who}: {pin.because}",
                pinned=False,
                faults_seen=history.faults,
            )
            if registry.append(change):
                _tell(project, registry, decide_anew=True)
                return pin
    raise RegistryBusyError(f"registry: other commands have changed it {_TRIES} times meanwhile")


def _make_live(project: Project, command: str, version: str | None, because: str) -> "Change":
    from gallop.artifacts.bundle import load_bundle
    from gallop.stages.deploy import bring, go_live

    registry, deployed = open_registry(project), project.paths.deployed
    registry.check()
    with registry.lock():
        registry.settle()
        for _ in range(_TRIES):
            history = _adopt(registry)
            wanted = _wanted(project, registry, history, command, version)
            check = partial(require_signature, project)
            folder, _ = bring(registry, wanted, deployed, project.settings, check)
            load_bundle(folder)
            change = next_change(
                history,
                author(),
                command=command,
                live=wanted.version,
                because=because,
                pinned=command == ROLLBACK,
                figures=read_figures(wanted.tags.get("figures", "")),
                faults_seen=history.faults,
            )
            if registry.append(change):
                go_live(deployed, folder)
                challenger = registry.holder(CHALLENGER)
                if challenger is not None and challenger.version == wanted.version:
                    registry.release(CHALLENGER)
                _tell(project, registry)
                return change
    raise RegistryBusyError(f"registry: other commands have changed it {_TRIES} times meanwhile")


def _adopt(registry: Registry) -> History:
    """The history, after it was told of a champion that was made so by other means."""
    from gallop.stages.model_selection import read_settled

    champion, history = read_settled(registry)
    if champion is None or champion.version == history.live:
        return history
    registry.append(adopted(history, champion.version, author()))
    return registry.history()


def _wanted(project: Project, registry: Registry, history: History, command: str, version: str | None) -> Registered:
    model = project.settings.project.model
    known = {registered.version: registered for registered in registry.versions()}
    if version is None:
        version = history.previous
        if version is None:
            raise MissingOutputError(
                f"rollback: the history of {model!r} knows no version that was live before; name one"
            )
    if version not in known:
        there = ", ".join(known) or "none"
        raise MissingOutputError(f"{command}: {model!r} has no version {version} with its files; there are: {there}")
    if version == history.live and command == ROLLBACK:
        raise SettingsError(f"rollback: version {version} of {model!r} is live already; name another one")
    wanted, lineage = known[version], lineage_of(project)
    lineage.refuse(wanted.tags, model, version)
    lineage.refuse_contract(wanted.tags, model, version)
    return wanted


def _tell(project: Project, registry: Registry, *, decide_anew: bool = False) -> None:
    history = registry.history()
    remember(project, history.head)
    note_live(project, history, decide_anew=decide_anew)
