"""Texts without the secrets that addresses carry. Every message of a `GallopError` goes through here."""

import re
from typing import Final

_USER: Final = re.compile(
    # user@ and user:password@; also a password with an unencoded slash, as people paste it (but not a port and a path).
    r"([A-Za-z][A-Za-z0-9+.-]*:/{1,2})(?:[^\s/?#'\"<>]*@|[^\s/:@'\"<>]+:(?!\d+/)[^\s'\"<>]*@)"
)
_NAMES: Final = r"passw(?:or)?d|passwd|pwd|token|secret|api_?key|access_?key|credential|signature|\bsig\b|odbc_connect"
_VALUE: Final = re.compile(
    # In a query, and as database drivers write it; not where a column happens to be called so.
    rf"((?:(?<=[?&;])[^\s=&;?,'\"]*(?:{_NAMES})[^\s=&;?,'\"]*|\b(?:password|pwd))=)[^\s&;,'\"]+",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """A text in which addresses have no user and password, and `?password=…`, `?token=…` and the like no value.

    >>> without_secrets("no answer from http://me:hunter2@example.org/x?token=abc&page=1")
    'no answer from http://example.org/x?token=***&page=1'
    """
    return _VALUE.sub(r"\1***", _USER.sub(r"\1", text))
