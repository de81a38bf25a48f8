"""Made-up leads of the reference table, as text, for tests to vary."""

from collections.abc import Iterable

import narwhals.stable.v2 as nw
from hypothesis import strategies as st

from gallop.schema import ROW

Lead = dict[str, str]

GOOD: Lead = {
    "lead_id": "L0",
    "lead_indicator": "1",
    "date_part": "2024-01-3",
    "source": "signup",
    "purchases": "5",
    "time_spent": "100.5",
    "customer_group": "2",
    "onboarding": "True",
    "n_visits": "9",
}


def lead(**changes: str) -> Lead:
    """A lead that keeps every rule, with some values changed."""
    return GOOD | changes


def many(count: int, **changes: str) -> list[Lead]:
    """Leads with ids of their own, half of them converted."""
    return [lead(lead_id=f"L{number}", lead_indicator=str(number % 2)) | changes for number in range(count)]


def raw(leads: Iterable[Lead], backend: str = "polars") -> nw.DataFrame:
    """The leads as a table of text with row numbers, as `read_text` gives it."""
    rows = list(leads)
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else GOOD)}
    schema = {ROW: nw.Int64(), **dict.fromkeys(columns, nw.String())}
    return nw.from_dict({ROW: list(range(1, len(rows) + 1)), **columns}, schema, backend=backend)


def values(frame: nw.DataFrame) -> list[tuple]:
    """The rows of a table as tuples."""
    return list(zip(*(frame[name].to_list() for name in frame.columns), strict=True))


# Leads with every sort of fault in every sort of column, and a few ids, so that some repeat.
messy_leads = st.lists(
    st.fixed_dictionaries(
        {
            "lead_id": st.sampled_from(["", "A", "B", "C", "D", "E", "F"]),
            "lead_indicator": st.sampled_from(["", "0", "1", "2", " 1 "]),
            "date_part": st.sampled_from(["", "2024-01-3", "2024-01-31", "2024-02-1", "2023-12-31", "soon"]),
            "source": st.sampled_from(["", "signup", "signup", "signup", "fb", "tv"]),
            "purchases": st.sampled_from(["", "0", "5", "-1", "NaN", "five"]),
            "time_spent": st.sampled_from(["", "1.5", "1e2", "1e999"]),
            "customer_group": st.sampled_from(["", "1", "9", "10"]),
            "onboarding": st.sampled_from(["", "true", "False", "maybe"]),
            "n_visits": st.sampled_from(["", "3", "4"]),
        }
    ),
    min_size=1,
    max_size=25,
)
