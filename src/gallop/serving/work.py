"""Where scoring happens: a few threads, and a bound on how many requests may wait for them."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

from gallop.serving.problems import RequestError

_Outcome = TypeVar("_Outcome")


class ScoringThreads:
    """Threads that score. All they share cannot be changed."""

    def __init__(self, waiting: int) -> None:
        """Args:
        waiting: how many requests may be in it; further ones are told to come again.
        """
        self._pool = ThreadPoolExecutor(max(2, os.cpu_count() or 1), "scoring")
        self._waiting, self._most = 0, waiting

    async def run(self, work: Callable[[], _Outcome]) -> _Outcome:
        """Run in a thread. Raises `RequestError`: too much waits already."""
        if self._waiting >= self._most:
            raise RequestError(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many requests wait already", headers={"Retry-After": "1"}
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let what has begun end."""
        self._pool.shutdown(wait=True)
