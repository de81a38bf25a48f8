"""Rows of one id: which of them stays."""

from typing import Final

import narwhals.stable.v2 as nw

from gallop.schema import ROW, RULE

DUPLICATE: Final = "duplicate_row"
CONFLICT: Final = "conflicting_id"


def claim_duplicates(kept: nw.DataFrame, key: str) -> nw.DataFrame:
    """The rows with what claims them in `schema.RULE`, null where they stay.

    Of equal rows of one id the first stays; rows of one id that differ all go, since none can be trusted. Without an id
    it is unknown whether equal rows are one lead; all of them stay.

    Args:
        kept: texts of rows that no other rule claims, with their numbers in `schema.ROW`. All rows of an id are in it.
    """
    unclaimed = kept.with_columns(nw.lit(None, dtype=nw.String).alias(RULE))
    if key == ROW or not kept[key].is_duplicated().any():
        return unclaimed
    content = [name for name in kept.columns if name != ROW]
    distinct = kept.sort(ROW).unique(subset=content, keep="first", maintain_order=True)
    conflicts = distinct.select(key).filter(distinct.select(key).is_duplicated())[key].unique().to_list()
    repeated = ~nw.col(ROW).is_in(distinct[ROW].to_list())
    rule = nw.when(nw.col(key).is_in(conflicts)).then(nw.lit(CONFLICT))
    return unclaimed.with_columns(rule.otherwise(nw.when(repeated).then(nw.lit(DUPLICATE)).otherwise(None)).alias(RULE))
