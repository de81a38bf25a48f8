"""data_preprocess: from clean leads to what the model takes. Row-wise only; anything fitted belongs in the model."""

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import FrameT

from gallop.schema import Role
from gallop.settings.features import Features
from gallop.settings.table import Table
from gallop.tables.clock import clock_columns
from gallop.tables.features import inputs


def data_preprocess(leads: FrameT, table: Table, features: Features) -> FrameT:
    """Model-ready leads: id, then group, label and what can say when a lead was, then the model's inputs in order.

    Args:
        leads: typed leads, as `data_clean` keeps them; lazy, then so is the answer.

    Returns:
        One row per lead, in the same order. Numbers are Float64 (null where missing), all else is text.
    """
    there = leads.collect_schema().names()
    keys = [table.id, table.group, *clock_columns(table), *table.with_role(Role.TREATMENT), table.label.column]
    keys = [name for name in keys if name in there]
    return leads.select(*[nw.col(name) for name in dict.fromkeys(keys)], *inputs(table, features))
