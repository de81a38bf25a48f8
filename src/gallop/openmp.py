"""OpenMP for LightGBM on a machine that has none.

LightGBM's wheel takes the system's libgomp.so.1, which small images lack; scikit-learn's wheel brings that library
under a name of its own. Where the system has none, a copy of it is loaded under the usual name, and LightGBM finds it.
"""

import ctypes
import sys
import tempfile
from importlib.metadata import files
from pathlib import Path
from typing import Final

from gallop.errors import MissingLibraryError

_NAME: Final = "libgomp.so.1"


def provide() -> None:
    """Make sure that LightGBM can be imported.

    Raises:
        MissingLibrary: neither the system nor scikit-learn has the library.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(_NAME)
    except OSError:
        bring()


def bring() -> None:
    """Load scikit-learn's copy under the usual name. Raises `MissingLibrary`."""
    found = [each for each in files("scikit-learn") or () if each.name.startswith("libgomp-")]
    if not found:
        raise MissingLibraryError(
            f"{_NAME}: not on this system; LightGBM needs it (Debian and Ubuntu: package libgomp1)"
        )
    brought = Path(str(found[0].locate()))
    # The loader knows a library by the name written in it, which is never longer than the one that wheels give it.
    own = brought.name.encode() + b"\0"
    content = brought.read_bytes().replace(own, _NAME.encode().ljust(len(own), b"\0"))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, _NAME)
        copy.write_bytes(content)
        try:
            ctypes.CDLL(str(copy), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise MissingLibraryError(
                f"{_NAME}: not on this system, and scikit-learn's copy cannot be loaded ({error}); LightGBM needs it "
                "(Debian and Ubuntu: package libgomp1)"
            ) from None
