"""The state of now, once or as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from aiohttp import web

from agent.page.context import Context, said

#: Seconds between two looks; between two signs of life; until a browser that reads nothing is gone.
_LOOK, _PING, _STUCK = 0.4, 15.0, 10.0
#: nginx keeps what it passes on until it has much: a browser would call the agent lost.
_HEADERS = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


def routes(context: Context) -> list[web.RouteDef]:
    """State and stream."""
    live = Live(context)
    return [web.get("/api/state", live.state), web.get("/api/live", live.stream)]


class Live:
    """Says what is new, to everybody who listens."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def state(self, _request: web.Request) -> web.Response:
        """Everything of now."""
        return said(self._context.state())

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Event `state` when anything is new; `score` for each judged frame of `?scores=CAMERA`."""
        watched = request.query.get("scores", "")
        with self._context.seat("live"):
            response = web.StreamResponse(headers=_HEADERS)
            response.force_close()
            await response.prepare(request)
            with suppress(ConnectionError, TimeoutError):
                await self._tell(response, watched)
            return response

    async def _tell(self, response: web.StreamResponse, watched: str) -> None:
        loop = asyncio.get_running_loop()
        before, told, pinged = "", 0, loop.time()
        while True:
            lines = []
            now = self._context.state().model_dump_json()
            if now != before:
                before = now
                lines.append(f"event: state\ndata: {now}\n\n")
            scores, told = self._scores(watched, told)
            lines += scores
            if not lines and loop.time() - pinged >= _PING:
                lines.append("event: alive\ndata: {}\n\n")
            if lines:
                pinged = loop.time()
                text = "".join(lines).encode()
                await asyncio.wait_for(response.write(text), _STUCK)
            await asyncio.sleep(_LOOK)

    def _scores(self, camera: str, told: int) -> tuple[list[str], int]:
        """The judged frames since the last one that was sent."""
        recent = self._context.recents.get(camera)
        new = [] if recent is None else [it for it in recent.points if it.number > told]
        if not new:
            return [], told
        rows = [[p.at, p.score, p.least, p.most, p.motion, p.reason] for p in new]
        return [f"event: score\ndata: {json.dumps(rows)}\n\n"], new[-1].number
