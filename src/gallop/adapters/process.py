"""Who runs this program, and whether the process that left something behind is still there."""

import getpass
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

WHO: Final = "GALLOP_WHO"
"""Names the person or job, where neither the user nor the variables of a CI do, in a container say."""
HOST, MACHINE, PID, STARTED = "gallop.host", "gallop.machine", "gallop.pid", "gallop.started"


def who() -> str:
    """The CI run with who began it, or user and host."""
    variables = os.environ
    if named := variables.get(WHO, "").strip():
        return named
    if variables.get("GITHUB_ACTIONS") == "true":
        run = f"{variables.get('GITHUB_REPOSITORY', '?')} run {variables.get('GITHUB_RUN_ID', '?')}"
        return f"{variables.get('GITHUB_ACTOR', '?')} in GitHub Actions, {run}"
    if variables.get("GITLAB_CI") == "true":
        job = f"{variables.get('CI_PROJECT_PATH', '?')} job {variables.get('CI_JOB_ID', '?')}"
        return f"{variables.get('GITLAB_USER_LOGIN', '?')} in GitLab CI, {job}"
    if build := variables.get("BUILD_TAG"):
        return f"Jenkins, {build}"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user that no one has named
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def own_marks() -> dict[str, str]:
    """Tags by which another process can tell whether this one still lives."""
    return {HOST: socket.gethostname(), MACHINE: _machine(), PID: str(os.getpid()), STARTED: _started(os.getpid())}


def is_this_process(tags: Mapping[str, str]) -> bool:
    """Whether these are the marks of this very process."""
    return _is_of_this_machine(tags) and tags.get(PID) == str(os.getpid())


def is_gone(tags: Mapping[str, str]) -> bool:
    """Whether these are the marks of a process of this machine that has ended. False where that cannot be known."""
    pid = tags.get(PID, "")
    if not _is_of_this_machine(tags) or not pid.isdigit():
        return False
    # The system gives a process's number again, to a process that began later.
    began = tags.get(STARTED, "")
    return not is_alive(int(pid)) or bool(began and (now := _started(int(pid))) and began != now)


def is_alive(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_of_this_machine(tags: Mapping[str, str]) -> bool:
    return tags.get(HOST) == socket.gethostname() and tags.get(MACHINE, _machine()) == _machine()


def _machine() -> str:
    """Tells containers of one host name apart, and a machine from itself before it was restarted; else empty."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since the machine did; empty where the system does not tell."""
    try:
        # The name in parentheses may hold blanks and parentheses itself.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
