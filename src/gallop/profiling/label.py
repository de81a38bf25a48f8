"""Which texts of an unknown label mean yes, and which no. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gallop.errors import SettingsError, SingleClassError, UnknownLabelError
from gallop.schema import FALSE, TRUE

_POSITIVE: Final = frozenset(
    {*TRUE, "converted", "won", "success", "successful", "churn", "churned", "responded", "buy", "bought", "positive"}
    | {"customer", "closedwon", "subscribed", "purchased", "accepted", "ja", "oui", "si", "sí"}
)
_NEGATIVE: Final = frozenset(
    {
        *FALSE,
        "lost",
        "closedlost",
        "failed",
        "failure",
        "rejected",
        "disqualified",
        "unqualified",
        "abandoned",
        "dead",
        "junk",
    }
    | {"cancelled", "canceled", "declined", "dropped", "negative", "nein", "non", "not", "never", "refused"}
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


def find_label(
    name: str, counts: Counter, positive: str | None, negative: Sequence[str] = (), *, blank: int = 0
) -> LabelValues:
    """Which texts of the label mean yes and which no.

    Args:
        counts: text → rows, without missing ones.
        positive: the text that means yes, where it is set with --positive.
        negative: the texts that mean no, where they are set with --negative; `""` stands for rows without a text.
        blank: rows without a text.

    Raises:
        SingleClassError: fewer than two values. UnknownLabelError: more than two, and `positive` is not set.
        SettingsError: the positive or a negative value does not occur.
    """
    if "" in negative and blank:
        counts = counts + Counter({"": blank})
    folded: Counter = Counter()
    for text, count in counts.items():
        folded[_plain(text)] += count
    if len(folded) < 2:
        raise SingleClassError(_single(name, counts, blank))
    for option, text in (("--positive", positive), *(("--negative", text) for text in negative)):
        if text is not None and _plain(text) not in folded:
            raise SettingsError(f"{option} {text!r}: column {name!r} has {listed(counts)}")
    no = {_plain(text) for text in negative}
    if positive is not None:
        return _with_positive(counts, folded, positive, no)
    if no:
        yes = {*folded} - no
        if len(yes) == 1:
            return _label_of(counts, yes, no, f"{listed(sorted(no))} mean no, set with --negative; the other means yes")
        raise UnknownLabelError(f"column {name!r}: {listed(sorted(yes))} are left; set with --positive which means yes")
    truth_values = {value: count for value, count in folded.items() if value in {*TRUE, *FALSE}}
    if {*truth_values} & {*TRUE} and {*truth_values} & {*FALSE} and sum(truth_values.values()) >= 0.8 * folded.total():
        return _label_of(
            counts, {*truth_values} & {*TRUE}, {*truth_values} & {*FALSE}, "the usual words for yes and no"
        )
    if len(folded) == 2:
        yes = _likely_yes(folded)
        return _label_of(counts, {yes}, {*folded} - {yes}, f"{yes!r} is taken for yes; set the other with --positive")
    likely = next((text for text in counts if _says_yes(_plain(text))), None)
    example = f", such as --positive {likely!r}" if likely else ""
    raise UnknownLabelError(
        f"column {name!r}: the label has {len(folded)} values ({listed(counts)}); set with --positive which means "
        f"yes{example}"
    )


def _plain(text: str) -> str:
    """In lower case, and `1.0` as `1`, which libraries make of it where a value is missing."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", text.strip().lower())


def _single(name: str, counts: Counter, blank: int) -> str:
    sentence = f"column {name!r}: the label has one value only, {sorted(counts)}; two are needed"
    if not (blank and counts):
        return sentence
    return (
        f"{sentence}. {blank:,} rows are empty beside {counts.total():,} with {listed(counts)}: if empty means no, add "
        '--negative ""'
    )


def _with_positive(counts: Counter, folded: Counter, positive: str, no: set[str]) -> LabelValues:
    yes = _plain(positive)
    because = f"{positive!r} means yes, set with --positive"
    if no:
        return _label_of(counts, {yes}, no - {yes}, f"{because}; {listed(sorted(no))} mean no, set with --negative")
    others = {value: count for value, count in folded.items() if value != yes}
    lost = {value for value in others if _says_no(value)}
    if lost and lost != {*others}:
        open_ones = [text for text in counts if _plain(text) in {*others} - lost]
        because += f"; {listed(sorted(lost))} mean no; {listed(open_ones)} are neither, so not decided yet"
        return _label_of(counts, {yes}, lost, because)
    frequent = {value for value, count in others.items() if count >= _RARE * folded.total()} or {*others}
    return _label_of(counts, {yes}, frequent, f"{because}; {listed(sorted(frequent))} mean no")


def _says_yes(value: str) -> bool:
    return value in _POSITIVE or bool({*re.findall(r"\w+", value)} & (_POSITIVE - {*TRUE}) and not _says_no(value))


def _says_no(value: str) -> bool:
    words = {*re.findall(r"\w+", value)}
    return value in _NEGATIVE or bool(words & (_NEGATIVE - {"f", "n", "0"}))


def _likely_yes(folded: Counter) -> str:
    try:
        return max(folded, key=float)
    except ValueError:
        pass
    likely = [value for value in folded if _says_yes(value)] or [value for value in folded if not _says_no(value)]
    return likely[0] if len(likely) == 1 else min(folded, key=lambda value: (folded[value], value))


def _label_of(counts: Counter, yes: set[str], no: set[str], because: str) -> LabelValues:
    positive = tuple(sorted(text for text in counts if _plain(text) in yes))
    negative = tuple(sorted(text for text in counts if _plain(text) in no))
    junk = {text: count for text, count in counts.most_common() if _plain(text) not in yes | no}
    return LabelValues(positive, negative, junk, because)


def listed(values: Iterable) -> str:
    """Up to five of the values, for a sentence."""
    texts = ["no text" if value == "" else repr(value) for value in values]
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
