"""Hand-over of what only the newest of matters: one writer, any number of readers, no queue."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Holds the newest message; who is slow misses those in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted_by: frozenset[str] = frozenset()
        self._value: T | None = None

    @property
    def wanted(self) -> bool:
        """True while somebody looks: only then the writer goes to the trouble."""
        return bool(self._wanted_by)

    def want(self, who: str, *, wanted: bool) -> None:
        """Somebody begins to look, or looks no more; each of the readers has a name of its own."""
        with self._lock:
            names = self._wanted_by - {who}
            self._wanted_by = names | {who} if wanted else names

    def put(self, value: T) -> None:
        """Replaces what was there; never blocks."""
        self._value = value

    def get(self) -> T | None:
        """The newest, or None before the first."""
        return self._value
