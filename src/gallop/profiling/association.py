"""How well a column alone ranks the label, and which of its numbers look like stand-ins. Pure."""

import numpy as np

from gallop.evaluation.ranking import group_by_score, roc_auc


def stand_ins(values: np.ndarray) -> tuple[str, ...]:
    """Whole numbers of three or more equal digits, or -1, at the very end of the values and far from the others."""
    distinct = np.unique(values)
    sentinels = []
    for end, neighbour in ((-1, -2), (0, 1)):
        if len(distinct) < 5:
            continue
        value, next_to = float(distinct[end]), float(distinct[neighbour])
        spread = float(np.subtract(*np.percentile(values, [75, 25]))) or 1.0
        digits = str(abs(int(value))) if value == int(value) else ""
        alike = len(digits) >= 3 and len(set(digits)) == 1
        if (alike and abs(value - next_to) > 3 * spread) or (value == -1.0 and next_to >= 0.0):
            sentinels.append(str(int(value)))
    return tuple(sentinels)


def number_association(values: np.ndarray, label: np.ndarray) -> float:
    known = ~np.isnan(values) & ~np.isnan(label)
    if len(np.unique(label[known])) < 2:
        return 0.5
    area = float(roc_auc(*group_by_score(values[known], label[known], 1 - label[known])))
    return max(area, 1 - area)


def level_association(texts: list, label: np.ndarray) -> float:
    """As `number_association`, of each row's level's conversion rate in the *other* half of the rows."""
    labelled = ~np.isnan(label)
    levels: dict[str | None, int] = {}
    codes = np.array([levels.setdefault(text, len(levels)) for text in texts], dtype=int)[labelled]
    yes, half = label[labelled], np.arange(labelled.sum()) % 2
    if len(yes) < 4:
        return 0.5
    rate = np.empty(len(yes))
    for parity in (0, 1):
        counted, ranked = half != parity, half == parity
        rows = np.bincount(codes[counted], minlength=len(levels))
        positives = np.bincount(codes[counted], yes[counted], minlength=len(levels))
        rate[ranked] = ((positives + 5.0 * yes[counted].mean()) / (rows + 5.0))[codes[ranked]]
    # The halves' rates differ a little even of a level without an effect, so each half is ranked by itself.
    return float(np.mean([number_association(rate[half == parity], yes[half == parity]) for parity in (0, 1)]))
