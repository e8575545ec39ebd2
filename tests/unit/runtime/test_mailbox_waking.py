"""The moments in which a waiting reader could miss its message, each brought about on purpose."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from agent.runtime.mailbox import Mailbox, WhenFull
from tests.support.waiting import PATIENCE

SOON = 20.0  # far less than the reader would wait, far more than it needs
LONG = 3.0  # a wait that is not to last


def box() -> Mailbox[int]:
    return Mailbox("test", 100, WhenFull.REFUSE)


class Looked(deque[Any]):
    """Does something just after the reader has looked whether there are messages."""

    def __init__(self, after_look: int, then: Callable[[], object]) -> None:
        super().__init__()
        self._left, self._then = after_look, then

    def __len__(self) -> int:
        there = super().__len__()
        self._left -= 1
        if self._left == 0:
            self._then()
        return there


class LateBell:
    """Lets the time run out, and rings just then."""

    def __init__(self, bell: threading.Lock, then: Callable[[], object]) -> None:
        self._bell, self._then = bell, then

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        """As a lock's."""
        if timeout < 0:
            return bool(self._bell.acquire(blocking=blocking))
        self._then()
        return False

    def release(self) -> None:
        """As a lock's."""
        self._bell.release()

    def locked(self) -> bool:
        """As a lock's."""
        return bool(self._bell.locked())


def timed(box: Mailbox[int], timeout: float) -> tuple[int | None, float]:
    begun = time.monotonic()
    return box.get(timeout), time.monotonic() - begun


def test_a_message_between_the_look_and_the_sleep_is_not_slept_over() -> None:
    b = box()
    # `get` looks, then `_wait` looks again: the message comes just after that
    b._items = Looked(2, lambda: b.put(7))
    message, seconds = timed(b, 60.0)
    assert message == 7
    assert seconds < SOON


def test_a_message_as_the_time_runs_out_is_taken_and_wakes_nobody_later() -> None:
    b = box()
    bell = b._bell
    b._bell = LateBell(bell, lambda: b.put(7))  # type: ignore[assignment]  # as good as a lock
    assert b.get(0.5) == 7
    b._bell = bell
    message, seconds = timed(b, 0.1)
    assert message is None
    assert seconds > 0.09


def test_a_signal_handler_may_interrupt_in_the_middle_of_a_put() -> None:
    b = box()

    class Interrupted(deque[Any]):
        def append(self, item: object) -> None:
            b.interrupt()
            super().append(item)

    b._items = Interrupted()
    putting = threading.Thread(target=lambda: b.put(7), daemon=True)
    putting.start()
    putting.join(PATIENCE)
    assert not putting.is_alive()
    assert b.get(60.0) == 7


@pytest.fixture
def alarm() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Sets what SIGALRM does; the old handler and no timer afterwards."""
    old = signal.getsignal(signal.SIGALRM)

    def use(what: Callable[[], object]) -> None:
        def handler(_number: int, _frame: FrameType | None) -> None:
            what()

        signal.signal(signal.SIGALRM, handler)

    yield use
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


def test_no_interrupt_of_a_signal_handler_is_slept_over(
    alarm: Callable[[Callable[[], object]], None],
) -> None:
    b, rng, rung = box(), random.Random(1), [0.0]

    def ring() -> None:
        rung[0] = time.monotonic()
        b.interrupt()

    alarm(ring)
    for _ in range(150):
        rung[0] = 0.0
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 0.001))
        # Python itself runs a handler as late as that, now and then: nobody rang before
        while not rung[0]:
            assert b.get(LONG) is None
        assert time.monotonic() - rung[0] < 0.9 * LONG


def test_two_writers_and_signals_lose_nothing(
    alarm: Callable[[Callable[[], object]], None],
) -> None:
    b: Mailbox[int] = Mailbox("test", 20_000, WhenFull.REFUSE)
    alarm(b.interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    writers = [
        threading.Thread(target=lambda: [b.put(n) for n in range(5000)], daemon=True)
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    got, until = 0, time.monotonic() + 60.0
    while got < 10_000 and time.monotonic() < until:
        got += b.get(0.3) is not None
    assert (got, b.depth, b.dropped) == (10_000, 0, 0)
