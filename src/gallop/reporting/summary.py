from dataclasses import dataclass


@dataclass(frozen=True)
class RunSummary:
    facts: object
    quality: object
    data: object
    source: str
    selected: object
    places: dict
    next_steps: tuple


def render(r):
    return str(r.facts.test.metrics) + str(r.selected) + str(r.places)
