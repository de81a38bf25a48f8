"""What a figure was measured on."""

import os
import platform
from importlib.metadata import version

PACKAGES = ("scikit-learn", "xgboost-cpu", "polars", "pandas", "numpy", "mlflow", "dvc")


def machine() -> str:
    """Processor count, Python and the versions that matter, in one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {packages}"
