"""Whose signature a deployed model must carry. Part of the settings."""

from pydantic import Field

from gallop.settings.base import SettingsModel


class Signing(SettingsModel):
    """Signatures of bundles, as OpenSSF model signing has them."""

    public_key: str | None = Field(
        None,
        description="A PEM file in the project, with the public key that every bundle must be signed for before it is "
        "selected, deployed or scored with; null asks for none.",
    )
