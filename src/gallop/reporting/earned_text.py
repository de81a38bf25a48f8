"""What the list brought, in sentences."""

from collections.abc import Iterator

from gallop.reporting.formatting import brief, count, leads, money, percent
from gallop.results.earned import Earned, EarnedGroup
from gallop.results.estimates import Estimate


def earned_lines(earned: Earned) -> Iterator[str]:
    """The verdict first, then what it rests on."""
    yield _verdict(earned)
    if earned.contacted:
        yield _group(earned.contacted, "that the list said to contact")
    if earned.held_out:
        yield _group(earned.held_out, "as good that were held out at random")
    if earned.difference and earned.conversions:
        in_all = f"{_range(earned.conversions)} conversions in all"
        yield f"a contact by the list adds {_points(earned.difference)}: {in_all}"
    if earned.money and earned.value is not None and earned.cost is not None:
        of = "by the outcomes" if earned.value_from_outcomes else "by the settings"
        made_up = "; EXAMPLE PRICES: put your own in params.yaml" if earned.example else ""
        prices = f"a conversion {money(earned.value)} {of}, a contact {money(earned.cost)}{made_up}"
        yield (
            f"in money, less what the contacts cost: {money(earned.money.value)} [{money(earned.money.low)}, "
            f"{money(earned.money.high)}] ({prices})"
        )
    if earned.unripe:
        yield f"{leads(earned.unripe)} of the kind are not ripe yet, and not counted"


def _verdict(earned: Earned) -> str:
    since = f"scored since {earned.since}, outcomes known until {earned.until}"
    if earned.held_out is None and earned.contacted is None:
        return f"cannot be told yet: no lead to contact is ripe ({since})"
    if earned.held_out is None:
        return f"cannot be told: no lead that the list would have contacted is held out and ripe ({since})"
    if earned.told and earned.difference:
        return f"the list {'earns' if earned.difference.value > 0 else 'loses'} conversions ({since})"
    weeks = earned.more_weeks
    if weeks:
        wait = f"about {count(weeks)} more {'week' if weeks == 1 else 'weeks'} at this pace"
        return f"cannot be told yet: {wait}, to see a difference of {percent(earned.target)} ({since})"
    return f"no difference seen, though one of {percent(earned.target)} would have been by now ({since})"


def _group(group: EarnedGroup, kind: str) -> str:
    rate = group.rate
    shown = f"{percent(rate.value)} [{percent(rate.low)}, {percent(rate.high)}]"
    return f"{leads(group.leads)} {kind}: {count(group.converted)} converted, {shown}"


def _points(estimate: Estimate) -> str:
    middle, low, high = (f"{100 * value:+.1f}" for value in (estimate.value, estimate.low, estimate.high))
    return f"{middle} [{low}, {high}] conversions per 100 leads"


def _range(estimate: Estimate) -> str:
    return f"{brief(round(estimate.value))} [{brief(round(estimate.low))}, {brief(round(estimate.high))}]"
