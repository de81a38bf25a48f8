"""`gallop track`, and the first step of model_selection: what waits in the outbox goes to the tracking server."""

from gallop.adapters.mlflow import client
from gallop.adapters.mlflow.address import tracking_uri
from gallop.errors import ServerUnreachableError, TrackingError
from gallop.flow.locks import locked
from gallop.flow.project import Project


def track(project: Project) -> int:
    """Record every run that waits, each exactly once, and take it out of the outbox; returns how many there were.

    Raises:
        ServerUnreachableError, TrackingError: a server that is down or gone half-way; what it does not have yet, waits.
        ChecksumError: an entry is damaged. LockedError: another process records them now.
    """
    from gallop.artifacts import outbox

    paths, uri = project.paths, tracking_uri(project.paths.root)
    waiting = outbox.entries(paths.outbox)
    try:
        client.require(uri)
    except (ServerUnreachableError, TrackingError) as error:
        kept = f". Nothing is lost: {len(waiting)} trained runs wait in {paths.outbox}" if waiting else ""
        raise type(error)(f"{error}{kept}") from None
    if not waiting:
        return 0
    with locked(paths.outbox / ".lock", "the outbox"):
        entries = outbox.entries(paths.outbox)
        for entry in entries:
            from gallop.adapters.mlflow.tracking import record

            record(uri, project.settings.project.name, entry, _artifacts(project, entry.digest))
            entry.remove()
    return len(entries)


def _artifacts(project: Project, digest: str) -> list:
    """Report, metrics and card, where they are those of this training."""
    from gallop.artifacts import bundle

    paths = project.paths
    if not (paths.candidate / bundle.MANIFEST).is_file() or bundle.read_manifest(paths.candidate).digest != digest:
        return []
    return [path for path in (paths.report, paths.metrics, paths.card) if path.is_file()]


def link_of_runs(project: Project, port: int) -> str:
    """The page of the project's experiment. Raises `ServerUnreachableError`, `TrackingError`."""
    from gallop.adapters.mlflow.pages import find_link

    return find_link(tracking_uri(project.paths.root), project.settings.project.name, port)


def serve_runs(project: Project, port: int) -> None:
    """Serve MLflow's pages where no server does, until Ctrl-C. Raises `SettingsError` where the port is in use."""
    from gallop.adapters.mlflow.pages import serve

    serve(tracking_uri(project.paths.root), project.paths.root, port)
