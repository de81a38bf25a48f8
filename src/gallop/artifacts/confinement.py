"""What a process takes away from itself before it reads a file that it does not trust: time, memory, the network.

Limits hold on Linux; macOS knows the one on memory and does not keep it. The network goes with a namespace of its own,
where the system lets a process have one. `Confinement` says what was taken, so that nobody promises more.
"""

import ctypes
import resource
import sys
from typing import Final

from gallop.results.estimates import ResultModel

MEMORY: Final = 4 * 2**30
"""Bytes of address space; libraries reserve more than they use."""
SECONDS: Final = 300
_MOST_FILES: Final = 256
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""Of unshare(2)."""


class Confinement(ResultModel):
    """What a process could take away from itself."""

    memory: bool
    network: bool

    @property
    def left(self) -> tuple[str, ...]:
        """What this system does not let it take away."""
        return tuple(name for name, taken in self if not taken)


def confine(answer: int) -> Confinement:
    """Take away what can be taken; nothing of it can be given back.

    Args:
        answer: bytes that may be written, to whatever is open.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (answer, answer))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))
    memory = sys.platform == "linux"
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ValueError, OSError):
        memory = False
    network = sys.platform == "linux" and ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK) == 0
    return Confinement(memory=memory, network=network)
