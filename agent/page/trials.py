"""Trials: a day's clips judged again in a child process, one at a time; belongs to the page's loop.

A child that says nothing for a while is killed: a clip takes seconds, a store that hangs for ever.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from agent.page import children
from schemas.page import JobView, TrialResult

#: Seconds without a word, and in all.
SILENT_FOR, LASTS = 90.0, 1800.0
#: Trials that are remembered.
MOST_KNOWN = 8
#: Children that hang in a store and cannot be killed; with more nobody is started.
MOST_HUNG = 2
_LONGEST_LINE = 1 << 20
#: A child that cannot be begun, or that speaks nonsense.
_NONSENSE = (OSError, ValueError, TypeError, LookupError, RecursionError)


class Busy(Exception):
    """Another trial runs."""


class Trials:
    """Starts, watches, cancels."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, JobView] = OrderedDict()
        self._running: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._hung: list[subprocess.Popen[bytes]] = []

    def find(self, trial: str) -> JobView | None:
        """How far a trial is."""
        return self._known.get(trial)

    def begin(self, task: dict[str, Any]) -> JobView:
        """Starts one.

        Raises:
            Busy: another one runs, or the store hangs.
        """
        self._hung = [process for process in self._hung if process.poll() is None]
        if self._running is not None and not self._running.done():
            raise Busy("another trial runs: wait for it, or cancel it")
        if len(self._hung) >= MOST_HUNG:
            raise Busy("the image store does not answer: earlier trials still hang")
        view = JobView(id=secrets.token_hex(8), done=0, total=0, state="running")
        self._note(view)
        self._running = asyncio.get_running_loop().create_task(self._run(view, task))
        return view

    def cancel(self, trial: str) -> JobView | None:
        """Ends a trial, if it runs."""
        view = self._known.get(trial)
        if view is not None and view.state == "running":
            view = view.model_copy(update={"state": "cancelled"})
            self._note(view)
            self._end()
        return view

    def close(self) -> None:
        """At the end."""
        self._end()
        if self._running is not None:
            self._running.cancel()
        for process in self._hung:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)

    def _note(self, view: JobView) -> None:
        self._known[view.id] = view
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            self._hung.append(process)

    async def _run(self, view: JobView, task: dict[str, Any]) -> None:
        message = ""
        try:
            async with asyncio.timeout(LASTS):
                view = await self._follow(view, task)
        except TimeoutError:
            message = "it took too long; the image store may not answer"
        except _NONSENSE as error:
            message = f"the trial failed: {type(error).__name__}"
        finally:
            self._end()
        current = self._known.get(view.id)
        if current is not None and current.state == "running" and view.state == "running":
            message = message or "the trial ended without a result"
            self._note(current.model_copy(update={"state": "failed", "message": message}))

    async def _follow(self, view: JobView, task: dict[str, Any]) -> JobView:
        """Starts the child and hears it to its end; the last view."""
        process = self._process = _child()
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(children.tell, process, json.dumps(task).encode())
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        try:
            while line := await asyncio.wait_for(reader.readline(), SILENT_FOR):
                if self._known[view.id].state != "running":
                    return self._known[view.id]
                view = _heard(view, json.loads(line))
                self._note(view)
        finally:
            transport.close()
        return view


def _child() -> subprocess.Popen[bytes]:
    return children.begin("agent.tuning.trial")


def _heard(view: JobView, said: dict[str, Any]) -> JobView:
    if "failed" in said:
        return view.model_copy(update={"state": "failed", "message": str(said["failed"])})
    if "result" in said:
        result = TrialResult.model_validate(said["result"])
        return view.model_copy(update={"state": "done", "result": result})
    return view.model_copy(update={"done": int(said["done"]), "total": int(said["total"])})
