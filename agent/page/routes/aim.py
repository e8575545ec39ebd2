"""What is looked at: shown, checked, put in force, tried on a day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import yaml
from aiohttp import web
from pydantic import BaseModel

from agent.core.errors import ConfigError
from agent.imaging.strokes import painted, painted_plane
from agent.page.bridge import PaintedMask, Scene
from agent.page.context import Context, body_of, said
from agent.page.routes.settings import answered
from agent.page.trials import Busy
from agent.vision.detector.masks import mask_of
from agent.vision.zones import View, small_size, view_of
from schemas.camera_config import CameraConfig
from schemas.page import Aim, AimView, Trial
from schemas.settings import PLACES

#: Where the picture's size is not known yet, only the share of it that is judged is less exact.
_TRIAL_SIZE = (480, 640)
#: A sweep tries these parts of the value in force.
_FACTORS = (0.25, 0.5, 2.0, 4.0)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def routes(context: Context) -> list[web.RouteDef]:
    """Aim and trials."""
    aiming = Aiming(context)
    camera = "/api/cameras/{camera}"
    return [
        web.get(f"{camera}/aim", aiming.show),
        web.post(f"{camera}/aim", aiming.apply),
        web.delete(f"{camera}/aim", aiming.revert),
        web.post(f"{camera}/aim/check", aiming.check),
        web.post(f"{camera}/trials", aiming.begin_trial),
        web.get("/api/trials/{trial}", aiming.trial),
        web.delete("/api/trials/{trial}", aiming.cancel),
    ]


class Aiming:
    """Checks and paints what was drawn; the main thread puts it in force.

    One thread does that, one aim at a time, so that the page goes on meanwhile.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._apart = context.thread("page-aim")

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._apart, work, *args)

    async def _read(self, request: web.Request, model: type[M]) -> M:
        return await body_of(request, model, self._apart)

    async def show(self, request: web.Request) -> web.Response:
        """What is in force."""
        camera, scene = self._context.scene(request)
        drawn = scene.aim
        aim = drawn.aim if drawn else Aim(zones=scene.config.zones, privacy=scene.config.privacy)
        with self._context.seat("aims"):
            return said(await self._run(self._view, camera, scene, aim))

    async def check(self, request: web.Request) -> web.Response:
        """What an aim would be; 422 and why where it cannot be."""
        camera, scene = self._context.scene(request)
        try:
            with self._context.seat("aims"):
                aim = await self._read(request, Aim)
                return said(await self._run(self._view, camera, scene, aim))
        except ConfigError as error:
            return web.json_response({"message": str(error)}, status=422)

    async def apply(self, request: web.Request) -> web.Response:
        """Puts it in force, now and after a restart."""
        camera, scene = self._context.scene(request)
        try:
            with self._context.seat("aims"):
                aim = await self._read(request, Aim)
                await self._run(self._view, camera, scene, aim)
                mask = await self._run(self._painted, camera, aim)
        except ConfigError as error:
            return web.json_response({"message": str(error)}, status=422)
        return answered(await self._context.orders.aim(camera, aim, mask))

    async def revert(self, request: web.Request) -> web.Response:
        """Gives the camera back to the configuration file."""
        camera, _ = self._context.scene(request)
        return answered(await self._context.orders.aim(camera, None))

    async def begin_trial(self, request: web.Request) -> web.Response:
        """Judges a day's clips again."""
        camera, scene = self._context.scene(request)
        trial = await self._read(request, Trial)
        terms = self._context.terms()
        if terms is None:
            return web.json_response({"message": "no image store is configured"}, status=404)
        task = {"terms": terms, "camera": camera, "day": trial.day}
        try:
            variants = self._variants(camera, scene, trial)
            view = self._context.trials.begin({**task, "variants": variants})
        except (Busy, ValueError) as error:
            return web.json_response({"message": str(error)}, status=409)
        return said(view)

    async def trial(self, request: web.Request) -> web.Response:
        """How far a trial is."""
        view = self._context.trials.find(request.match_info["trial"])
        if view is None:
            raise web.HTTPNotFound(text="no such trial")
        return said(view)

    async def cancel(self, request: web.Request) -> web.Response:
        """Ends a trial."""
        view = self._context.trials.cancel(request.match_info["trial"])
        if view is None:
            raise web.HTTPNotFound(text="no such trial")
        return said(view)

    def _view(self, camera: str, scene: Scene, aim: Aim) -> AimView:
        """An aim with what it comes to.

        Raises:
            ConfigError: nothing is left to look at, or it does not go with the configuration.
        """
        size = self._size(camera) or _TRIAL_SIZE
        try:
            drawn = {"zones": aim.zones, "privacy": aim.privacy, "mask": None}
            config = CameraConfig.model_validate({**scene.in_file.model_dump(), **drawn})
        except ValueError as error:
            words = str(getattr(error, "errors", list)()[0]["msg"])
            raise ConfigError(words.removeprefix("Value error, ")) from None
        in_force = scene.aim is not None and scene.aim.aim == aim
        return AimView(
            camera=camera,
            aim=aim,
            origin="page" if in_force else "file",
            since=scene.aim.since if in_force and scene.aim is not None else None,
            mask_in_file=scene.in_file.mask is not None,
            looks_at_pct=round(self._share(camera, scene, config, aim, size), 1),
            yaml=_yaml(camera, aim),
        )

    @staticmethod
    def _share(
        camera: str, scene: Scene, config: CameraConfig, aim: Aim, size: tuple[int, int]
    ) -> float:
        if aim.mask:
            view = view_of(camera, config)
            small = small_size(*size)
            mask = mask_of(painted_plane(aim.mask, *small), view.orientation)
            return View(mask, view.zones, view.privacy, view.orientation).share(*small)
        config = config.model_copy(update={"mask": scene.in_file.mask})
        view = view_of(camera, config)
        return view.share(*(size if view.mask is None else view.mask.grey.shape))

    def _painted(self, camera: str, aim: Aim) -> PaintedMask | None:
        """The mask as a picture.

        Raises:
            ConfigError: nobody knows how large it has to be.
        """
        if not aim.mask:
            return None
        if (size := self._size(camera)) is None:
            raise ConfigError("the camera has shown no picture yet: a mask has to have its size")
        return PaintedMask(painted(aim.mask, *size), *size)

    def _size(self, camera: str) -> tuple[int, int] | None:
        agent = self._context.bridge.now.get()
        vision = None if agent is None else agent.gauges.vision.get(camera)
        if vision is None or not vision.height:
            return None
        return vision.height, vision.width

    def _variants(self, camera: str, scene: Scene, trial: Trial) -> list[dict[str, Any]]:
        agent = self._context.bridge.now.get()
        if agent is None or camera not in agent.cameras:
            raise ValueError("the agent is starting")
        config = _with_settings(scene.config, agent.cameras[camera].settings.model_dump())
        found = [_variant("in_force", config)]
        if trial.aim is not None:
            found.append(_variant("drawn", config, trial.aim))
        if trial.sweep == "sensitivity":
            found += [
                _variant(place, _detecting(config, pixel_threshold=threshold, min_changed=least))
                for place, (threshold, least) in PLACES.items()
            ]
        elif trial.sweep is not None:
            now = getattr(config.detection, trial.sweep)
            for factor in _FACTORS:
                value = _swept(trial.sweep, now * factor, config)
                found.append(_variant(f"{value:g}", _detecting(config, **{trial.sweep: value})))
        return found


