"""What the page asks the log of verdicts; its thread answers, the page's loop waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from agent.core.moments import Moment
from agent.page.bridge import Bridge
from agent.verdicts.curve import Past
from agent.verdicts.explanation import Explained
from agent.verdicts.worker import AskPast, AskWhy, Question

#: Seconds: a day is read from the SD card within two, also while other programs use it.
_WITHIN = 10.0

T = TypeVar("T")


class PastAsked:
    """Belongs to the page's loop."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def day(
        self, camera: str, begin: datetime, end: datetime
    ) -> tuple[Past | None, float | None]:
        """Curve and spans of some time, and of which second since 1970 the log tells first."""

        def question(reply: Callable[[tuple[Past, float | None]], None]) -> Question:
            """Wants both."""
            first, last = begin.timestamp(), end.timestamp()
            return AskPast(camera, first, last, lambda past, begins: reply((past, begins)))

        return await self._ask(question) or (None, None)

    async def why(self, camera: str, moment: Moment) -> Explained | None:
        """Why there was, or was not, an event; None: nobody answers."""
        return await self._ask(lambda reply: AskWhy(camera, moment, reply))

    async def _ask(self, made: Callable[[Callable[[T], None]], Question]) -> T | None:
        """What the log answers; None where its queue is full, or does not answer in time."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def take(said: T) -> None:
            """On the page's loop: the answer, if somebody still waits for it."""
            if not answer.done():
                answer.set_result(said)

        def reply(said: T) -> None:
            """On the log's thread."""
            with suppress(RuntimeError):  # the page has ended
                loop.call_soon_threadsafe(take, said)

        if not self._bridge.verdicts.put(made(reply)):
            return None
        with suppress(TimeoutError):
            return await asyncio.wait_for(answer, _WITHIN)
        return None
