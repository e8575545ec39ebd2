"""Orders to the agent and their answers; belongs to the page's loop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from agent.page.bridge import ANSWERS, Bridge, PaintedMask
from schemas.commands import Command, Response
from schemas.page import Aim, Answer

#: Seconds: the engine always answers within eight, also if an owner hangs.
_WITHIN = 10.0
_LOOK = 0.03
#: Seconds between two aims: each one restarts a camera, and other cameras' events wait for it.
AIM_EVERY = 3.0
#: Aims that may wait for that, at most.
_AIMS_WAIT = 2


class Orders:
    """Sends orders; at most as many are under way as the mailbox for answers can take."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._answers: OrderedDict[bytes, Response] = OrderedDict()
        self._under_way = 0
        self._aim_at = float("-inf")  # when the next aim may go

    async def command(self, command: Command, noun: str, camera: str | None) -> Answer:
        """Carries out a command as if it had come over MQTT."""
        if self._under_way >= ANSWERS:
            return _busy()
        return await self._wait(self._bridge.order(command, noun, camera))

    async def aim(self, camera: str, aim: Aim | None, mask: PaintedMask | None = None) -> Answer:
        """Puts an aim in force, or takes it back; waits for its turn."""
        now = asyncio.get_running_loop().time()
        pause = max(0.0, self._aim_at - now)
        if self._under_way >= ANSWERS or pause > _AIMS_WAIT * AIM_EVERY:
            return _busy()
        self._aim_at = now + pause + AIM_EVERY
        await asyncio.sleep(pause)
        return await self._wait(self._bridge.order_aim(camera, aim, mask))

    async def _wait(self, token: bytes | None) -> Answer:
        if token is None:
            return _busy()
        loop = asyncio.get_running_loop()
        until = loop.time() + _WITHIN
        self._under_way += 1
        try:
            while loop.time() < until:
                self._collect()
                if (said := self._answers.pop(token, None)) is not None:
                    return _answer(said)
                await asyncio.sleep(_LOOK)
        finally:
            self._under_way -= 1
        return Answer(ok=False, code="internal", message=f"no answer within {_WITHIN:g} s")

    def _collect(self) -> None:
        while (found := self._bridge.answers.get()) is not None:
            token, answer = found
            self._answers[token] = answer
            while len(self._answers) > ANSWERS:  # of those who have left
                self._answers.popitem(last=False)


def _answer(said: Response) -> Answer:
    if said.error is None:
        return Answer(ok=True)
    return Answer(ok=False, code=said.error.code, message=said.error.message)


def _busy() -> Answer:
    return Answer(ok=False, code="busy", message="the agent has too much to do now: try again")
