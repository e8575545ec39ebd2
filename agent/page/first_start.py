"""Asks the child of the first start: one at a time, seldom, with a deadline; of the page's loop.

What somebody tries here goes out into the network and to the disk, so it is bounded: a page is
no scanner.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.page import children

#: Seconds in which a child starts: 1 s here, many on a small Raspberry Pi that does much else.
_STARTS = 20.0
#: Seconds after which a child that has not answered is killed.
WITHIN = {
    "find": _STARTS + 4.0,
    "guess": _STARTS + 26.0,
    "camera": _STARTS + 24.0,
    "broker": _STARTS + 16.0,
    "store": _STARTS + 8.0,
    "write": _STARTS + 18.0,
}
#: Tries, at most, and the seconds in which they are counted.
TRIES, IN_SECONDS = 20, 60.0
#: Seconds in which a child ends the program of a camera that it has started.
ENDS_WITHIN = 3.0
#: Children that hang in a file system and cannot be killed; with more nobody is started.
MOST_HUNG = 2
#: Bytes of an answer: a picture of 200 kB in base64, and some words.
_LONGEST = 1 << 20


class Wait(Exception):
    """Another try is under way, or there were too many; `seconds` until the next one may be."""

    def __init__(self, words: str, seconds: float) -> None:
        super().__init__(words)
        self.seconds = seconds


class FirstStart:
    """What the page knows of the first start.

    Args:
        file: where the configuration would go.
        demo_broker: the port of the demo's own broker, on this machine.
    """

    def __init__(self, file: Path, demo_broker: int) -> None:
        self.file = file
        self._demo_broker = demo_broker
        self._begun: deque[float] = deque()
        self._busy = False
        self._process: subprocess.Popen[bytes] | None = None
        self._hung: list[subprocess.Popen[bytes]] = []

    async def ask(self, do: str, **task: Any) -> dict[str, Any]:  # noqa: ANN401  of a model
        """The child's answer; in words of ours where it gives none.

        Raises:
            Wait: not now.
        """
        self._take_turn()
        self._busy = True
        try:
            async with asyncio.timeout(WITHIN[do]):
                return await self._answer({"do": do, "demo_broker": self._demo_broker, **task})
        except TimeoutError:
            return {"ok": False, "message": f"no answer within {WITHIN[do]:.0f} s"}
        except (OSError, ValueError, RecursionError) as error:  # or it speaks nonsense
            return {"ok": False, "message": f"that failed: {type(error).__name__}"}
        finally:
            self._busy = False
            self._end()

    def close(self) -> None:
        """At the end: the agent waits little for a child, which has deadlines of its own."""
        self._end()
        for process in self._hung:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2)

    def _end(self) -> None:
        """Ends a child that still runs, by force if it hangs; it is waited for later."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            self._hung.append(process)
            with suppress(RuntimeError):  # there is no loop any more: `close` waits
                asyncio.get_running_loop().call_later(ENDS_WITHIN, process.kill)

    def _take_turn(self) -> None:
        self._hung = [process for process in self._hung if process.poll() is None]
        if self._busy:
            raise Wait("another try is under way: wait for it", 1.0)
        if len(self._hung) >= MOST_HUNG:
            raise Wait("earlier tries still hang in a folder that does not answer", 10.0)
        now = asyncio.get_running_loop().time()
        while self._begun and now - self._begun[0] >= IN_SECONDS:
            self._begun.popleft()
        if len(self._begun) >= TRIES:
            wait = self._begun[0] + IN_SECONDS - now
            raise Wait(f"too many tries: wait {wait:.0f} s", wait)
        self._begun.append(now)

    async def _answer(self, task: dict[str, Any]) -> dict[str, Any]:
        process = self._process = children.begin("agent.first_start.child")
        await asyncio.to_thread(children.tell, process, json.dumps(task).encode())
        reader = asyncio.StreamReader(limit=_LONGEST)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        try:
            line = await reader.readline()
        finally:
            transport.close()
        said = json.loads(line)
        if not isinstance(said, dict):
            raise ValueError("no answer")  # noqa: TRY004  as any other nonsense
        return said
