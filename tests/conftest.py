"""What all tests share: where the repository and the open data sets are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data sets, which lies beside the checkout (or in GALLOP_SHARED)."""
    folder = Path(os.environ.get("GALLOP_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there (set GALLOP_SHARED)")
    return folder
