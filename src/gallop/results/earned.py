"""What `gallop earned` finds out: what the list brought."""

from gallop.results.estimates import Estimate, ResultModel


class EarnedGroup(ResultModel):
    """Ripe leads whose score said contact: those of the list, or those held out."""

    leads: int
    converted: int
    rate: Estimate
    """With its Wilson interval."""


class Earned(ResultModel):
    """Leads that the list said to contact, against leads as good that were held out at random."""

    since: str
    until: str
    """First score that counts, and until when outcomes are known, UTC."""
    contacted: EarnedGroup | None
    """None where no such lead is ripe; so of the next."""
    held_out: EarnedGroup | None
    unripe: int
    """Leads of either kind whose outcome is not known yet."""
    difference: Estimate | None
    """Conversions that a contact by the list adds, per lead."""
    conversions: Estimate | None
    """The same for all that were to be contacted."""
    money: Estimate | None
    """What these conversions are worth less what the contacts cost; None where value or cost is not known."""
    value: float | None
    """Of a conversion: the mean of what outcomes said, else that of the settings."""
    value_from_outcomes: bool
    cost: float | None
    example: bool
    """Whether the settings say that value and cost are made up."""
    target: float
    """The difference that is worth seeing: what pays a contact, or else a fifth of the expected rate."""
    more_weeks: int | None
    """About how many more weeks such a difference takes to be seen in 4 of 5 cases; None where nobody is held out."""

    @property
    def told(self) -> bool:
        """Whether it can be told that the list adds conversions, or takes some."""
        return self.difference is not None and not self.difference.low <= 0 <= self.difference.high
