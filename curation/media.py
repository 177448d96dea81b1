"""Media: original bytes by their hash, from a disk or an object store, with patience and within a rate."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from curation.contract.recipe import MediaAccess
from curation.contract.table import media_url, read_bytes
from curation.store import exists, is_local, write_bytes


@dataclass
class RateLimit:
    """At most `per_second` requests a second over all threads of this process; 0 means no limit."""

    per_second: float = 0.0
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        if self.per_second <= 0:
            return
        with self._lock:
            now = time.monotonic()
            at = max(self._next, now)
            self._next = at + 1.0 / self.per_second
        time.sleep(max(0.0, at - now))


class MediaStore:
    """Original bytes by their SHA-256. Requests to an object store run side by side, are retried with exponential
    backoff, and stay under a rate; a local disk needs none of this."""

    def __init__(self, url: str, access: MediaAccess | None = None) -> None:
        self.url = url
        self.access = access or MediaAccess()
        self._limit = RateLimit(self.access.requests_per_second)

    def put(self, data: bytes) -> str:
        """Stores bytes under their hash unless they are there, and gives the hash."""
        sha256 = hashlib.sha256(data).hexdigest()
        url = media_url(self.url, sha256)
        if not self.request(self.url, lambda: exists(url)):
            self.request(self.url, lambda: write_bytes(url, data))
        return sha256

    def get(self, sha256: str) -> bytes:
        url = media_url(self.url, sha256)
        return bytes(self.request(url, lambda: read_bytes(url)))

    def get_many(self, hashes: list[str]) -> Iterator[bytes]:
        """The bytes of many media in the order asked for; from an object store several at a time, and no more of them
        than that in memory."""
        if is_local(self.url):
            yield from map(self.get, hashes)
            return
        with ThreadPoolExecutor(self.access.concurrency) as pool:
            coming: deque[Future[bytes]] = deque()
            for sha256 in hashes:
                if len(coming) == self.access.concurrency:
                    yield coming.popleft().result()
                coming.append(pool.submit(self.get, sha256))
            while coming:
                yield coming.popleft().result()

    def request(self, url: str, ask: Callable[[], Any]) -> Any:
        """A request, made with patience where it leaves the machine."""
        return ask() if is_local(url) else patiently(ask, self.access.retries, self._limit)


class HeldMedia(MediaStore):
    """Stands in for a run's store where nothing is to be written: what is put into it is held as bytes."""

    def __init__(self) -> None:
        super().__init__("")
        self.held: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.held[sha256] = data
        return sha256

    def get(self, sha256: str) -> bytes:
        return self.held[sha256]


def patiently(request: Callable[[], Any], retries: int, limit: RateLimit) -> Any:
    """Makes a request, again after 0.2, 0.4, 0.8, ... seconds where it fails in a way that may pass."""
    for attempt in range(retries + 1):
        limit.wait()
        try:
            return request()
        except (FileNotFoundError, PermissionError):
            raise  # an answer, not an accident
        except OSError:
            if attempt == retries:
                raise
            time.sleep(0.2 * 2**attempt)
    raise AssertionError("unreachable")