def _detecting(config: CameraConfig, **numbers: float) -> CameraConfig:
    """The configuration with other numbers behind detection."""
    detection = config.detection.model_copy(update=numbers)
    return config.model_copy(update={"detection": detection})


def _swept(name: str, value: float, config: CameraConfig) -> float:
    """A value that the setting can have."""
    if name == "pixel_threshold":
        return min(255, max(1, round(value)))
    used = "max_changed" in config.detection.used()
    most = config.detection.max_changed * 0.9 if used else 90.0
    return round(min(value, most), 4)


def _with_settings(config: CameraConfig, settings: dict[str, Any]) -> CameraConfig:
    """The configuration with the numbers that are in force."""
    detection = config.detection.model_copy(
        update={key: settings[key] for key in ("pixel_threshold", "min_changed", "max_changed")}
    )
    recording = config.recording.model_copy(update={"post_frames": settings["post_frames"]})
    longest = settings["max_event_seconds"]
    return config.model_copy(
        update={"detection": detection, "recording": recording, "max_event_seconds": longest}
    )


def _variant(name: str, config: CameraConfig, aim: Aim | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "camera": config.model_dump(mode="json"),
        "aim": None if aim is None else aim.model_dump(mode="json"),
    }


def _yaml(camera: str, aim: Aim) -> str:
    """The keys of the configuration; a painted mask is a picture, so it is not among them."""
    dumped = aim.model_dump(mode="json", exclude_defaults=True, exclude={"mask"})
    tree = {"cameras": {camera: dumped}} if dumped else {}
    if not tree:
        return ""
    text: str = yaml.safe_dump(tree, sort_keys=False, default_flow_style=None, width=100)
    return text
