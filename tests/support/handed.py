"""Run by test_hands.py as a process of its own, since hands are made only where there are no other threads."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

from gallop.errors import SingleClassError
from gallop.hands import Here, Tell, Worker, hands


def count(up_to: int, tell: Tell) -> tuple[int, list[int]]:
    """Told each number; returns the process and the numbers."""
    for number in range(up_to):
        tell(str(number))
    return os.getpid(), list(range(up_to))


def refuse(_: Tell) -> None:
    """Fails as a stage does."""
    raise SingleClassError("leads of one label only")


def die(parent: int, _: Tell) -> int:
    """Killed in any process but the parent."""
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def sleep(tell: Tell) -> None:
    """Works for ten minutes."""
    tell(str(os.getpid()))
    time.sleep(600)


def answers(worker: Worker) -> dict:
    """What becomes of work that is told of, of work that fails, and of work whose result nobody asked for."""
    told: list[str] = []
    worker.begin(count, 3)
    process, numbers = worker.result(told.append)
    worker.begin(refuse)
    try:
        worker.result()
    except SingleClassError as error:
        failed = [str(error), error.exit_code]
    worker.begin(refuse)
    worker.begin(count, 2)
    return {
        "here": process == os.getpid(),
        "numbers": numbers,
        "told": told,
        "failed": failed,
        "last": worker.result()[1],
    }


def same() -> object:
    """A hand, and this process."""
    with hands(1) as [hand]:
        return [answers(hand), answers(Here())]


def killed() -> object:
    """Work is done again where the hand that did it is killed, and so is all later work."""
    with hands(1) as [hand]:
        hand.begin(die, os.getpid())
        again = hand.result()
        hand.begin(count, 2)
        return [again == os.getpid(), hand.result() == (os.getpid(), [0, 1])]


def threaded() -> object:
    """Hands while another thread is alive, and when it is over; more than there are cores."""
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    with hands(1) as none:
        pass
    over.set()
    other.join()
    with hands(1000) as found:
        pass
    return [len(none), len(found) < 1000]


def pipes() -> object:
    """A process that reads until its pipe ends does end, although hands live on."""
    reader = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with hands(1) as [hand]:
        hand.begin(count, 1)
        hand.result()
        assert reader.stdin is not None
        reader.stdin.close()
        return reader.wait(60)


def work() -> object:
    """Works until it is killed; tells the hand's process."""
    with hands(1) as [hand]:
        hand.begin(sleep)
        return hand.result(lambda pid: print(pid, flush=True))


if __name__ == "__main__":
    print(
        json.dumps({"same": same, "killed": killed, "threaded": threaded, "pipes": pipes, "work": work}[sys.argv[1]]())
    )
