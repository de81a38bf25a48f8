"""A share as a percentage, written alike in findings and in reports. Without numpy."""

import math


def percent(share: float, decimals: int = 0) -> str:
    """A share as a percentage; neither a few nor almost all are rounded to none or all."""
    if not math.isfinite(share):
        return "n/a"
    smallest = 10.0**-decimals
    if 0 < share * 100 < smallest / 2:
        return f"<{smallest:.{decimals}f} %"
    if 100 - smallest / 2 <= share * 100 < 100:
        return f">{100 - smallest:.{decimals}f} %"
    return f"{share * 100:.{decimals}f} %"
