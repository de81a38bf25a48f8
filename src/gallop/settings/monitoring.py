"""What happens after deployment: who is never contacted by score, and when an alarm is raised. Part of the settings."""

from typing import Annotated

from pydantic import Field

from gallop.settings.base import SettingsModel, Share


class Monitoring(SettingsModel):
    """How the live model is watched."""

    hold_out: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        0.05,
        description="Share of all leads, at random by a hash of the id, that are never contacted by their score: what "
        "the list earns, and whether the model still holds, is measured on them. 0 for none, which blinds both.",
    )
    salt: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Which leads the hold-out has: another salt draws others. Nothing stands for the project's name.",
    )
    horizon_days: int = Field(
        30, ge=1, le=3650, description="Days after the score within which a conversion counts; a lead is ripe then."
    )
    alpha: Share = Field(
        0.01, description="Largest probability that an alarm is ever raised where nothing has changed, however often."
    )
    hash_ids: bool = Field(
        True, description="Whether the log of scores has a keyed hash in place of each id; the key is in the project."
    )
