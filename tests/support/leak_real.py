"""The six evaluation tables as the guard sees them, and honest parts of them."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gallop.schema import NUMBER
from tests.support.leak_tables import Leads

MISSING = frozenset({"", "NA", "nan", "Select"})


@dataclass(frozen=True)
class Source:
    """Where a table lies, its label, and what its own description calls leaks."""

    file: str
    label: str
    positive: str
    negative: str
    ids: tuple[str, ...] = ()
    day: str | None = None
    dates: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    must_name: tuple[str, ...] = ()
    separator: str = ","


SOURCES = {
    "course": Source(
        "course_raw_data.csv", "lead_indicator", "1", "0", ("lead_id", "customer_code"), "date_part",
        ("first_booking", "last_seen"),
    ),
    "online shoppers": Source(
        "online_shoppers_intention.csv", "Revenue", "true", "false", leaks=("PageValues",), must_name=("PageValues",)
    ),
    "telco": Source("telco_customer_churn.csv", "Churn", "yes", "no", ("customerID",)),
    "X Education": Source(
        "x_education_leads.csv", "Converted", "1", "0", ("Prospect ID", "Lead Number"),
        leaks=(
            "Tags", "Lead Quality", "Lead Profile", "Asymmetrique Activity Index", "Asymmetrique Profile Index",
            "Asymmetrique Activity Score", "Asymmetrique Profile Score", "Last Activity", "Last Notable Activity",
        ),
        must_name=("Tags", "Lead Quality", "Last Notable Activity"),
    ),
    "campaign": Source("marketing_campaign.csv", "Response", "1", "0", ("ID",), dates=("Dt_Customer",), separator=";"),
    "job change": Source("job_change.csv", "target", "1", "0", ("enrollee_id",)),
}  # fmt: skip


def real(name: str, shared: Path) -> Leads:
    """One evaluation table, labelled rows only, constants left out."""
    source = SOURCES[name]
    raw = pd.read_csv(shared / "data" / source.file, sep=source.separator, dtype=str, keep_default_na=False)
    outcome = raw[source.label].str.strip().str.lower()
    known = outcome.isin([source.positive, source.negative])
    order, raw, outcome = np.flatnonzero(known), raw[known].reset_index(drop=True), outcome[known]
    apart = {source.label, *source.ids, *source.dates, source.day}
    typed = {column: _typed(raw[column]) for column in raw.columns if column not in apart}
    table = pd.DataFrame({column: values for column, values in typed.items() if values.nunique() > 1})
    days = {column: [_day(text) for text in raw[column]] for column in (*source.dates, source.day) if column}
    ids = raw[source.ids[0]].tolist() if source.ids else [str(row) for row in order]
    decided = days.pop(source.day) if source.day else None
    return Leads(table, (outcome == source.positive).to_numpy().astype(float), ids, decided, days, order)


def honest(leads: Leads, name: str) -> Leads:
    """Without the columns that the table's description calls leaks."""
    return replace(leads, table=leads.table.drop(columns=[*SOURCES[name].leaks]))


def part(leads: Leads, random, rows: float = 0.7, columns: float = 0.7) -> Leads:
    """Some rows, without repetition, and some columns."""
    label = leads.label
    taken = np.sort(random.choice(len(label), int(rows * len(label)), replace=False))
    kept = sorted(random.choice(leads.table.shape[1], max(3, int(columns * leads.table.shape[1])), replace=False))
    return Leads(
        leads.table.iloc[taken, kept].reset_index(drop=True),
        label[taken],
        [leads.ids[row] for row in taken],
        None if leads.days is None else [leads.days[row] for row in taken],
        {name: [texts[row] for row in taken] for name, texts in leads.dates.items()},
        None if leads.order is None else leads.order[taken],
    )


def _typed(texts: pd.Series) -> pd.Series:
    stripped = texts.str.strip()
    kept = stripped.where(~stripped.isin(MISSING))
    if kept.dropna().map(lambda text: bool(re.match(NUMBER, text))).all():
        return kept.astype(float)
    return kept.astype(object).where(kept.notna(), None)


def _day(text: str) -> str | None:
    return "-".join(part.zfill(2) for part in text.split("-")) if text else None
