"""What a camera costs, in processor time: an allowance that fills up by itself. Pure."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

#: Seconds of processor time that a camera may take in one go: a large picture, a clip's start.
BURST = 10.0
#: Seconds over which its use is measured.
_MEASURED = 5.0


@dataclass(frozen=True, slots=True)
class Costs:
    """A snapshot of what was refused to one camera.

    Attributes:
        refused: pictures that were not looked at, since the start.
        reduced: pictures and clips made smaller, or not at all, since the start.
        why: what of it is too much, while that goes on; empty: nothing.
    """

    refused: int = 0
    reduced: int = 0
    why: str = ""


class Room(Protocol):
    """What a camera may take of the process, as its threads see it."""

    @property
    def roomy(self) -> bool:
        """Whether there is memory for frames that are only kept for a possible event."""
        ...

    def hold(self, size: int) -> object | None:
        """Memory for work of `size` bytes, as long as the returned object lives; None: not free."""
        ...

    def work(self, size: int) -> AbstractContextManager[bool]:
        """Memory for work of `size` bytes inside the block; False: it is not free, do less."""
        ...

    def reduce(self, size: int) -> None:
        """Counts a picture that was made smaller, or not at all: `size` bytes were not free."""

    def spend(self) -> None:
        """Counts what the calling thread took of the processor since it last called."""


class Boundless:
    """Of a camera that is alone with the machine, as in `replay`."""

    roomy = True

    def hold(self, _size: int) -> object:
        """Always succeeds."""
        return self

    def work(self, _size: int) -> AbstractContextManager[bool]:
        """Always succeeds."""
        return nullcontext(enter_result=True)

    def reduce(self, _size: int) -> None:
        """Never called."""

    def spend(self) -> None:
        """Nobody counts."""


class Allowance:
    """Seconds of processor time that may be spent; may be used by several threads.

    Two threads that spend in the same moment may lose one of the two sums: it is a bound for
    seconds, not for microseconds.
    """

    def __init__(self, now: float) -> None:
        self._left = BURST
        self._at = self._measured_at = now
        self._spent = self._busy = 0.0

    def spend(self, seconds: float) -> None:
        """Takes the used seconds."""
        self._left -= seconds
        self._spent += seconds

    def left(self, now: float, rate: float) -> bool:
        """Whether there is any left.

        Args:
            now: monotonic seconds.
            rate: processors that may be busy all the time.
        """
        self._left = min(BURST, self._left + (now - self._at) * rate)
        self._at = now
        if (passed := now - self._measured_at) >= _MEASURED:
            self._busy, self._spent, self._measured_at = self._spent / passed, 0.0, now
        return self._left > 0.0

    def busy(self, now: float) -> float:
        """Processors that were kept busy lately; 0 where nobody asks any more what is left."""
        return self._busy if now - self._measured_at < 3 * _MEASURED else 0.0
