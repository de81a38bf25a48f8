"""What every section of the settings is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class SettingsModel(BaseModel):
    """Base of every setting: no unknown keys, no changes after loading, no silent conversions, no infinite numbers."""

    # Deferred: what stands within another model never needs a validator of its own.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)
