"""`gallop serve` and `gallop keys`: the service over a project's deployed model, and who may use it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gallop.errors import GallopError, SettingsError
from gallop.flow.project import Project

if TYPE_CHECKING:
    from gallop.serving.api_keys import ApiKeys
    from gallop.serving.limits import ServiceLimits
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
    tell: Callable[[str], None],
) -> None:
    """Serve the deployed model until SIGTERM or Ctrl-C.

    Args:
        keys: where the keys are kept; None for the project's own folder.
        ask_for_keys: None to ask for them unless only this machine can reach the service.
        tell: is given sentences for whoever started it.

    Raises:
        SettingsError: the address cannot be used, or keys are asked for and there is none.
        MissingOutputError, ChecksumError: the deployed bundle.
    """
    from gallop.serving import server
    from gallop.serving.app import create_app

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
        card = partial(_card, project)
        app = create_app(
            project.paths.deployed,
            keys=keys_asked,
            limits=limits,
            local=local,
            project=project.settings,
            card=card,
        )
        tell(f"{address.url} serves {project.settings.project.model}; Ctrl-C ends it")
        if asking:
            tell("A browser asks for a password: it is the key, with any user name")
        if not local and address.certificate is None:
            tell("Without TLS, keys and leads can be read on the way: use --certificate and --key, or a proxy with TLS")
        server.run_server(app, listener, address, limits)


def _card(project: Project, digest: str) -> str | None:
    """The card of the model with this digest; None where the last training made another one."""
    from gallop.artifacts.bundle import read_manifest

    try:
        if read_manifest(project.paths.candidate).digest == digest:
            return project.paths.card.read_text(encoding="utf-8")
    except (GallopError, OSError):
        pass
    return None
