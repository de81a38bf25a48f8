"""What a contact changes, in words: what was seen, and what it means for whom to call."""

from collections.abc import Iterator

from gallop.reporting.formatting import count, money_range, percent
from gallop.results.estimates import Estimate
from gallop.results.uplift import DIFFERENT_EFFECT, SAME_EFFECT, UpliftDepth, UpliftResult

_SHOWN = (0.1, 0.2, 0.3, 0.5, 1.0)


def points(estimate: Estimate) -> str:
    """A change of a probability: `+4.1 points [+2.0, +6.2]`."""
    return f"{in_points(estimate.value)} points [{in_points(estimate.low)}, {in_points(estimate.high)}]"


def in_points(share: float) -> str:
    """`+4.1`, as tables have it whose header names the unit."""
    return f"{100 * share:+.1f}".replace("-", "−")


def describe_verdict(uplift: UpliftResult) -> str:
    """The verdict and the two figures that it rests on."""
    told = uplift.verdict[:1].upper() + uplift.verdict[1:]
    return (
        f"{told}: a contact changes the chance of becoming a customer by {points(uplift.average)} on average, and "
        f"choosing whom to contact by it brings {points(uplift.targeting)} per lead over choosing at random "
        f"({count(uplift.treated)} contacted and {count(uplift.control)} other test leads)."
    )


def describe_consequence(uplift: UpliftResult) -> str:
    """What follows for whom to call."""
    if uplift.verdict == DIFFERENT_EFFECT and uplift.contact_from is not None:
        return (
            f"Scores carry the uplift, the list is ranked by it, and contact means an uplift of at least "
            f"{in_points(uplift.contact_from)} points; the cut-off by probability does not count."
        )
    if uplift.verdict == SAME_EFFECT and uplift.average.value > 0:
        return (
            "Whom to contact is decided by the probability as before: a contact helps, but nothing shows that it helps "
            "some leads more than others."
        )
    if uplift.verdict == SAME_EFFECT:
        return "Contacts lower the chance of becoming a customer: contact nobody by this list until it is known why."
    return (
        "Nothing shows that a contact changes anything. Whom to contact is decided by the probability as before, which "
        "finds customers, not people whom a contact makes customers. More contacts at random would tell more."
    )


def uplift_lines(uplift: UpliftResult | None) -> Iterator[str]:
    """All that is said of it, a sentence or two a line."""
    if uplift is not None:
        yield describe_verdict(uplift)
        yield describe_consequence(uplift)


def shown_depths(uplift: UpliftResult) -> list[UpliftDepth]:
    """Those that a table has room for."""
    return [depth for depth in uplift.depths if depth.share in _SHOWN]


def worth(depth: UpliftDepth) -> str:
    """Profit per 1,000 leads, where money is known."""
    if depth.money is None:
        return "–"
    amount = depth.money
    return money_range(Estimate(value=1000 * amount.value, low=1000 * amount.low, high=1000 * amount.high))


def share_of(depth: UpliftDepth) -> str:
    """`best 10 %`."""
    return f"best {percent(depth.share, 0)}"
