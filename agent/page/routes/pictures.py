"""Pictures of now, and the last one of a camera that is off."""

from __future__ import annotations

import asyncio

from aiohttp import web

from agent.core.messages import Shown
from agent.core.state import CameraNow
from agent.imaging.card import privacy_jpeg
from agent.page.bridge import Scene
from agent.page.context import Context
from agent.reoffer.connections import keep_little

#: Seconds that a browser waits for a newer picture; between two looks.
_PATIENCE, _LOOK = 5.0, 0.02
#: Seconds after the last request in which vision still makes pictures: the next one is on its way.
_LINGER = 3.0
_WHO = "page"


def routes(context: Context) -> list[web.RouteDef]:
    """Newest and last picture."""
    pictures = Pictures(context)
    return [
        web.get("/api/cameras/{camera}/picture", pictures.newest),
        web.get("/api/cameras/{camera}/last", pictures.last),
    ]


def let_rest(context: Context) -> None:
    """Vision makes no pictures any more for cameras that nobody has asked for lately."""
    now = context.clock.monotonic()
    for camera, (view, asked) in list(context.looked.items()):
        if now - asked > _LINGER:
            view.want(_WHO, wanted=False)
            del context.looked[camera]


class Pictures:
    """Hands out what vision made: turned, privacy polygons black."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def newest(self, request: web.Request) -> web.Response:
        """The next picture after `?after=N`, with its own number; 204: none within some seconds."""
        camera, scene = self._context.scene(request)
        if scene.view is None:
            raise web.HTTPNotFound(text="this camera shows nothing")
        if self._private(camera):
            return self._card()
        overlay = request.query.get("overlay") == "1"
        with self._context.seat("pictures"):
            shown = await self._next(camera, scene, request.query.get("after", ""))
        if shown is None:
            return web.Response(status=204)
        jpeg = (shown.overlay if overlay else b"") or shown.picture
        keep_little(request)
        return web.Response(body=jpeg, content_type="image/jpeg", headers=self._about(shown.at))

    async def last(self, request: web.Request) -> web.Response:
        """The newest picture that is known, however old: of somebody's look, or a monitoring one.

        204: there has been none since the agent's start; browsers log a 404 as an error.
        """
        name, scene = self._context.scene(request)
        if self._private(name):
            return self._card()
        shown = None if scene.view is None else scene.view.get()
        agent = self._context.bridge.now.get()
        camera = None if agent is None else agent.cameras.get(name)
        found = [] if shown is None else [(self._age(shown.at), shown.picture)]
        found += [] if camera is None else self._published(camera, scene)
        if not found:
            return web.Response(status=204)
        age, jpeg = min(found, key=lambda pair: pair[0])
        headers = {"X-Picture-Age": f"{age:.1f}"}
        return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)

    def _private(self, camera: str) -> bool:
        """Whether nobody may see the camera now; vision may need a moment to know it."""
        agent = self._context.bridge.now.get()
        known = None if agent is None else agent.cameras.get(camera)
        return known is not None and known.settings.privacy

    def _card(self) -> web.Response:
        headers = self._about(self._context.clock.monotonic())
        return web.Response(body=privacy_jpeg(), content_type="image/jpeg", headers=headers)

    async def _next(self, camera: str, scene: Scene, after: str) -> Shown | None:
        view = scene.view
        if view is None:
            return None
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        fresh = camera not in self._context.looked  # what is there is of the last time
        before = view.get()
        while loop.time() < until:
            self._context.looked[camera] = (view, self._context.clock.monotonic())
            view.want(_WHO, wanted=True)
            shown = view.get()
            is_new = shown is not before if fresh else True
            if shown is not None and is_new and f"{shown.at:.3f}" != after:
                return None if self._private(camera) else shown
            if self._context.bridge.scenes.get(camera) is not scene:
                return None  # the camera was changed or removed
            await asyncio.sleep(_LOOK)
        return None

    def _published(self, camera: CameraNow, scene: Scene) -> list[tuple[float, bytes]]:
        """Pictures that went to the broker, with their ages; none of before privacy was changed."""
        now = self._context.clock.utc()
        return [
            ((now - it.meta.captured_at).total_seconds(), it.jpeg)
            for it in (camera.snapshot, camera.motion_picture)
            if it is not None and (scene.since is None or it.meta.captured_at >= scene.since)
        ]

    def _about(self, at: float) -> dict[str, str]:
        return {"X-Picture": f"{at:.3f}", "X-Picture-Age": f"{self._age(at):.1f}"}

    def _age(self, at: float) -> float:
        return max(0.0, self._context.clock.monotonic() - at)
