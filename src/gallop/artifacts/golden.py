"""Golden rows: made-up leads whose scores and reasons go with a model, and are worked out again when it is loaded.

Another version of a library, another processor or a damaged table that scores them differently refuses to serve.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from gallop.additive.model import AdditiveModel
from gallop.errors import ChecksumError

GOLDEN: Final = "golden.json"
_TOLERANCE: Final = 1e-6


def write_golden(model: AdditiveModel, leads: Mapping[str, Sequence[Any]]) -> bytes:
    """The file's content.

    Args:
        leads: model input → its values in the made-up leads; None where missing.
    """
    parts, base = model.contributions(_inputs(leads))
    content = {"leads": {name: list(values) for name, values in leads.items()}, "base": base, "reasons": parts.tolist()}
    return json.dumps(content).encode() + b"\n"


def replay_golden(model: AdditiveModel, content: bytes, source: object) -> None:
    """Score the golden rows again. Raises `ChecksumError` where a score or a reason is another one."""
    golden = json.loads(content)
    leads = _inputs(golden["leads"])
    parts, base = model.contributions(leads)
    expected = np.array(golden["reasons"])
    apart = max(
        float(np.abs(parts - expected).max()),
        abs(base - golden["base"]),
        float(np.abs(model.log_odds(leads) - golden["base"] - expected.sum(axis=1)).max()),
    )
    if not apart <= _TOLERANCE:
        raise ChecksumError(
            f"{source}: the model scores its golden rows differently here, by {apart:.2g} in log-odds; accepted is "
            f"{_TOLERANCE:.0e}. Another version of LightGBM or numpy, or another processor, may be the reason: install "
            "what requirements.lock names, or train again here"
        )


def _inputs(leads: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """Texts stay texts; everything else is numbers, NaN where missing."""
    return {
        name: np.array(values, dtype=object if any(isinstance(value, str) for value in values) else np.float64)
        for name, values in leads.items()
    }
