"""What the service answers, as OpenAPI describes it."""

from typing import Literal

from pydantic import BaseModel, Field

Identifier = str | int | float | None


class LeadScore(BaseModel):
    """The score of one lead."""

    index: int = Field(description="The lead's place in the request, from 0.")
    id: Identifier = Field(None, description="As it was given.")
    probability: float = Field(ge=0, le=1, description="That the lead converts.")
    low: float = Field(description="Of leads with such a score, at least this share converts.")
    high: float = Field(description="Of leads with such a score, at most this share converts.")
    uplift: float | None = Field(None, description="What a contact adds to the probability, where the model knows.")
    prediction: Literal["converts", "does not", "open"]
    decision: Literal["contact", "wait"]
    held_out: bool = Field(description="In the standing random hold-out, and so not contacted by score.")
    band: str


class LargestReason(BaseModel):
    """One of the largest reasons for a score."""

    column: str
    log_odds: float
    words: str


class ExplainedLead(LeadScore):
    """A score with its reasons; `base` and all contributions add up to `log_odds`."""

    base: float
    contributions: dict[str, float]
    log_odds: float
    reasons: list[LargestReason]


class FieldFault(BaseModel):
    """What is wrong with one field; its value is never told."""

    pointer: str
    detail: str
    rule: str | None = None


class RejectedLead(BaseModel):
    """A lead that a row rule sets aside."""

    index: int
    id: Identifier = None
    errors: list[FieldFault]


class ScoreAnswer(BaseModel):
    """Scores in the order of the request; every lead is in `scores` or in `rejected`."""

    model_version: str
    scores: list[LeadScore]
    rejected: list[RejectedLead]
    noticed: dict[str, int] = Field(description="Unseen levels and the like that were scored all the same, per rule.")


class ExplainAnswer(BaseModel):
    """As the answer of `score`, with reasons."""

    model_version: str
    scores: list[ExplainedLead]
    rejected: list[RejectedLead]
    noticed: dict[str, int]


class ProblemAnswer(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldFault] = []


class HealthAnswer(BaseModel):
    """That the process runs."""

    status: Literal["ok"]


class ReadyAnswer(BaseModel):
    """Which model answers."""

    status: Literal["ready"]
    model_version: str


class ModelAnswer(BaseModel):
    """What answers, what it learnt from, and what it takes."""

    name: str
    model_version: str
    family: str
    data: str
    data_version: dict
    code_version: dict
    metrics: dict[str, dict]
    threshold: float
    bands: dict[str, float]
    libraries: dict[str, str]
    lead_schema: dict
    card: str | None = Field(description="Markdown; null where the bundle came without one.")
