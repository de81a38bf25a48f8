"""Windows over sorted arrays count, differ and compare as loops over the events between two places do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gallop.events.windows import ABSENT, Distinct, chunked, first_at_or_after, largest, running, spans


@st.composite
def logs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Leads, sorted; a value of each event; and some windows within a lead."""
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=5))
    lead = np.repeat(np.arange(len(sizes)), sizes)
    values = np.array(draw(st.lists(st.integers(-3, 3), min_size=len(lead), max_size=len(lead))), dtype=np.int64)
    edges = np.cumsum([0, *sizes])
    starts, ends = [], []
    for owner in draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8)):
        pair = sorted(draw(st.tuples(*[st.integers(int(edges[owner]), int(edges[owner + 1]))] * 2)))
        starts.append(pair[0])
        ends.append(pair[1])
    return lead, values, np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


@given(logs())
def test_distinct_values_and_the_largest_of_a_window_are_those_of_a_loop(log):
    lead, values, starts, ends = log
    windows = [values[start:end].tolist() for start, end in zip(starts, ends, strict=True)]
    assert Distinct(values, lead).between(starts, ends).tolist() == [len(set(window)) for window in windows]
    assert largest(values, starts, ends).tolist() == [max(window, default=ABSENT) for window in windows]
    sums = running(values)
    assert (sums[ends] - sums[starts]).tolist() == [sum(window) for window in windows]


@given(logs(), st.integers(-4, 4))
def test_the_first_event_at_or_after_a_moment_is_that_of_a_loop(log, moment):
    _, values, starts, ends = log
    times = values.copy()
    for start, end in zip(starts, ends, strict=True):
        times[start:end] = np.sort(times[start:end])
    for start, end in zip(starts, ends, strict=True):
        # Windows may overlap; each is looked at in times that are sorted within it.
        times[start:end] = np.sort(times[start:end])
        (place,) = first_at_or_after(times, np.array([start]), np.array([end]), np.array([moment]))
        several = first_at_or_after(times, np.array([start] * 2), np.array([end] * 2), np.array([moment] * 2))
        assert several.tolist() == [place, place]
        assert place == next((index for index in range(start, end) if times[index] >= moment), end)


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 20))
def test_pieces_hold_everything_once_in_its_order(lengths, most):
    parts = chunked(np.array(lengths, dtype=np.int64), most)
    assert [index for part in parts for index in range(part.start, part.stop)] == list(range(len(lengths)))


def test_spans_are_all_places_between_two():
    owner, places = spans(np.array([3, 5, 0]), np.array([5, 5, 2]))
    assert (owner.tolist(), places.tolist()) == ([0, 0, 2, 2], [3, 4, 0, 1])


def test_sums_beyond_sixty_four_bits_on_the_way_have_right_differences():
    values = np.full(40, 2**60, dtype=np.int64)
    sums = running(values)
    assert sums[39] - sums[36] == 3 * 2**60
