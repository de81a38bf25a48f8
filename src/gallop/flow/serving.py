"""`gallop serve` and `gallop keys`: the service over a project's deployed model, and who may use it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.errors import GallopError, SettingsError
from gallop.flow.project import Project
from gallop.flow.signature import require_signature
from gallop.schema import ROW

if TYPE_CHECKING:
    from gallop.serving.api_keys import ApiKeys
    from gallop.serving.limits import ServiceLimits
    from gallop.serving.recorder import ScoreRecorder
    from gallop.serving.server import Address

KEYS = "keys.json"


def keys_of(project: Project, path: Path | None = None) -> "ApiKeys":
    """The keys of a project's service.

    Args:
        path: where they are kept; None for the project's own folder.
    """
    from gallop.serving.api_keys import ApiKeys

    return ApiKeys(path or project.paths.locks / KEYS)


def serve_project(
    project: Project,
    address: "Address",
    limits: "ServiceLimits",
    *,
    keys: Path | None,
    ask_for_keys: bool | None,
    record: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve the deployed model until SIGTERM or Ctrl-C.

    Args:
        keys: where the keys are kept; None for the project's own folder.
        ask_for_keys: None to ask for them unless only this machine can reach the service.
        record: whether scored leads go to the log of scores; those of a table without ids never do.
        tell: is given sentences for whoever started it.

    Raises:
        SettingsError: the address cannot be used, or keys are asked for and there is none.
        MissingOutputError, ChecksumError: the deployed bundle.
    """
    from gallop.serving import server
    from gallop.serving.app import create_app
    from gallop.serving.live_model import Trust

    local = server.is_loopback(address.host)
    known = keys_of(project, keys)
    asking = not local if ask_for_keys is None else ask_for_keys
    if asking and not known.listed():
        raise SettingsError(
            f"{address.host} can be reached by others, so a key is needed and there is none: `gallop keys add NAME`, "
            "or --no-keys where a proxy asks for one"
        )
    with server.bind(address) as listener:
        keys_asked = known if asking else None
        app = create_app(
            project.paths.deployed,
            keys=keys_asked,
            limits=limits,
            local=local,
            trust=Trust(project.settings, partial(require_signature, project)),
            recorder=_recorder(project) if record else None,
            card=partial(_beside_candidate, project, project.paths.card),
            report=partial(_beside_candidate, project, project.paths.report),
            history=partial(_history, project),
        )
        tell(f"{address.url} serves {project.settings.project.model}; Ctrl-C ends it")
        if asking:
            tell("A browser asks for a password: it is the key, with any user name")
        if not local and address.certificate is None:
            tell("Without TLS, keys and leads can be read on the way: use --certificate and --key, or a proxy with TLS")
        server.run_server(app, listener, address, limits)


def _recorder(project: Project) -> "ScoreRecorder | None":
    from gallop.adapters.monitoring.score_log import record_scores
    from gallop.flow.score_log import ScoreLog
    from gallop.serving.recorder import ScoreRecorder

    if project.settings.table.id == ROW:
        return None
    log = ScoreLog.of_project(project)
    return ScoreRecorder(partial(record_scores, folder=log.folder), log.key)


def _beside_candidate(project: Project, path: Path, digest: str) -> str | None:
    """What the last training wrote, where it made the model with this digest."""
    from gallop.artifacts.bundle import read_manifest

    try:
        if read_manifest(project.paths.candidate).digest == digest:
            return path.read_text(encoding="utf-8")
    except (GallopError, OSError):
        pass
    return None


def _history(project: Project) -> list[dict[str, str]]:
    from gallop.flow.status import read_registry_history

    try:
        changes = [entry.change for entry in read_registry_history(project).changes][::-1]
    except (GallopError, ImportError):
        return []
    return [
        {
            "at": change.at,
            "who": f"{change.who}, {change.command}",
            "what": f"version {change.live} is live" + (", and pinned" if change.pinned else ""),
            "because": change.because,
        }
        for change in changes
    ]
