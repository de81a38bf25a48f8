"""What one caller may ask in a second."""

import pytest

from gallop.serving import limits
from gallop.serving.limits import RateLimit


def test_a_caller_who_has_used_up_its_requests_waits_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    rate = RateLimit(20.0)
    assert [rate.take("a") for _ in range(20)] == [0.0] * 20
    assert rate.take("a") == pytest.approx(0.05)
    assert rate.take("b") == 0.0
    now += 0.06
    assert rate.take("a") == 0.0
    assert rate.take("a") > 0.0
    now += 3600
    assert [rate.take("a") for _ in range(20)] == [0.0] * 20
    assert rate.take("a") > 0.0


def test_callers_who_come_once_are_forgotten() -> None:
    rate = RateLimit(1.0)
    for number in range(limits.MOST_CALLERS + 5):
        rate.take(str(number))
    assert rate.callers == limits.MOST_CALLERS
