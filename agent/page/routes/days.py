"""Days, their events, and why nothing fired."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

from aiohttp import web

from agent.core.moments import moment_of
from agent.core.state import CameraNow
from agent.core.store_names import day_of
from agent.page import day_view
from agent.page.context import Context, epoch, said
from agent.storage.reading.link import NoSuchThing, StoreSilent
from schemas.page import DayEvent, Days, DayView, Why

#: Bytes that are compressed here, without the other thread.
_COMPRESSED_HERE = 1 << 14


def routes(context: Context) -> list[web.RouteDef]:
    """What can be asked of the past."""
    days = PastDays(context)
    camera = "/api/cameras/{camera}"
    return [
        web.get(f"{camera}/days", days.list_days),
        web.get(camera + "/days/{day}", days.day),
        web.get(f"{camera}/why", days.why),
    ]


class PastDays:
    """Asks the store, and adds what the page saw itself.

    One thread puts days together, one at a time, so that the page goes on meanwhile.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._apart = context.thread("page-days")

    async def list_days(self, request: web.Request) -> web.Response:
        """The days with recordings, newest first, and today."""
        camera, _ = self._context.scene(request)
        told, why_not = await self._ask("days", camera)
        today = self._context.clock.utc().astimezone().date().isoformat()
        found = {today, *told.get("days", ())}
        return said(Days(days=sorted(found, reverse=True), store=why_not))

    async def day(self, request: web.Request) -> web.Response:
        """Everything of one day."""
        camera, _ = self._context.scene(request)
        day = day_in(request)
        told, why_not = await self._ask("day", camera, day=day.isoformat())
        begin, end = day_view.bounds(day)
        past, known_from = await self._context.past.day(camera, begin, end)
        running = None
        if begin <= self._context.clock.utc() < end:
            running = self._now_of(camera)

        def written() -> str:
            """A day of thousands of events takes a part of a second."""
            events, bad = day_view.stored_events(camera, told)
            if running is not None:
                events += day_view.running_event(running, {event.id for event in events})
            return DayView(
                camera=camera,
                day=day.isoformat(),
                begin=begin,
                end=end,
                clock_change=day_view.clock_change(begin, end),
                known_from=None if known_from is None else epoch(known_from),
                curve=day_view.curve(past),
                events=events,
                left_out=told.get("left_out", 0),
                spans=day_view.spans(past),
                films=day_view.films(told),
                store=why_not or (f"{bad} lines of the store make no sense" if bad else ""),
            ).model_dump_json()

        text = await asyncio.get_running_loop().run_in_executor(self._apart, written)
        response = web.Response(
            text=text,
            content_type="application/json",
            zlib_executor=self._apart,
            zlib_executor_size=_COMPRESSED_HERE,
        )
        response.enable_compression()
        return response

    async def why(self, request: web.Request) -> web.Response:
        """Why there was, or was not, an event `?at=` some moment."""
        camera, _ = self._context.scene(request)
        try:
            at = datetime.fromisoformat(request.query.get("at", ""))
            day = _usable(at.astimezone().date())
        except (ValueError, OverflowError):
            raise web.HTTPUnprocessableEntity(text="at: a moment in ISO 8601") from None
        if at.tzinfo is None:
            raise web.HTTPUnprocessableEntity(text="at: name the time zone, such as Z")
        told, _ = await self._ask("moment", camera, day=day.isoformat(), at=at.timestamp())
        events, _ = day_view.stored_events(camera, told)
        events += self._running(camera, {event.id for event in events})
        event = day_view.event_at(events, at, self._context.clock.utc())
        if event is not None:
            return said(Why(at=at, text=event.text, event=event.id))
        explained = await self._context.past.why(camera, moment_of(at))
        if explained is None:
            return said(Why(at=at, text="The log of verdicts does not answer: try again."))
        return said(Why(at=at, text=explained.text, event=explained.event))

    def _running(self, camera: str, known: set[str]) -> list[DayEvent]:
        """What runs of a camera."""
        now = self._now_of(camera)
        return [] if now is None else day_view.running_event(now, known)

    def _now_of(self, camera: str) -> CameraNow | None:
        """How a camera is; while the store was asked, it may have been removed."""
        agent = self._context.bridge.now.get()
        return None if agent is None else agent.cameras.get(camera)

    async def _ask(self, do: str, camera: str, **more: object) -> tuple[dict[str, Any], str]:
        """What the store says, and why it says nothing, in words."""
        reader = self._context.reader
        if reader is None:
            return {}, "no image store is configured: nothing is recorded"
        try:
            told, _ = await reader.ask(do, camera, **more)
        except NoSuchThing:
            return {}, ""
        except StoreSilent as error:
            return {}, str(error)
        return told, ""


def day_in(request: web.Request) -> date:
    """The day that the request's path names.

    Raises:
        HTTPNotFound: that is no day.
    """
    day = day_of(request.match_info["day"])
    if day is None:
        raise web.HTTPNotFound(text="no such day")
    return _usable(day)


def _usable(day: date) -> date:
    """The day, as far as calendars and clocks agree on it everywhere."""
    if not date(1971, 1, 2) <= day <= date(9998, 12, 30):
        raise web.HTTPNotFound(text="no such day")
    return day
