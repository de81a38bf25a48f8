"""The edge of the program: what goes wrong outside it ends as one sentence and an exit code, never as a traceback.

A person's Ctrl-C, a full disk, a file that may not be read: these are facts, not bugs. Bugs keep their traceback.
"""

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

from typer.core import TyperGroup

from gallop.errors import DiskFullError, GallopError, StoppedError
from gallop.files import system_error

READER_GONE: Final = 141
"""As a shell counts a process that SIGPIPE ended: whoever read the output has stopped, `head` say."""


@contextmanager
def sentences() -> Generator[None]:
    """Facts about the system become a `GallopError`; so does Ctrl-C.

    Raises:
        DiskFullError, FileAccessError, OutOfMemoryError, StoppedError: and whatever else is raised, as it is.
    """
    try:
        yield
    except SystemExit:
        raise
    except GallopError as error:
        # A server or a remote that could not be used because the disk is full here is a full disk.
        if isinstance(full := system_error(error), DiskFullError):
            raise full from error
        raise
    except KeyboardInterrupt:
        raise StoppedError("interrupted; the outputs of the run before are as they were") from None
    except BrokenPipeError:
        leave_silently()
    except BaseException as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            leave_silently()
        if (refused := system_error(error)) is None:
            raise
        raise refused from error


def leave_silently() -> None:
    """End where nobody reads the output any more. Raises `SystemExit`."""
    with suppress(OSError, ValueError):
        # What is still in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(READER_GONE)


class Commands(TyperGroup):
    """A group of commands that runs inside the boundary; Typer would end Ctrl-C without a word."""

    def invoke(self, *arguments: Any, **keywords: Any) -> Any:
        """Run the command."""
        with sentences():
            result = super().invoke(*arguments, **keywords)
            sys.stdout.flush()
            return result
