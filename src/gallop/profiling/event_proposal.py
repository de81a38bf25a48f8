"""A whole project proposed for a log of events: the section `events`, and what follows from it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from gallop.profiling.event_log import EventOptions, LogProfile
from gallop.profiling.proposal import Leak
from gallop.results.run import EventCounts
from gallop.schema import DAY_US, duration_us
from gallop.settings.split import BY_DAY
from gallop.settings.table import Format

_SCREEN: Final = 60
"""Most inputs that a fold learns from."""
_TEST_SHARE: Final = 0.2


@dataclass(frozen=True)
class EventProposal:
    """What a project for this log would say."""

    asked: EventOptions
    seen: LogProfile
    section: dict[str, Any]
    """The section `events`."""
    columns: tuple[dict[str, Any], ...] = ()
    """Entries of table.columns, from the leads' own table."""
    counts: EventCounts | None = None
    """What the log gave, under this proposal."""
    leaks: tuple[Leak, ...] = ()

    @property
    def left_out(self) -> tuple[Leak, ...]:
        """The leaks that are left out."""
        return tuple(leak for leak in self.leaks if not leak.keep)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model would take."""
        of_leads = [entry["name"] for entry in self.columns if entry["keys"]["role"] != "ignore"]
        return (*self.section["features"], *self.section["expressions"], *of_leads)

    def without(self, leaks: Iterable[Leak]) -> "EventProposal":
        """The proposal with these features and columns left out."""
        found = (*self.leaks, *leaks)
        gone = {leak.column for leak in found if not leak.keep}
        expressions = {name: text for name, text in self.section["expressions"].items() if name not in gone}
        kept = [name for name in self.section["features"] if name not in gone]
        columns = tuple(
            entry | {"keys": {"role": "ignore"}} if entry["name"] in gone else entry for entry in self.columns
        )
        return replace(
            self, section=self.section | {"features": kept, "expressions": expressions}, columns=columns, leaks=found
        )

    def answers(self, name: str, raw: str, form: Format, version: str, origin: str) -> dict[str, Any]:
        """The answers to the questions of the project template."""
        written = {"separator": form.separator, "encoding": form.encoding, "header": form.header}
        section = self.section if form == Format() else {"format": written} | self.section
        answers = {
            "name": name,
            "raw": raw,
            "origin": origin,
            "gallop_version": version,
            "events": section,
            "attribute_notes": {name: attribute.because for name, attribute in self.seen.attributes.items()},
            "label": "converted",
            "columns": list(self.columns),
            "inputs": [],
            "split_by": BY_DAY,
            "gap_days": -(-duration_us(self.section["horizon"]) // DAY_US),
            "test_share": _TEST_SHARE,
            "screen": _SCREEN if len(self.inputs) > _SCREEN else None,
            "leaks": [{"column": leak.column, "because": leak.because, "keep": leak.keep} for leak in self.leaks],
        }
        answers["ascii"] = not str(answers).isprintable()
        return answers
