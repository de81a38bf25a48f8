"""What is remembered of each scored lead: enough to hold the score against what became of the lead, later. Pure.

A lead goes by a keyed hash of its id (HMAC-SHA-256; Krawczyk, Bellare & Canetti 1997): whoever has the log and not
the key cannot tell whose score it is, nor find out by trying ids.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import narwhals.stable.v2 as nw

_DIGITS: Final = 32
"""Hexadecimal digits of a hashed id: 128 bits, so that no two ids ever share one."""


@dataclass(frozen=True)
class ScoredLead:
    """One score of one lead."""

    lead: str
    """The id, or its keyed hash."""
    scored_at: datetime
    """When the score was there to be used, with a time zone."""
    probability: float
    band: str
    decision: str
    held_out: bool
    """Whether the lead is in the standing random hold-out, and so never contacted by score."""
    model_version: str
    inputs: str
    """What the model saw of the lead: a JSON object of column → text as it came in, or null."""


def hashed_id(lead: str, key: bytes | None) -> str:
    """The id as the log has it: its keyed hash, or itself where there is no key."""
    if key is None:
        return lead
    return hmac.new(key, lead.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def scored_leads(
    ranked: nw.DataFrame, inputs: nw.DataFrame, scored_at: datetime, key: bytes | None
) -> list[ScoredLead]:
    """The scores of a table as the log has them.

    Args:
        ranked: as `gallop.scoring.score_table` gives it, n rows; the first column is the id.
        inputs: what the model saw of each lead, as text, in the same order.
        scored_at: when the scores were there to be used.
        key: of the hash of ids; None to keep ids as they are.
    """
    columns = ("probability", "band", "decision", "held_out", "model_version")
    parts = [ranked[name].to_list() for name in columns]
    ids = [hashed_id(str(lead), key) for lead in ranked[ranked.columns[0]].to_list()]
    texts = _as_json(inputs)
    return [
        ScoredLead(lead, scored_at, *values, inputs=text)
        for lead, *values, text in zip(ids, *parts, texts, strict=True)
    ]


def _as_json(inputs: nw.DataFrame) -> Sequence[str]:
    columns = [inputs[name].to_list() for name in inputs.columns]
    return [
        json.dumps(dict(zip(inputs.columns, values, strict=True)), ensure_ascii=False)
        for values in zip(*columns, strict=True)
    ]
