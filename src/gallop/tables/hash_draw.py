"""Chance that follows from a name alone: the same lead is drawn the same way on any day, engine and machine."""

import hashlib
from collections.abc import Sequence


def drawn(name: str | int, seed: int | str) -> float:
    """A number from 0 to 1 that follows from a name and the seed alone, evenly spread over names.

    It is SHA-256 of both, as a share of the largest possible.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()) * 2.0**-256


def in_hold_out(names: Sequence[str], share: float, salt: str) -> list[bool]:
    """Which leads belong to the standing random hold-out, in the names' order.

    Args:
        share: of all leads, from 0 to 1. A larger share keeps those of a smaller one.
        salt: which leads are drawn; independent of the side that `data_split` gives them.
    """
    if share <= 0:
        return [False] * len(names)
    return [drawn(name, f"hold-out of {salt}") < share for name in names]
