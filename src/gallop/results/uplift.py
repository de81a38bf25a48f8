"""What a contact changes, as training found it out."""

from typing import Final

from gallop.results.estimates import Estimate, ResultModel

NO_EFFECT: Final = "no effect seen"
SAME_EFFECT: Final = "an effect, and no difference between leads seen"
DIFFERENT_EFFECT: Final = "an effect that differs between leads"


class UpliftDepth(ResultModel):
    """What contacting the best `share` of the leads brings over contacting nobody, per lead of the whole table."""

    share: float
    gain: Estimate
    """Conversions, the leads ranked by what a contact changes. Its interval is one of many: pointwise."""
    by_probability: Estimate
    """The same, ranked by the probability of converting."""
    at_random: float
    money: Estimate | None
    """Value of the gain less the cost of the contacts, per lead; None without `decision.value`."""


class UpliftGroup(ResultModel):
    """Leads of similar predicted uplift, and what the test says of them."""

    rows: int
    predicted: float
    seen: Estimate


class UpliftResult(ResultModel):
    """The uplift model on test leads, which it has not seen."""

    treated: int
    """Test leads that were contacted."""
    control: int
    average: Estimate
    """The mean change of the probability by a contact."""
    targeting: Estimate
    """Conversions per lead that ranking by uplift brings over as many contacts at random, averaged over all shares."""
    verdict: str
    """One of the three above. The two intervals that it rests on hold together."""
    contact_from: float | None
    """Smallest uplift that means contact; None where nobody is to be chosen by it, since no difference was seen."""
    depths: tuple[UpliftDepth, ...]
    groups: tuple[UpliftGroup, ...]
