"""How many rows each rule sets aside, over all parts of a table."""

import narwhals.stable.v2 as nw

from gallop.errors import WrongTypeError
from gallop.schema import ROW, RULE, New
from gallop.tables.rules import UNKNOWN_LABEL, Rule


class RuleTally:
    """How many rows each rule has set aside, and the first of them, over all parts of a table."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules = rules
        self.counts = dict.fromkeys((rule.name for rule in rules), 0)
        self.first: dict[str, tuple[int, str | None]] = {}
        """Of each rule that set any row aside: the number of the first one, and the text in the rule's column."""
        self.labels: list[str] = []
        """Labels that the settings do not know: the first five in alphabetical order."""

    def add(self, rejected: nw.DataFrame) -> None:
        """Count rows that are set aside, with their rule in `schema.RULE`."""
        numbers = rejected.group_by(RULE).agg(nw.col(ROW).count().alias("rows"), nw.col(ROW).min().alias("first"))
        by_name = {rule.name: rule for rule in self.rules}
        for name, rows, first in numbers.iter_rows():
            self.counts[name] += rows
            if name not in self.first or first < self.first[name][0]:
                text = rejected.filter(nw.col(ROW) == first)[by_name[name].column][0]
                self.first[name] = (first, text)
            if name == UNKNOWN_LABEL:
                labels = rejected.filter(nw.col(RULE) == name)[by_name[name].column].unique().to_list()
                self.labels = sorted({*self.labels, *labels})[:5]

    def refuse_new(self, source: str) -> None:
        """Raises `WrongTypeError` where a row breaks a rule at which the run stops: `on_new` is refuse."""
        for rule in self.rules:
            if rule.on is New.REFUSE and (count := self.counts[rule.name]):
                row, text = self.first[rule.name]
                raise WrongTypeError(
                    f"{source}: row {row}, column {rule.column!r}: {text!r} is not {rule.accepts}; {count} rows break "
                    f"the rule {rule.name}, and on_new is refuse"
                )
