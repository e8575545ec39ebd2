"""The page's end of the pipe to the reading child: each answer has a deadline.

Belongs to one asyncio loop. A child that does not answer is killed and left alone: where its call
hangs in the kernel it goes when the call comes back. While too many hang nobody is started.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from agent.runtime.child_link import start_connected
from agent.runtime.framing import BadMessage, Message, Unpacker, pack

#: Seconds for one answer; a server that needs longer is of no use to somebody who seeks in a film.
ANSWER_WITHIN = 5.0
#: Seconds more for the first answer of a child: it has to start, on a small machine that is busy.
STARTS_WITHIN = 15.0
#: Children that may hang at a time.
MOST_HUNG = 2
#: Requests that may wait for their turn.
MOST_WAITING = 16
#: Seconds after which a child that nobody asks is sent home.
IDLE_FOR = 30.0
#: Bytes of an answer; the page's thread takes it apart, and nothing else runs meanwhile.
MOST_ANSWER = 2 << 20
_PIECE = 1 << 18


class StoreSilent(Exception):
    """The store gives no answer; in words, and nobody knows when it will."""


class NoSuchThing(Exception):
    """The store answers: there is no such camera, day, event or file."""


class Reader:
    """Asks the reading child, which is started when somebody asks.

    Args:
        terms: says which store is to be read: the fields of `agent.storage.store.identity.Terms`.
    """

    def __init__(self, terms: Callable[[], dict[str, object] | None]) -> None:
        self._terms = terms
        self._child: _Child | None = None
        self._hung: list[subprocess.Popen[bytes]] = []
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def ask(self, do: str, camera: str, **more: object) -> tuple[dict[str, Any], bytes]:
        """One answer and its bytes.

        Raises:
            StoreSilent: none came in time, or the store cannot be read.
            NoSuchThing: there is nothing of the kind.
        """
        if self._waiting >= MOST_WAITING:
            raise StoreSilent("too many people read in the store now")
        # who seeks in a film leaves in the middle of an answer: it is heard to its end all the same
        asked = asyncio.get_running_loop().create_task(self._in_turn({**more, "do": do}, camera))
        asked.add_done_callback(_seen)
        said = await asyncio.shield(asked)
        if "unknown" in said.says:
            raise NoSuchThing(said.says["unknown"])
        if "failed" in said.says:
            raise StoreSilent(said.says["failed"])
        return said.says, said.body

    async def _in_turn(self, says: dict[str, Any], camera: str) -> Message:
        self._waiting += 1
        try:
            async with self._turn:
                return await self._exchange({**says, "camera": camera})
        finally:
            self._waiting -= 1

    def rest(self) -> None:
        """Now and then: a child that nobody has asked for a while goes home."""
        child = self._child
        if child is not None and not self._waiting and child.idle >= IDLE_FOR:
            self.close()
        self._hung = [process for process in self._hung if process.poll() is None]

    def close(self) -> None:
        """Sends the child home; the next question starts another one."""
        child, self._child = self._child, None
        if child is not None:
            child.close()
            self._hung.append(child.process)  # until it has gone

    def end(self, seconds: float = 0.5) -> None:
        """At the end: waits for children that can go; one that hangs is left behind."""
        self.close()
        for process in self._hung:
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)

    async def _exchange(self, says: dict[str, Any]) -> Message:
        child = self._child or self._start()
        try:
            message = Message({**says, "terms": self._terms()})
            within = ANSWER_WITHIN + (STARTS_WITHIN if child.fresh else 0.0)
            answer = await asyncio.wait_for(child.exchange(message), within)
        except TimeoutError:
            self._leave(child)
            words = f"the image store gives no answer within {ANSWER_WITHIN:g} s"
            raise StoreSilent(words) from None
        except (ConnectionError, BadMessage, EOFError):
            self._leave(child)
            raise StoreSilent("reading the image store failed; it is tried again") from None
        child.fresh = False
        return answer

    def _start(self) -> _Child:
        self.rest()
        if len(self._hung) >= MOST_HUNG:
            raise StoreSilent("the image store does not answer: earlier questions still hang")
        try:
            self._child = _Child()
        except OSError as error:  # no memory, or too many processes or open files
            words = f"reading the image store cannot begin: {error.strerror or error}"
            raise StoreSilent(words) from None
        return self._child

    def _leave(self, child: _Child) -> None:
        child.close()
        child.process.kill()
        self._hung.append(child.process)
        if self._child is child:
            self._child = None


def _seen(asked: asyncio.Task[Message]) -> None:
    """Nobody may be left who hears of a failure."""
    if not asked.cancelled():
        asked.exception()


class _Child:
    """A running child and the connection to it."""

    def __init__(self) -> None:
        self.process, self._socket = start_connected(
            "agent.storage.reading.child", start_new_session=True
        )
        self.fresh = True  # it has answered nothing yet
        self._unpacker = Unpacker(MOST_ANSWER)
        self._loop = asyncio.get_running_loop()
        self._used = self._loop.time()

    @property
    def idle(self) -> float:
        """Seconds since it was last asked."""
        return self._loop.time() - self._used

    async def exchange(self, message: Message) -> Message:
        """Asks, and waits for the answer.

        Raises:
            ConnectionError, EOFError: it has ended.
            BadMessage: it speaks another language.
        """
        self._used = self._loop.time()
        await self._loop.sock_sendall(self._socket, pack(message))
        while (answer := self._unpacker.next()) is None:
            data = await self._loop.sock_recv(self._socket, _PIECE)
            if not data:
                raise EOFError
            self._unpacker.feed(data)
        return answer

    def close(self) -> None:
        """Ends the connection; the child ends when it sees that."""
        with suppress(OSError):
            self._socket.close()
