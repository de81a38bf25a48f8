"""BG/NBD's probability of a purchase within so many days, by pymc-marketing, for benchmarks.event_baseline.

Arguments: the file of purchases (id, yyyymmdd, …), the day, days ahead, where to write.
"""

import sys

import numpy as np
import pandas as pd
from pymc_marketing import clv


def main(file: str, day: str, ahead: str, out: str) -> None:
    """Fit on all purchases before the day, by maximum a posteriori; write a probability per customer."""
    table = pd.read_csv(file, sep=r"\s+", header=None, names=["lead", "date", "units", "amount"], dtype={"lead": str})
    table["date"] = pd.to_datetime(table["date"], format="%Y%m%d")
    past = table[table["date"] < pd.Timestamp(day)]
    summary = clv.utils.rfm_summary(past, "lead", "date", observation_period_end=day, time_unit="D")
    model = clv.BetaGeoModel(data=summary)
    model.fit(method="map")
    nothing = model.expected_probability_no_purchase(t=float(ahead), data=summary)
    probability = 1 - np.asarray(nothing.mean(("chain", "draw")))
    pd.DataFrame({"lead": summary["customer_id"], "probability": probability}).to_csv(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
