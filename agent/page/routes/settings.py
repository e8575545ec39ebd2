"""Orders to the agent: settings, snapshot, recording, keep."""

from __future__ import annotations

from aiohttp import web

from agent.core.store_names import is_event
from agent.page.context import Context, body_of, said
from schemas.commands import (
    Command,
    KeepRecording,
    MarkMistake,
    PatchSettings,
    RecordNow,
    Snooze,
    TakeSnapshot,
)
from schemas.page import (
    Answer,
    FalseAlarm,
    KeepOrder,
    RecordOrder,
    SettingsOrder,
    SnoozeOrder,
    WrongLabel,
)
from schemas.settings import CameraSettings, check_value, setting_names

#: HTTP's word for a refusal.
_STATUS = {
    "out_of_range": 422,
    "not_used": 422,
    "invalid_payload": 422,
    "busy": 503,
    "rate_limited": 429,
    "unknown_event": 404,
}


def routes(context: Context) -> list[web.RouteDef]:
    """What can be ordered."""
    orders = Settings(context)
    camera = "/api/cameras/{camera}"
    event = camera + "/days/{day}/events/{event}"
    return [
        web.post(f"{camera}/settings", orders.change),
        web.post(f"{camera}/snapshot", orders.snapshot),
        web.post(f"{camera}/record", orders.record),
        web.post(f"{camera}/snooze", orders.snooze),
        web.post(f"{event}/keep", orders.keep),
        web.post(f"{event}/false-alarm", orders.false_alarm),
        web.post(f"{event}/wrong-label", orders.wrong_label),
    ]


class Settings:
    """Each order goes the way of an MQTT command: same checks, same limits, same log."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def change(self, request: web.Request) -> web.Response:
        """Changes settings of a camera."""
        camera, _ = self._context.scene(request)
        order = await body_of(request, SettingsOrder)
        try:
            for name, value in order.values.items():
                if name not in setting_names(CameraSettings):
                    raise ValueError(f"there is no setting {name[:40]}")  # noqa: TRY301  one answer
                if value is not None:
                    check_value(CameraSettings, name, value)
        except ValueError as error:
            return answered(Answer(ok=False, code="out_of_range", message=str(error)))
        return await self._do(PatchSettings(camera=camera, values=order.values), "settings", camera)

    async def snapshot(self, request: web.Request) -> web.Response:
        """Takes a picture, which goes where snapshots go."""
        camera, _ = self._context.scene(request)
        return await self._do(TakeSnapshot(camera=camera), "snapshot", camera)

    async def record(self, request: web.Request) -> web.Response:
        """Records a clip now."""
        camera, _ = self._context.scene(request)
        order = await body_of(request, RecordOrder)
        return await self._do(RecordNow(camera=camera, seconds=order.seconds), "record", camera)

    async def snooze(self, request: web.Request) -> web.Response:
        """Lets notifications and beep rest for some minutes; 0 ends it."""
        camera, _ = self._context.scene(request)
        order = await body_of(request, SnoozeOrder)
        return await self._do(Snooze(camera=camera, minutes=order.minutes), "snooze", camera)

    async def keep(self, request: web.Request) -> web.Response:
        """Spares an event's files when old ones are deleted."""
        camera, _ = self._context.scene(request)
        order = await body_of(request, KeepOrder)
        command = KeepRecording(camera=camera, id=event_in(request), keep=order.keep)
        return await self._do(command, "keep", camera)

    async def false_alarm(self, request: web.Request) -> web.Response:
        """Marks an event as a false alarm."""
        camera, _ = self._context.scene(request)
        order = await body_of(request, FalseAlarm)
        command = MarkMistake(camera=camera, event=event_in(request), false_alarm=order.value)
        return await self._do(command, "mark", camera)

    async def wrong_label(self, request: web.Request) -> web.Response:
        """Marks an event's label as wrong."""
        camera, _ = self._context.scene(request)
        order = await body_of(request, WrongLabel)
        command = MarkMistake(camera=camera, event=event_in(request), wrong_label=order.value)
        return await self._do(command, "mark", camera)

    async def _do(self, command: Command, noun: str, camera: str) -> web.Response:
        return answered(await self._context.orders.command(command, noun, camera))


def answered(answer: Answer) -> web.Response:
    """An answer with HTTP's word for it."""
    return said(answer, 200 if answer.ok else _STATUS.get(answer.code, 409))


def event_in(request: web.Request) -> str:
    """The event that the request's path names.

    Raises:
        HTTPNotFound: that is no event's id.
    """
    event = request.match_info["event"]
    if not is_event(event):
        raise web.HTTPNotFound(text="no such event")
    return event
