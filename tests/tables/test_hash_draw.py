"""A lead is drawn by its name alone: the same way wherever, whenever and beside whomever."""

from hypothesis import given
from hypothesis import strategies as st

from gallop.tables.hash_draw import drawn, in_hold_out

NAMES = [f"L{number}" for number in range(20_000)]


def test_the_hold_out_has_its_share():
    held = sum(in_hold_out(NAMES, 0.05, "leads"))
    assert 900 < held < 1100


def test_the_hold_out_is_independent_of_the_split():
    test = [drawn(name, 42) < 0.5 for name in NAMES]
    held = in_hold_out(NAMES, 0.2, "42")
    both = sum(one and other for one, other in zip(test, held, strict=True))
    assert abs(both - 0.5 * sum(held)) < 200


@given(st.lists(st.text(), min_size=1), st.floats(0, 0.5), st.floats(0, 0.5), st.text())
def test_a_larger_share_keeps_all_of_a_smaller_one_and_no_other_lead_has_a_say(names, one, other, salt):
    small, large = sorted([one, other])
    few, many = in_hold_out(names, small, salt), in_hold_out(names, large, salt)
    assert all(later for earlier, later in zip(few, many, strict=True) if earlier)
    assert in_hold_out(names[:1], small, salt) == few[:1]
    assert in_hold_out(names, 0, salt) == [False] * len(names)
