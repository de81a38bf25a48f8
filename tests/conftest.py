"""What all tests share: the project's settings, the evaluation data where it is there, and repeatable examples."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from gallop.settings.params import Settings, load_settings
from gallop.settings.table import Table

ROOT = Path(__file__).parents[1]

pytest_plugins = ["tests.support.models", "tests.support.checkouts"]

# The same examples in every run and in every worker: a red test is red for everyone.
hypothesis_settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The repository's own params.yaml."""
    return load_settings(ROOT / "params.yaml")


@pytest.fixture(scope="session")
def table(settings: Settings) -> Table:
    """The reference table's settings."""
    return settings.table


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the evaluation data, which is no part of the repository."""
    folder = Path(os.environ.get("GALLOP_SHARED", ROOT.parent / "shared"))
    if not (folder / "data" / "course_raw_data.csv").is_file():
        pytest.skip(f"no evaluation data in {folder}; name its folder in GALLOP_SHARED")
    return folder
