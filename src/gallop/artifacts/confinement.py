"""What a process takes away from itself, before it reads a file that it does not trust.

Limits hold on every system. What else there is differs, so `Confinement` says what was taken: on Linux the network, by
a namespace of its own and by a filter of system calls; other programs and processes, by the filter; files, by Landlock
(all writing, and reading outside Python's own libraries). Nothing of this can be given back.
"""

import ctypes
import os
import platform
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gallop.results.estimates import ResultModel

MEMORY: Final = 4 * 2**30
"""Bytes of address space; libraries reserve more than they use."""
SECONDS: Final = 300
_MOST_FILES: Final = 256

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_THREAD: Final = 0x10000
"""Set in the flags of `clone` where a thread is asked for, not a process."""

_X86_64: Final = 0xC000003E
_CLONE, _CLONE3 = 56, 435
_DENIED: Final = {
    "socket": 41,
    "fork": 57,
    "vfork": 58,
    "execve": 59,
    "kill": 62,
    "chmod": 90,
    "fchmod": 91,
    "chown": 92,
    "fchown": 93,
    "lchown": 94,
    "ptrace": 101,
    "mount": 165,
    "umount2": 166,
    "setxattr": 188,
    "lsetxattr": 189,
    "fsetxattr": 190,
    "removexattr": 197,
    "lremovexattr": 198,
    "fremovexattr": 199,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "fchownat": 260,
    "fchmodat": 268,
    "unshare": 272,
    "perf_event_open": 298,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "bpf": 321,
    "execveat": 322,
    "userfaultfd": 323,
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "fchmodat2": 452,
}
"""Of x86-64 (Linux, arch/x86/entry/syscalls/syscall_64.tbl)."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls, the same on every machine (Linux, include/uapi/linux/landlock.h)."""
_READ: Final = 0b1100
"""Reading files and listing folders."""
_RIGHTS: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
"""Version of Landlock → all that it can take away of files."""
_MACHINE: Final = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system", "/sys/fs/cgroup"),
    *("/dev/null", "/dev/zero", "/dev/urandom"),
)
"""What libraries look at to learn how many cores there are, and devices that hold nothing."""


class Confinement(ResultModel):
    """What a process could take away from itself."""

    memory: bool
    network: bool
    programs: bool
    files: bool

    @property
    def left(self) -> tuple[str, ...]:
        """What this system does not let it take away."""
        return tuple(name for name, taken in self if not taken)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def limit(answer: int) -> bool:
    """Set the limits; returns whether memory is among them.

    Args:
        answer: bytes that may be written, to whatever is open.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (answer, answer))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ValueError, OSError):
        # macOS knows this limit and does not keep it.
        return False
    return sys.platform == "linux"


def take_network_and_programs() -> tuple[bool, bool]:
    """Take away the network, and other programs and processes; returns which of the two are gone.

    Only while there is one thread: others would keep what they have.
    """
    if not _alone():
        return False, False
    system = ctypes.CDLL(None, use_errno=True)
    # Nothing that is run from here on may have more rights than this process: no sudo.
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False, False
    alone = not system.unshare(_NEW_USER | _NEW_NETWORK)
    filtered = platform.machine() == "x86_64" and not _filter(system)
    return alone or filtered, filtered


def _alone() -> bool:
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


def _filter(system: ctypes.CDLL) -> int:
    """Let the kernel refuse system calls (Documentation/userspace-api/seccomp_filter.rst). Returns 0 once it does."""
    load, equal, at_least, has_bits, end = 0x20, 0x15, 0x35, 0x45, 0x06
    number, architecture, first_argument = 0, 4, 16
    allow, refuse, unknown = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # EPERM, ENOSYS
    calls = list(_DENIED.values())
    steps = [
        (load, 0, 0, architecture),
        (equal, 1, 0, _X86_64),
        (end, 0, 0, refuse),
        (load, 0, 0, number),
        # Calls of the x32 interface, under other numbers.
        (at_least, 0, 1, 0x40000000),
        (end, 0, 0, refuse),
    ]
    for call in calls:
        steps += [(equal, 0, 1, call), (end, 0, 0, refuse)]
    steps += [
        # Its flags cannot be looked at; C's library then takes `clone`.
        (equal, 0, 1, _CLONE3),
        (end, 0, 0, unknown),
        (equal, 0, 3, _CLONE),
        (load, 0, 0, first_argument),
        (has_bits, 1, 0, _THREAD),
        (end, 0, 0, refuse),
        (end, 0, 0, allow),
    ]
    instructions = (_Instruction * len(steps))(*steps)
    program = _Program(len(steps), instructions)
    return system.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)


def take_files(readable: Iterable[str]) -> bool:
    """Take away all files but for reading these folders and what says how many cores there are; returns whether gone.

    Only while there is one thread: others would keep what they have.
    """
    if not _alone():
        return False
    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rights = _RIGHTS[min(version, max(_RIGHTS))]
    wanted = _Ruleset(rights, 0b11 if version >= 4 else 0)
    ruleset = system.syscall(_CREATE_RULESET, ctypes.byref(wanted), 16 if version >= 4 else 8, 0)
    if ruleset < 0:
        return False
    for path in {*readable, *_MACHINE}:
        _let_read(system, ruleset, path)
    return not system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) and not system.syscall(_RESTRICT_SELF, ruleset, 0)


def _let_read(system: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    allowed = _READ if Path(path).is_dir() else _READ & 0b0100
    system.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(_Beneath(allowed, folder)), 0)
    os.close(folder)
