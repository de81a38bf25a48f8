"""Which texts of an unknown label mean yes, and which no. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gallop.errors import SettingsError, SingleClassError, UnknownLabelError
from gallop.schema import FALSE, TRUE

_POSITIVE: Final = (
    *TRUE,
    *(
        "converted",
        "won",
        "success",
        "churn",
        "churned",
        "responded",
        "buy",
        "bought",
        "positive",
        "customer",
        "ja",
        "oui",
    ),
)
_RARE = 0.01
"""Share of rows below which a value is taken for a typing error, not for a class."""


@dataclass(frozen=True)
class LabelValues:
    """How the label's values read."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    junk: dict[str, int]
    """Other texts, with their rows."""
    because: str


def find_label(name: str, counts: Counter, positive: str | None) -> LabelValues:
    """Which texts of the label mean yes and which no.

    Args:
        counts: text → rows, without missing ones.
        positive: the text that means yes, where it is set with --positive.

    Raises:
        SingleClassError: fewer than two values. UnknownLabelError: more than two, and `positive` is not set.
        SettingsError: the positive value does not occur.
    """
    folded: Counter = Counter()
    for text, count in counts.items():
        folded[text.lower()] += count
    if len(folded) < 2:
        raise SingleClassError(f"column {name!r}: the label has one value only, {sorted(counts)}; two are needed")
    total = folded.total()
    if positive is not None:
        wanted = positive.strip().lower()
        if wanted not in folded:
            raise SettingsError(f"--positive {positive!r}: column {name!r} has {listed(counts)}")
        frequent = [value for value, count in folded.items() if value != wanted and count >= _RARE * total]
        no = frequent or [value for value in folded if value != wanted]
        return _label_of(
            counts, {wanted}, set(no), f"{positive!r} means yes, set with --positive; {listed(no)} mean no"
        )
    truth_values = {value: count for value, count in folded.items() if value in {*TRUE, *FALSE}}
    if {*truth_values} & {*TRUE} and {*truth_values} & {*FALSE} and sum(truth_values.values()) >= 0.8 * total:
        return _label_of(
            counts, {*truth_values} & {*TRUE}, {*truth_values} & {*FALSE}, "the usual words for yes and no"
        )
    if len(folded) == 2:
        yes = _likely_yes(folded)
        return _label_of(counts, {yes}, {*folded} - {yes}, f"{yes!r} is taken for yes; set the other with --positive")
    raise UnknownLabelError(
        f"column {name!r}: the label has {len(folded)} values ({listed(counts)}); set with --positive which means yes"
    )


def _likely_yes(folded: Counter) -> str:
    for value in folded:
        if value in _POSITIVE:
            return value
    try:
        return max(folded, key=float)
    except ValueError:
        return min(folded, key=lambda value: (folded[value], value))


def _label_of(counts: Counter, yes: set[str], no: set[str], because: str) -> LabelValues:
    positive = tuple(sorted(text for text in counts if text.lower() in yes))
    negative = tuple(sorted(text for text in counts if text.lower() in no))
    junk = {text: count for text, count in counts.most_common() if text.lower() not in yes | no}
    return LabelValues(positive, negative, junk, because)


def listed(values: Iterable) -> str:
    """Up to five of the values, for a sentence."""
    texts = [repr(value) for value in values]
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
