"""What is live, what waits, and whether everything says the same: what `gallop status` shows."""

from pydantic import Field

from gallop.results.estimates import Estimate, ResultModel


class VersionFacts(ResultModel):
    """A version of the registry, as an operator wants to know it."""

    version: str
    family: str | None = None
    data: str | None = None
    """`sample` or `real`."""
    data_version: str | None = None
    """MD5 of the raw table."""
    code_version: str | None = None
    figures: dict[str, Estimate] = Field(default_factory=dict)
    """Of its test rows."""


class LiveVersion(VersionFacts):
    """The champion."""

    since: str | None
    who: str | None
    command: str | None
    because: str | None
    instead_of: str | None
    """The version that was live before."""


class Challenger(VersionFacts):
    """The newest version that was not good enough."""

    because: str | None
    """The decision about it."""


class Pinned(ResultModel):
    """That no run promotes over the champion, and who said so."""

    since: str
    who: str
    because: str


class Check(ResultModel):
    """Whether two things that have to agree do."""

    what: str
    agrees: bool
    says: str
    """What was found, and where they do not agree, what mends it."""


class Status(ResultModel):
    """All of it."""

    project: str
    model: str
    registry: str
    """Its address, without secrets."""
    live: LiveVersion | None
    pinned: Pinned | None
    challenger: Challenger | None
    checks: tuple[Check, ...]
    untrained: tuple[str, ...]
    """What is newer than the last training: data, settings."""

    @property
    def agrees(self) -> bool:
        """Whether all checks hold."""
        return all(check.agrees for check in self.checks)
