"""Run as a program: one search, told of on standard output trial by trial; its digests at the end, or killed before."""

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

from gallop.modelling.search.run import Searched, search
from tests.support.made import ROLES, leads, training

SEED = 3


def digests(searched: Searched) -> dict[str, list]:
    """Per family each trial's parameters and the SHA-256 of its log-odds, and how many were given up or failed."""
    return {
        family: [
            *([trial.parameters, hashlib.sha256(trial.log_odds.tobytes()).hexdigest()] for trial in explored.trials),
            [explored.pruned, len(explored.failed)],
        ]
        for family, explored in searched.families.items()
    }


def main(folder: str, killed_after: str) -> None:
    """Search with journals in `folder`, and end as a power cut would after so many trials; 0: not at all."""
    tried = []

    def on_trial(family: str) -> None:
        tried.append(family)
        if len(tried) == int(killed_after):
            os.kill(os.getpid(), signal.SIGKILL)

    searched = search(*leads(300), ROLES, training(), SEED, folder=Path(folder), on_trial=on_trial)
    print(json.dumps({"trials": len(tried), "found": digests(searched)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
