"""One training as it is tracked: a run, in it one run per candidate, and in those one per trial."""

from pydantic import Field

from gallop.results.estimates import ResultModel
from gallop.schema import Parameter


class TrackedRun(ResultModel):
    """What was tried, and what came out."""

    name: str
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    """Of this run and of those in it."""
    children: tuple["TrackedRun", ...] = ()
    model: str | None = None
    """Name, beside this record, of the fitted model."""
    example: dict[str, float | str | None] | None = None
    """One row that the model accepts; of no real person."""
