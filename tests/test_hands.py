"""Copies of a process that do a part of its work: the same results, and nothing left over."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from gallop.hands import hands
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="hands are made on Linux, for further cores"
)


def started(case: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.support.handed", case]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def shown(case: str) -> list:
    with started(case) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(said)


def test_a_hand_answers_tells_and_fails_as_this_process_does() -> None:
    by_hand, here = shown("same")
    assert not by_hand.pop("here")
    assert here.pop("here")
    assert (
        by_hand
        == here
        == {
            "numbers": [0, 1, 2],
            "told": ["0", "1", "2"],
            "failed": ["leads of one label only", 14],
            "last": [0, 1],
        }
    )


def test_what_a_killed_hand_did_is_done_here_and_so_is_all_that_comes_after() -> None:
    assert shown("killed") == [True, True]


def test_no_hand_is_made_beside_another_thread_nor_more_than_there_are_cores() -> None:
    assert shown("threaded") == [0, True]


def test_a_pipe_ends_when_this_process_closes_it_although_hands_live_on() -> None:
    assert shown("pipes") == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_ends_leaves_no_hand_even_in_the_middle_of_its_work(how: signal.Signals) -> None:
    with started("work") as parent:
        assert parent.stdout is not None
        hand = int(parent.stdout.readline())
        parent.send_signal(how)
    assert parent.returncode != 0
    deadline = time.monotonic() + 60
    while os.path.exists(f"/proc/{hand}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{hand}")


def test_none_are_asked_for_and_none_are_made() -> None:
    with hands(0) as none:
        assert none == []
