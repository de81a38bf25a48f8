"""Wait until a service answers over HTTP: `python containers/wait.py URL SECONDS`.

The engine starts what depends on a service as soon as the service's port is open. MLflow opens its port seconds before
it answers, so the stages would find nobody there. Only the standard library: this runs in the container.
"""

import sys
import time
import urllib.error
import urllib.request
from typing import Final

UNREACHABLE: Final = 23
"""The exit code of `ServerUnreachableError`; a test holds the two together."""
PAUSE_S: Final = 0.5
ANSWER_S: Final = 5.0


def wait(url: str, seconds: float) -> str | None:
    """Ask again and again until the URL answers with success.

    Args:
        seconds: deadline, counted from the call.

    Returns:
        None once it has answered; at the deadline, what the last attempt ended with.
    """
    deadline = time.monotonic() + seconds
    reason = "the deadline is over before the first attempt"
    while (left := deadline - time.monotonic()) > 0:
        try:
            with urllib.request.urlopen(url, timeout=min(ANSWER_S, left)):
                return None
        except (OSError, ValueError) as error:
            reason = str(error.reason if type(error) is urllib.error.URLError else error)
        time.sleep(min(PAUSE_S, max(0.0, deadline - time.monotonic())))
    return reason


def main(arguments: list[str]) -> int:
    """Wait; returns the exit code."""
    url, seconds = arguments[0], float(arguments[1])
    if (reason := wait(url, seconds)) is None:
        return 0
    print(f"{url}: does not answer within {seconds:g} s: {reason}", file=sys.stderr)
    return UNREACHABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
