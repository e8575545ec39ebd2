"""The cameras of a storm: a web camera, one asked for each picture, one by UDP, one by RTSP.

Each can be told that somebody walks by, that its connections are cut, that its pictures pause, and
that it refuses; all of it ends with `calm`.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.resilience.camera import FPS, PERIOD, QUIET, Camera, Yard
from tests.support.broker import free_port
from tests.support.rtsp_camera_process import RtspCamera
from tests.support.web_camera import WebCamera


class StormCamera(Protocol):
    """What a storm does to a camera."""

    source: str

    def walk(self, *, on: bool) -> None:
        """Somebody walks by again and again, or nobody does."""

    def cut(self) -> None:
        """Its connections break."""

    def stall(self, *, on: bool) -> None:
        """Its pictures pause."""

    def refuse(self, *, on: bool) -> None:
        """It says no."""


class Garden:
    """What a web camera sees: somebody crosses it again and again while `walking`."""

    def __init__(self, seed: int) -> None:
        self.walking = False
        self._yard = Yard(seed)
        self._drawn: dict[float, bytes] = {}

    def picture(self, number: int) -> bytes:
        """Picture `number` of its day; each is drawn once."""
        second = number / FPS % PERIOD
        if not self.walking and second >= QUIET:
            second -= QUIET
        key = round(second, 3)
        if key not in self._drawn:
            self._drawn[key] = self._yard.at(key)
        return self._drawn[key]


class Web:
    """A web camera before a garden; a `StormCamera`."""

    def __init__(self, stack: ExitStack, seed: int, path: str) -> None:
        self._garden = Garden(seed)
        self.web = stack.enter_context(WebCamera(self._garden.picture, fps=FPS))
        self.source = self.web.url(path)

    def walk(self, *, on: bool) -> None:
        self._garden.walking = on

    def cut(self) -> None:
        self.web.cut()

    def stall(self, *, on: bool) -> None:
        (self.web.stalled.set if on else self.web.stalled.clear)()

    def refuse(self, *, on: bool) -> None:
        self.web.status = 503 if on else None
        if on:
            self.web.cut()


class Udp:
    """The simulated camera, a process; a `StormCamera`."""

    def __init__(self, stack: ExitStack, folder: Path, seed: int) -> None:
        self._camera = Camera(folder, free_port(), seed)
        self._camera.start()
        stack.callback(self._camera.kill)
        self.walk(on=False)
        self.source = f"hk://127.0.0.1:{self._camera.port}"

    def walk(self, *, on: bool) -> None:
        self._camera.order(visits=on)

    def cut(self) -> None:
        self._camera.order(reboot=0.5)

    def stall(self, *, on: bool) -> None:
        self._camera.order(stall=1.0 if on else 0.0)

    def refuse(self, *, on: bool) -> None:
        """It refuses while another session is open, which the storm has in other ways."""
        del on


class Rtsp:
    """GStreamer's server with H.264; a `StormCamera`. All turns white when somebody comes."""

    def __init__(self, stack: ExitStack) -> None:
        self._camera = stack.enter_context(RtspCamera("viewer", "pw-123"))
        self.source = self._camera.url("/sub")

    def walk(self, *, on: bool) -> None:
        self._camera.say("visit" if on else "empty")

    def cut(self) -> None:
        self._camera.say("cut")

    def stall(self, *, on: bool) -> None:
        self._camera.say("stall" if on else "play")

    def refuse(self, *, on: bool) -> None:
        if on:
            self.cut()
