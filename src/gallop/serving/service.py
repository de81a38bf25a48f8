"""What the routes share: the live model, its counters, its threads, and scoring a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gallop.serving.limits import ServiceLimits
from gallop.serving.live_model import LiveModel, ServedModel
from gallop.serving.recorder import ScoreRecorder
from gallop.serving.requests import LeadsAsked
from gallop.serving.scorer import LeadScores
from gallop.serving.telemetry import Telemetry
from gallop.serving.work import ScoringThreads
from gallop.tables.rules import Rule


@dataclass(frozen=True)
class Service:
    """The parts of a running service."""

    live: LiveModel
    telemetry: Telemetry
    limits: ServiceLimits
    threads: ScoringThreads
    card: Callable[[str], str | None] | None
    """Digest of a bundle → its model card."""
    recorder: ScoreRecorder | None

    async def score(self, model: ServedModel, asked: LeadsAsked) -> LeadScores:
        """Score the leads of a request, and count them."""
        outcome = await self.threads.run(lambda: model.scorer.score(asked.texts, asked.names))
        self.telemetry.scored(outcome)
        if self.recorder:
            self.recorder.add(model, asked, outcome)
        return outcome


def fault(rule: Rule, where: str) -> dict[str, Any]:
    """What a lead's field should have been, for the rule that it breaks."""
    return {"pointer": where, "detail": f"accepted is {rule.accepts}", "rule": rule.name}
