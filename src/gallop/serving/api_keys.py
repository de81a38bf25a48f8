"""API keys: random, shown once, kept as a digest. A name may have two, so that a key can be changed without a gap.

A key has 256 random bits, so nobody guesses it and a plain SHA-256 is enough; a password would need a slow hash.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gallop.errors import SettingsError
from gallop.files import write_text

MOST_PER_NAME: Final = 2
_RELOAD_S: Final = 1.0
_PREFIX: Final = "gallop_"


class ApiKeys:
    """The keys of a file. Who holds it may read and change them; the service only reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: list[dict[str, str]] = []
        self._stat: tuple[int, int, int] | None = None
        self._looked = float("-inf")

    def listed(self) -> list[tuple[str, str]]:
        """Name and id of each key. Raises `SettingsError`: the file is damaged."""
        return [(key["name"], key["id"]) for key in _read(self._path)]

    def add(self, name: str) -> str:
        """Make a key; it can never be shown again.

        Raises:
            SettingsError: the name has two keys already.
        """
        keys = _read(self._path)
        if not name.isprintable() or not 0 < len(name) <= 64:
            raise SettingsError(f"{name!r} is no name for a key; up to 64 printable characters are")
        if sum(key["name"] == name for key in keys) >= MOST_PER_NAME:
            raise SettingsError(f"{name!r} has {MOST_PER_NAME} keys already; revoke one: {', '.join(_ids(keys, name))}")
        secret = _PREFIX + secrets.token_urlsafe(32)
        keys.append({"name": name, "id": secrets.token_hex(4), "sha256": hashlib.sha256(secret.encode()).hexdigest()})
        self._write(keys)
        return secret

    def revoke(self, identifier: str) -> str:
        """Take a key away by its id; returns its name. Raises `SettingsError`: there is none."""
        keys = _read(self._path)
        revoked = [key for key in keys if key["id"] == identifier]
        if not revoked:
            known = ", ".join(key["id"] for key in keys) or "none"
            raise SettingsError(f"{identifier!r} is no key's id; known are: {known}")
        self._write([key for key in keys if key["id"] != identifier])
        return revoked[0]["name"]

    def _write(self, keys: list[dict[str, str]]) -> None:
        write_text(self._path, json.dumps({"keys": keys}, indent=2) + "\n")
        self._path.chmod(0o600)

    def holder(self, presented: Iterable[bytes]) -> str | None:
        """The name of the key that is presented; None where none of it is a key.

        A change of the file counts within a second. A file that is gone or damaged holds no key.
        """
        now = time.monotonic()
        if now - self._looked >= _RELOAD_S:
            self._looked = now
            self._reload()
        holder = None
        for candidate in presented:
            digest = hashlib.sha256(candidate).digest()
            for key in self._keys:
                # All keys are compared, in the same time each, and as bytes: a text with an umlaut would raise.
                if hmac.compare_digest(digest, bytes.fromhex(key["sha256"])):
                    holder = key["name"]
        return holder

    def _reload(self) -> None:
        try:
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._stat:
                self._keys, self._stat = _read(self._path), seen
        except (OSError, SettingsError):
            self._keys, self._stat = [], None


def _ids(keys: list[dict[str, str]], name: str) -> list[str]:
    return [key["id"] for key in keys if key["name"] == name]


def _read(path: Path) -> list[dict[str, str]]:
    try:
        keys = json.loads(path.read_bytes())["keys"]
        return [{"name": str(key["name"]), "id": str(key["id"]), "sha256": _digest(key["sha256"])} for key in keys]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError):
        raise SettingsError(f"{path}: not a file of keys, or damaged; `gallop keys add` makes one") from None


def _digest(text: str) -> str:
    if len(bytes.fromhex(text)) != hashlib.sha256().digest_size:
        raise ValueError("no SHA-256")
    return text


def presented_keys(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """What a request shows as keys: `Authorization: Bearer`, `X-API-Key`, or the password a browser has asked for."""
    presented = []
    for name, value in headers:
        if name == b"x-api-key":
            presented.append(value.strip())
        elif name == b"authorization":
            scheme, _, rest = value.partition(b" ")
            if scheme.lower() == b"bearer":
                presented.append(rest.strip())
            elif scheme.lower() == b"basic":
                try:
                    presented.append(base64.b64decode(rest.strip(), validate=True).partition(b":")[2])
                except binascii.Error:
                    continue
    return presented[:4]
