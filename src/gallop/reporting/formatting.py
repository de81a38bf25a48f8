"""How figures and names are written, in every report alike: three decimals, thousands separators, plain words."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final, TypeVar

from gallop.evaluation.metrics import LOWER_IS_BETTER, Estimate
from gallop.results.evidence import Reason
from gallop.results.percent import percent
from gallop.results.run import DataVersion
from gallop.settings.event_features import EventFeature

COUNTED: Final = ("n_", "num_", "nb_", "count_", "number_of_")
"""How names of columns begin that count something."""
TRUTHS: Final = {"true": "yes", "false": "no"}

_ACTED_ON: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
UNKNOWN: Final = "unknown"
"""How a missing value is called."""
Item = TypeVar("Item")

SAMPLE_BANNER: Final = "SAMPLE DATA — synthetic; not a real result"

METRIC_NAMES: Final = {
    "log_loss": "log-loss",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier",
    "accuracy": "accuracy",
    "f1": "F1",
}

METRIC_MEANINGS: Final = {
    "log_loss": "How far the probabilities are from what happened; a confident mistake costs most. 0 is perfect.",
    "roc_auc": "How often a customer is ranked above a lead that did not convert. 0.5 is a coin toss, 1 is perfect.",
    "pr_auc": "The share of customers among the leads called, averaged over how far down the list one calls.",
    "brier": "The mean squared distance between probability and outcome. 0 is perfect.",
    "accuracy": "The share of leads on the right side of the threshold.",
    "f1": "The balance between calling customers only and calling all of them, at the threshold. 1 is perfect.",
}


def figure(value: float) -> str:
    """Three decimals; `n/a` for a figure that is undefined."""
    return f"{round(value, 3) + 0.0:,.3f}" if math.isfinite(value) else "n/a"


def signed(value: float) -> str:
    """Three decimals with a sign; what rounds to zero is `+0.000` and never `-0.000`."""
    return f"{round(value, 3) + 0.0:+,.3f}" if math.isfinite(value) else "n/a"


def interval(estimate: Estimate) -> str:
    """`[low, high]`."""
    return f"[{figure(estimate.low)}, {figure(estimate.high)}]"


def with_interval(estimate: Estimate) -> str:
    """`value [low, high]`."""
    return f"{figure(estimate.value)} {interval(estimate)}"


def signed_interval(estimate: Estimate) -> str:
    """`+value [+low, +high]`, for differences."""
    return f"{signed(estimate.value)} [{signed(estimate.low)}, {signed(estimate.high)}]"


def money(amount: float) -> str:
    """Three significant figures and thousands separators, since no forecast of money has more: `5,430`, `-12.5`."""
    if not math.isfinite(amount):
        return "n/a"
    decimals = max(0, 2 - math.floor(math.log10(abs(amount)))) if abs(amount) >= 0.01 else 0
    kept = round(amount, 2 - math.floor(math.log10(abs(amount)))) if abs(amount) >= 1000 else amount
    text = f"{kept + 0.0:,.{min(decimals, 2)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def range_text(estimate: Estimate, decimals: int = 0) -> str:
    """`low to high`, for sentences."""
    return f"{estimate.low:,.{decimals}f} to {estimate.high:,.{decimals}f}".replace("-0 ", "0 ")


def money_range(estimate: Estimate) -> str:
    """`low to high` in money."""
    return f"{money(estimate.low)} to {money(estimate.high)}"


@cache
def words(column: str) -> str:
    """A column's name as words: `n_visits` → `visits`, `time_spent` → `time spent`."""
    for prefix in COUNTED:
        if column.lower().startswith(prefix) and len(column) > len(prefix):
            column = column[len(prefix) :]
            break
    return plain(column.replace("_", " ")) or column


def brief(value: float) -> str:
    """A number as people write it: whole where it is whole, else three significant figures."""
    if not math.isfinite(value):
        return "n/a"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"


def describe_reason(reason: Reason, features: Mapping[str, EventFeature] | None = None) -> str:
    """What a lead has in one column, and what it adds: `14 visits: +1.9`, `source organic: -0.4`.

    Args:
        features: the features of events, each of which has a sentence: `4 view events in the last 7 days: +0.8`.
    """
    name = words(reason.column)
    if features and reason.column in features:
        state = plain(features[reason.column].sentence(reason.value))
    elif reason.value is None or reason.value == "":
        state = f"{name} {UNKNOWN}"
    elif isinstance(reason.value, str):
        state = f"{name} {TRUTHS.get(reason.value.lower(), plain(reason.value))}"
    elif reason.column.lower().startswith(COUNTED) or (name.endswith("s") and " " not in name):
        state = f"{brief(reason.value)} {name}"
    else:
        state = f"{name} {brief(reason.value)}"
    return f"{state}: {round(reason.log_odds, 1) + 0.0:+.1f}"


def in_level_order(items: Iterable[Item], level: Callable[[Item], str]) -> list[Item]:
    """Items of one category in the order of its levels, where these are numbers (2 before 10); else as they come.

    What is no number (a missing value, small levels together) comes last. Where there are more than two such, the
    category is not numeric.
    """
    items = list(items)
    numbers = {index: number for index, item in enumerate(items) if (number := _number(level(item))) is not None}
    if len(numbers) < 2 or len(items) - len(numbers) > 2:
        return items
    order = sorted(range(len(items)), key=lambda index: (index not in numbers, numbers.get(index, 0.0)))
    return [items[index] for index in order]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def count(rows: int) -> str:
    """Thousands separators."""
    return f"{rows:,}"


def leads(rows: int) -> str:
    """`1 lead`, `2,937 leads`."""
    return f"{count(rows)} {'lead' if rows == 1 else 'leads'}"


def percent_of(part: int, whole: int, decimals: int = 1) -> str:
    """`part` of `whole` as a percentage; nothing of nothing is `0.0 %`."""
    return percent(part / whole if whole else 0.0, decimals)


def plain(text: str) -> str:
    """The text on one line, with every character that a terminal would act on replaced."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def printable(text: str) -> str:
    """A whole page or sentence, line for line, without what a terminal or a browser would act on in a name: controls,
    and marks that turn the direction of writing."""
    return _ACTED_ON.sub("\N{REPLACEMENT CHARACTER}", text)


def version(data: DataVersion) -> str:
    """`dvc:<md5>`: where the table's version is known from, and which it is."""
    return f"{data.origin}:{data.md5}"


def family(name: str) -> str:
    """`gradient_boosting` → `gradient boosting`."""
    return name.replace("_", " ")


def describe_given_up(families: Sequence[str]) -> str:
    """Which families are no candidates, and why, in a sentence; empty where all are."""
    names = ", ".join(map(family, families))
    return f"Stopped after the first folds, because clearly behind: {names}." if names else ""


def metric(name: str) -> str:
    """The metric's name for people; a metric this version does not know keeps its own name."""
    return METRIC_NAMES.get(name, name)


def title(text: str) -> str:
    """The text with its first letter in upper case and the rest as it was."""
    return text[:1].upper() + text[1:]


def direction(name: str) -> str:
    """Which way the metric is better."""
    return "lower is better" if name in LOWER_IS_BETTER else "higher is better"


def parameter(value: str | int | float | bool | None) -> str:
    """A parameter's value as params.yaml writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
