"""The leak guard in a project: what it finds among the columns in use, and whether a run may go on."""

import hashlib
from collections.abc import Iterable

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from gallop.errors import LeakError
from gallop.leakage.finding import Finding, Severity
from gallop.leakage.guard import find_leaks
from gallop.results.run import TrainTestSplit
from gallop.schema import ROW, Role
from gallop.settings.params import Settings
from gallop.settings.table import Table

WHOLE = "*"
"""Acknowledges a finding about the whole table."""


def findings(leads: nw.DataFrame, split: TrainTestSplit, settings: Settings) -> tuple[Finding, ...]:
    """What the guard finds on the training leads, those that stop a run first.

    Args:
        leads: typed leads, as `data_clean` keeps them, with the row number in `schema.ROW`.
        split: which lead is a training lead.
    """
    table = settings.table
    train, test = (
        _rows(leads, _one_a_group(part, table, settings.seed), table.id) for part in (split.train, split.test)
    )
    roles = {name: table.columns[name].role for name in settings.used_columns}
    dates = [name for name, role in roles.items() if role is Role.DATE]
    return find_leaks(
        _columns(train, roles),
        train[table.label.column].to_numpy(),
        roles,
        ids={} if table.id == ROW else {table.id: train[table.id].to_list()},
        order=train[ROW].to_numpy(),
        days=train[table.day].to_list() if table.day else None,
        other_dates={name: train[name].to_list() for name in dates},
        test=_columns(test, roles),
        test_label=test[table.label.column].to_numpy(),
        seed=settings.seed,
    )


def open_stops(findings: Iterable[Finding], settings: Settings) -> list[Finding]:
    """The findings that stop a run and that nobody has acknowledged."""
    acknowledged = {entry.column for entry in settings.leaks.acknowledged}
    return [
        finding
        for finding in findings
        if finding.severity is Severity.STOP and (finding.column or WHOLE) not in acknowledged
    ]


def require_none(findings: Iterable[Finding], settings: Settings) -> None:
    """Stop where a finding is not acknowledged.

    Raises:
        LeakError: names each column, the evidence, and what to write into params.yaml.
    """
    stops = open_stops(findings, settings)
    if not stops:
        return
    lines = [f"{finding.evidence} {finding.advice}" for finding in stops]
    columns = ", ".join(repr(finding.column or WHOLE) for finding in stops)
    raise LeakError(
        f"model_training: the leak guard stops the run. {' — '.join(lines)} — Either take the column out of "
        "features.inputs (and of table.columns give it the role ignore), or write under leaks.acknowledged in "
        f"params.yaml, for each of {columns}: {{column: …, because: a reason, keep: true}}"
    )


def finding_columns(finding: Finding) -> str:
    """The column or columns that a finding is about."""
    return ", ".join([finding.column or WHOLE, *finding.others])


def _rows(leads: nw.DataFrame, ids: list, key: str) -> nw.DataFrame:
    return leads.filter(nw.col(key).is_in(ids)).sort(key)


def _one_a_group(part: nw.DataFrame, table: Table, seed: int) -> list:
    """Ids to look at: of a lead with several rows one, drawn by hash.

    The guard takes rows for independent: the same values with the same outcome again and again would seem to hide it.
    """
    ids = part[table.id].to_list()
    if table.group is None:
        return ids
    chosen: dict[str, tuple[bytes, str]] = {}
    for group, name in zip(part[table.group].to_list(), ids, strict=True):
        draw = (hashlib.sha256(f"{seed}:{name}".encode()).digest(), name)
        chosen[group] = min(chosen.get(group, draw), draw)
    return [name for _, name in chosen.values()]


def _columns(leads: nw.DataFrame, roles: dict[str, Role]) -> pd.DataFrame:
    wanted = {Role.NUMBER: np.float64, Role.CATEGORY: object, Role.BOOLEAN: object}
    return pd.DataFrame(
        {name: pd.Series(leads[name].to_list(), dtype=wanted[role]) for name, role in roles.items() if role in wanted}
    )
