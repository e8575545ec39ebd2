"""Days, their events, and why nothing fired."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from aiohttp import web

from agent.core.naming import day_of
from agent.page import archive
from agent.page.context import Context, said
from agent.page.history import why_nothing
from agent.storage.reading.link import NoSuchThing, StoreSilent
from schemas.page import Days, DayView, Why


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
    """Asks the store, and adds what the page saw itself."""

    def __init__(self, context: Context) -> None:
        self._context = context

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
        return said(await self.view(camera, day_in(request)))

    async def view(self, camera: str, day: date) -> DayView:
        """Everything of one day."""
        told, why_not = await self._ask("day", camera, day=day.isoformat())
        events, bad = archive.stored_events(camera, told, self._context.marks)
        begin, end = archive.bounds(day)
        now = self._context.clock.utc()
        if begin <= now < end:
            events += self._running(camera, {event.id for event in events})
        past = self._context.pasts.get(camera)
        return DayView(
            camera=camera,
            day=day.isoformat(),
            begin=begin,
            end=end,
            known_from=self._context.began,
            curve=archive.curve(past, begin, end),
            events=events,
            spans=archive.spans(past, begin, end),
            films=archive.films(told),
            store=why_not or (f"{bad} lines of the store make no sense" if bad else ""),
        )

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
        view = await self.view(camera, day)
        utc = self._context.clock.utc()
        event = archive.event_at(view.events, at, utc)
        if event is not None:
            return said(Why(at=at, text=event.text, event=event.id))
        past = self._context.pasts.get(camera)
        if past is None:
            return said(Why(at=at, text="Nothing is known of this camera yet."))
        return said(Why(at=at, text=why_nothing(past, at.timestamp(), utc.timestamp())))

    def _running(self, camera: str, known: set[str]) -> list[Any]:
        agent = self._context.desk.now.get()
        return [] if agent is None else archive.running_event(agent.cameras[camera], known)

    async def _ask(self, do: str, camera: str, **more: str) -> tuple[dict[str, Any], str]:
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
