"""When a candidate replaces the champion. Part of the settings."""

from typing import Literal

from pydantic import Field

from gallop.settings.base import SettingsModel, Share


class Selection(SettingsModel):
    """When a candidate replaces the champion."""

    metric: Literal["log_loss", "brier"] = Field("log_loss", description="The loss that is compared, row by row.")
    minimum_gain: float = Field(0.0, ge=0.0, description="What the candidate must gain of it on the same test rows.")
    confidence: Share = Field(
        0.999,
        description="Confidence that no candidate that is no better is promoted, in all looks on the same test rows.",
    )
    replace_champion: int | None = Field(
        None, ge=1, description="Version of a champion that cannot be compared and may be replaced all the same."
    )
