"""Hand-over of what only the newest of matters: one writer, any number of readers, no queue."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Holds the newest message; who is slow misses those in between.

    Attributes:
        wanted: somebody looks: only then the writer goes to the trouble.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._value: T | None = None

    def put(self, value: T) -> None:
        """Replaces what was there; never blocks."""
        self._value = value

    def get(self) -> T | None:
        """The newest, or None before the first."""
        return self._value
