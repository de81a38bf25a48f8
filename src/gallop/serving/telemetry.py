"""What the service counts, for Prometheus. Labels come from the schema and the routes alone, never from a request."""

from collections import Counter as Tally
from collections.abc import Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gallop.serving.live_model import ServedModel
from gallop.serving.recorder import ScoreRecorder
from gallop.serving.scorer import LeadScores

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


class Telemetry:
    """The counters of one service."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        labels = ["route", "method", "status"]
        self._requests = Counter("gallop_requests", "Requests answered.", labels, registry=registry)
        self._seconds = Histogram(
            "gallop_request_seconds",
            "From the first byte to the answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._scores = Histogram("gallop_score", "Probabilities given.", buckets=_TENTHS, registry=registry)
        self._bands = Counter("gallop_leads_scored", "Leads scored.", ["band"], registry=registry)
        names = ["field", "rule"]
        self._rejected = Counter("gallop_rejected_leads", "Leads that a rule rejects.", names, registry=registry)
        self._noticed = Counter(
            "gallop_noticed_values",
            "Unseen levels and the like that were scored all the same.",
            ["rule"],
            registry=registry,
        )
        self._swaps = Counter("gallop_model_swaps", "New bundles taken or refused.", ["outcome"], registry=registry)
        self._model = Gauge("gallop_model_info", "The model that answers.", ["name", "version"], registry=registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(seconds)

    def scored(self, outcome: LeadScores) -> None:
        """Leads have been scored."""
        for score in outcome.scores.values():
            self._scores.observe(score["probability"])
        self._count(self._bands, Tally(score["band"] for score in outcome.scores.values()))
        for rule, leads in Tally((rule.column, rule.name) for rule in outcome.rejected.values()).items():
            self._rejected.labels(*rule).inc(leads)
        self._count(self._noticed, outcome.noticed)

    @staticmethod
    def _count(counter: Counter, tally: Mapping[str, int]) -> None:
        for label, number in tally.items():
            counter.labels(label).inc(number)

    def swapped(self, model: ServedModel | None) -> None:
        """A model answers from now on, or, where it is None, a new bundle could not be loaded."""
        self._swaps.labels("taken" if model else "refused").inc()
        if model:
            self._model.clear()
            self._model.labels(model.bundle.manifest.model, model.version).set(1)

    def watch(self, recorder: ScoreRecorder) -> None:
        """Count what becomes of leads on their way to the log of scores."""
        for outcome in ("recorded", "dropped"):
            gauge = Gauge(f"gallop_{outcome}_leads", f"Leads {outcome} by the log of scores.", registry=self._registry)
            gauge.set_function(partial(getattr, recorder, outcome))

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)
