"""Tables at an address (`https://`, `s3://`, …), copied into a file through fsspec.

A model is trained on a file whose bytes are pinned, never on what an address gives today; so the file is copied once.
Each protocol's package is the user's choice; where it is not there, the error names it. What may be a secret in an
address (a password, a signature behind `?`) is written nowhere.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from gallop.errors import DataUnavailableError, MissingLibraryError, SettingsError
from gallop.files import write_whole

_URL: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_TIMEOUT_S: Final = 30
_BLOCK: Final = 1 << 20


def is_url(table: str) -> bool:
    """Whether a table is at an address and not in a folder."""
    return bool(_URL.match(table))


def shown(url: str) -> str:
    """The address for people and files: without a user, a password, or what stands behind `?`."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def file_name(url: str) -> str:
    """The last part of the address, by which a copy is called."""
    return PurePosixPath(unquote(urlsplit(url).path)).name or "leads"


def fetch(url: str, path: Path) -> None:
    """Copy what is at an address into a file.

    Raises:
        MissingLibraryError: the protocol needs a package that is not installed; it is named.
        SettingsError: a protocol that nobody knows. DataUnavailableError: nothing is there, or nobody answers.
    """
    name, protocol = shown(url), urlsplit(url).scheme.lower()
    try:
        import fsspec

        filesystem, source = fsspec.url_to_fs(url, **_options(protocol))
    except ImportError as error:
        package = re.search(r"[Ii]nstall (\S+)", str(error))
        wanted = package.group(1).strip(".,`'\"") if package else error.name or "fsspec"
        raise MissingLibraryError(
            f"{name}: to read {protocol}:// the package {wanted} is needed: pip install {wanted}; or download the file"
        ) from None
    except ValueError:
        raise SettingsError(
            f"{name}: the protocol {protocol!r} is not known; https, s3, gs, abfs and postgresql are"
        ) from None

    def copy(temporary: Path) -> None:
        with filesystem.open(source, "rb") as remote, temporary.open("wb") as file:
            while block := remote.read(_BLOCK):
                file.write(block)

    try:
        write_whole(path, copy)
    except Exception as error:  # noqa: BLE001 each protocol's package has errors of its own; all mean: no file
        raise DataUnavailableError(f"{name}: cannot be read: {_why(error)}") from None


def _options(protocol: str) -> dict:
    if protocol not in {"http", "https"}:
        return {}
    try:
        from aiohttp import ClientTimeout
    except ImportError:
        return {}
    return {"client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=_TIMEOUT_S, sock_read=_TIMEOUT_S)}}


def _why(error: Exception) -> str:
    """The kind of the fault and its number; the words may repeat the address with its secrets."""
    status = getattr(error, "status", None)
    kind = "no such file" if isinstance(error, FileNotFoundError) else type(error).__name__
    return f"{kind} ({status})" if status else kind
