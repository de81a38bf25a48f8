"""The lists that are open on the page: kept in memory for an hour, a few of them, under names nobody can guess."""

import asyncio
import secrets
import tempfile
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Any, Final

from gallop.errors import GallopError
from gallop.serving.problems import RequestError
from gallop.serving.scored_list import ScoredList, score_upload
from gallop.serving.service import Service
from gallop.settings.params import Settings

_MOST_LISTS: Final = 8
_KEPT_S: Final = 3600.0
_ENDINGS: Final = frozenset(
    {".csv", ".tsv", ".txt", ".xlsx", ".xls", ".json", ".jsonl", ".parquet", ".pq", ".zip", ".gz"}
)


@dataclass
class OpenList:
    """A list that is being made, is there, or could not be made."""

    name: str
    begun: float
    scored: ScoredList | None = None
    failed: str | None = None

    def state(self) -> dict[str, Any]:
        """For the page."""
        if self.failed is not None:
            return {"state": "failed", "detail": self.failed}
        if self.scored is None:
            return {"state": "scoring", "seconds": round(time.monotonic() - self.begun, 1)}
        return {
            "state": "ready",
            "name": self.name,
            "model_version": self.scored.version,
            "own": list(self.scored.own),
            "key": self.scored.key,
            **self.scored.facts,
        }


class PageLists:
    """All of them."""

    def __init__(self, service: Service, project: Settings | None) -> None:
        """Args:
        project: the settings that say who is held out at random.
        """
        self._service, self._project = service, project
        self._lists: OrderedDict[str, OpenList] = OrderedDict()
        self._tasks: set[asyncio.Task] = set()

    async def open(self, name: str, content: AsyncIterator[bytes]) -> str:
        """Take a file as it comes, and begin to score it; returns the list's name."""
        ending = PurePath(name).suffix.lower()
        folder = tempfile.TemporaryDirectory(prefix="gallop-page-")
        path = Path(folder.name, f"leads{ending if ending in _ENDINGS else ''}")
        try:
            with path.open("wb") as file:
                async for chunk in content:
                    file.write(chunk)
        except BaseException:
            folder.cleanup()
            raise
        token, opened = secrets.token_urlsafe(16), OpenList(name, time.monotonic())
        self._forget()
        self._lists[token] = opened
        task = asyncio.create_task(self._score(opened, path, folder))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return token

    async def _score(self, opened: OpenList, path: Path, folder: tempfile.TemporaryDirectory) -> None:
        model = self._service.live.now
        try:
            work = partial(score_upload, path, opened.name, model, self._project)
            opened.scored = await self._service.threads.run(work)
        except GallopError as error:
            opened.failed = str(error)
        except RequestError as error:
            opened.failed = error.detail
        except Exception:  # noqa: BLE001 whatever a file does to its readers is told on the page
            opened.failed = f"{opened.name}: cannot be read as a table of leads"
        finally:
            folder.cleanup()

    def _forget(self) -> None:
        old = [token for token, opened in self._lists.items() if time.monotonic() - opened.begun > _KEPT_S]
        for token in old:
            del self._lists[token]
        while len(self._lists) >= _MOST_LISTS:
            self._lists.popitem(last=False)

    def find(self, token: str) -> OpenList:
        """Raises `RequestError`: no such list, or no more."""
        if token not in self._lists:
            raise RequestError(HTTPStatus.NOT_FOUND, "the list is not kept any more; drop the file again")
        return self._lists[token]

    def ready(self, token: str) -> ScoredList:
        """Raises `RequestError`: no such list, or not yet."""
        scored = self.find(token).scored
        if scored is None:
            raise RequestError(HTTPStatus.CONFLICT, "the list is not ready")
        return scored
