"""Who an anonymous lead turned out to be: a map from one id to another, applied as known at t and never backwards.

From the moment at which the map knows, the anonymous lead's events are the known one's, those from before included.
Before that moment they are the anonymous lead's, also for a decision that is looked at years later. Where the map
changes its mind, what came before stays with the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallop.events.windows import Whole


@dataclass(frozen=True)
class Identities:
    """Rows of an identity map."""

    anonymous: Sequence[str]
    user: Sequence[str]
    valid_from: Whole
    """Microseconds in UTC."""


@dataclass(frozen=True)
class Assigned:
    """Events and whose they are. An event that changes hands is there twice, known for one after the other."""

    source: Whole
    """Place of the event among those that came in."""
    lead: Whole
    known_from: Whole
    known_until: Whole
    moved: NDArray[np.bool_]
    persons: Whole
    """Shape (leads,): who each lead is in the end."""


def assign(
    names: list[str], lead: Whole, time: Whole, known_from: Whole, known_until: Whole, identities: Identities | None
) -> tuple[Assigned, list[str]]:
    """Whose each event is, and the names of all leads: those that came in, then those that only the map names."""
    places = np.arange(len(lead))
    alone = Assigned(places, lead, known_from, known_until, np.zeros(len(lead), dtype=bool), np.arange(len(names)))
    if identities is None or not len(identities.anonymous):
        return alone, names
    leads = list(names)
    code = {name: at for at, name in enumerate(leads)}
    for name in identities.user:
        if name not in code:
            code[name] = len(leads)
            leads.append(name)
    persons = np.arange(len(leads))
    pieces = [Assigned(places, lead, known_from, known_until.copy(), alone.moved, persons)]
    pieces[0] = Assigned(places, lead.copy(), known_from, known_until.copy(), np.zeros(len(lead), dtype=bool), persons)
    claims: dict[int, list[tuple[int, int]]] = {}
    for anonymous, user, since in zip(
        identities.anonymous, identities.user, identities.valid_from.tolist(), strict=True
    ):
        if anonymous in code and anonymous != user:
            claims.setdefault(code[anonymous], []).append((since, code[user]))
    order = np.argsort(lead, kind="stable")
    starts = np.searchsorted(lead[order], np.arange(len(leads) + 1))
    base = pieces[0]
    for owner, said in claims.items():
        said.sort()
        mine = order[starts[owner] : starts[owner + 1]]
        since = np.array([moment for moment, _ in said], dtype=np.int64)
        users = np.array([user for _, user in said], dtype=np.int64)
        persons[owner] = users[0]
        which = np.searchsorted(since, time[mine], side="right") - 1
        after, before = mine[which >= 0], mine[which < 0]
        base.lead[after] = users[which[which >= 0]]
        base.moved[after] = True
        base.known_until[before] = np.minimum(base.known_until[before], since[0])
        copies = np.maximum(known_from[before], since[0])
        pieces.append(
            Assigned(
                before, np.full(len(before), users[0]), copies, known_until[before], np.ones(len(before), bool), persons
            )
        )
    joined = [
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("source", "lead", "known_from", "known_until", "moved")
    ]
    # A version that was corrected before it changed hands was never the other's.
    there = joined[2] < joined[3]
    return Assigned(*(values[there] for values in joined), persons), leads
