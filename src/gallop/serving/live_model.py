"""The model that answers: follows the link `models/deployed`, so that a deployment or a rollback needs no restart.

A new bundle is verified, loaded and warmed beside the one that answers, and then takes its place in one assignment.
A request holds on to the model it began with, so no answer mixes two versions. A bundle that cannot be loaded changes
nothing but a counter, and is tried again.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gallop.artifacts.bundle import MANIFEST, Bundle, load_bundle
from gallop.errors import GallopError
from gallop.schema import New
from gallop.serving.lead_fields import LeadFields
from gallop.serving.scorer import LeadScorer
from gallop.settings.params import Settings

POLL_S: Final = 0.5
_RETRY_S: Final = 30.0

Identity = tuple[str, int, int]


@dataclass(frozen=True)
class Trust:
    """What the project asks of a bundle."""

    project: Settings | None = None
    """The settings that say who is held out at random; None for those the bundle was trained under."""
    check: Callable[[Path], object] = lambda folder: None  # noqa: ARG005
    """Raises a `GallopError` for a folder that may not be used: one without the signature that is asked for."""


@dataclass(frozen=True)
class ServedModel:
    """A bundle that has been verified, loaded, and has scored a lead."""

    bundle: Bundle
    version: str
    folder: Path
    fields: LeadFields
    scorer: LeadScorer


class LiveModel:
    """Holds the model that answers now, and looks for a new one."""

    def __init__(self, deployed: Path, on_swap: Callable[[ServedModel | None], None], trust: Trust) -> None:
        """Args:
        deployed: the link to the bundle, or a bundle's folder.
        trust: what a bundle needs besides its own word.
        on_swap: is told the model that answers from now on, or None where a new one could not be loaded.
        """
        self._deployed, self._on_swap, self._trust = deployed, on_swap, trust
        self._identity = _identity(deployed)
        self._failed: tuple[Identity | None, float] | None = None
        self.now = serve_bundle(deployed, trust)
        on_swap(self.now)

    async def follow(self) -> None:
        """Look for a new bundle, for ever."""
        while True:
            await asyncio.sleep(POLL_S)
            await self.look()

    async def look(self) -> bool:
        """Take a new bundle where there is one; whether it answers now."""
        identity = _identity(self._deployed)
        waiting = self._failed and self._failed[0] == identity and time.monotonic() < self._failed[1]
        if identity is None or identity == self._identity or waiting:
            return False
        try:
            model = await asyncio.to_thread(serve_bundle, self._deployed, self._trust)
        except (GallopError, OSError):
            self._failed = (identity, time.monotonic() + _RETRY_S)
            self._on_swap(None)
            return False
        self.now, self._identity, self._failed = model, identity, None
        self._on_swap(model)
        return True


def _identity(deployed: Path) -> Identity | None:
    """What tells one deployment from the next; None while there is none."""
    with contextlib.suppress(OSError):
        stat = (deployed / MANIFEST).stat()
        return str(deployed.resolve()), stat.st_ino, stat.st_mtime_ns
    return None


def serve_bundle(deployed: Path, trust: Trust | None = None) -> ServedModel:
    """Verify and load a bundle, and let it score a lead.

    Raises:
        MissingOutputError, ChecksumError: as `load_bundle`. Whatever `trust.check` raises.
    """
    # Resolved once: the link may be pointed elsewhere while the files are read.
    folder, trust = deployed.resolve(), trust or Trust()
    trust.check(folder)
    bundle = load_bundle(folder)
    bundle = replace(bundle, settings=_rejecting(bundle.settings))
    fields, scorer = LeadFields(bundle.settings), LeadScorer(bundle, trust.project)
    model = ServedModel(bundle, bundle.manifest.version or "candidate", folder, fields, scorer)
    if not fields.made:
        texts, _ = fields.read(fields.example())
        for _ in range(2):
            scorer.score([texts], [""])
    return model


def _rejecting(settings: Settings) -> Settings:
    """The settings, under which a value that a run would stop at is a reason to reject its lead alone."""
    table = settings.table
    kinds = {kind: New.REJECT for kind in ("level", "range", "type") if getattr(table.on_new, kind) is New.REFUSE}
    columns = {
        name: column.model_copy(update={"on_new": New.REJECT}) if column.on_new is New.REFUSE else column
        for name, column in table.columns.items()
    }
    on_new = table.on_new.model_copy(update=kinds)
    return settings.model_copy(update={"table": table.model_copy(update={"on_new": on_new, "columns": columns})})
