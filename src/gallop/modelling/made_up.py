"""Leads that are nobody's: to show what a model takes, and to see that it scores as where it was made."""

from typing import Final

import numpy as np
import pandas as pd

from gallop.schema import MISSING_LEVEL, Role

_LEADS: Final = 4


def made_up_leads(X: pd.DataFrame, roles: dict[str, Role], seed: int) -> dict[str, list]:
    """Leads whose every value is drawn by itself, between those of training rows; in the last one all is missing."""
    draw = np.random.default_rng(seed)
    columns = {}
    for name, role in roles.items():
        if role is Role.NUMBER:
            known = X[name].dropna()
            values = np.quantile(known, draw.random(_LEADS)).tolist() if len(known) else [None] * _LEADS
        else:
            values = draw.choice(sorted(set(X[name].dropna())) or [MISSING_LEVEL], _LEADS).tolist()
        columns[name] = [*values, None if role is Role.NUMBER else MISSING_LEVEL]
    return columns


def typical_lead(X: pd.DataFrame, roles: dict[str, Role]) -> pd.DataFrame:
    """One row: of each number the median, of each category the commonest level."""
    typical = {name: [X[name].median() if role is Role.NUMBER else X[name].mode()[0]] for name, role in roles.items()}
    return pd.DataFrame(typical)
