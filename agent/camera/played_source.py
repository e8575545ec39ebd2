"""Sources that play pictures instead of a camera's: a clip, a folder of JPEGs, the demo's scene."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from agent.camera.interruptible_wait import Patience
from agent.camera.played_pictures import FOLDER_FPS, Room, Scene, scene_for
from agent.camera.session import Opener, Picture, Session, SessionOver
from agent.core.errors import CameraUnreachable, ConfigError

#: While the agent is busy with what was played before.
_BUSY = 0.005


class PlaySession:
    """Plays a scene once, in real time or as fast as the pictures are taken."""

    silence = 60.0  # decoding far into a long clip may take seconds
    damaged = 0
    why = "decoding takes too long"
    answers = True

    def __init__(
        self,
        scene: Scene,
        patience: Patience,
        *,
        loop: bool,
        realtime: bool,
        room: Callable[[], bool],
    ) -> None:
        self._scene = scene
        self._patience = patience
        self._loop = loop
        self._realtime = realtime
        self._room = room
        self._began = patience.clock.monotonic()
        self._count = 0

    def read(self) -> Picture | None:
        """The next picture when it is its time, or when the mailbox can take it."""
        second = self._count / self._scene.fps
        if second >= self._scene.duration and not isinstance(self._scene, Room):
            raise SessionOver("the clip has been played to its end (loop=0)", again=self._loop)
        due = self._began + second
        if self._realtime:
            self._patience.wait(max(0.0, due - self._patience.clock.monotonic()))
        elif not self._room():
            self._patience.wait(_BUSY)
            return None
        self._count += 1
        return Picture(self._scene.at(second), due)

    def close(self) -> None:
        """Nothing is held."""


def file_opener(url: str, room: Callable[[], bool]) -> Opener:
    """Plays `file:PATH?loop=1&realtime=1&fps=3`: a clip, or a folder of JPEGs at `fps`.

    Args:
        url: as configured; both options default to 1.
        room: as fast as possible means: as long as this is true.

    Raises:
        ConfigError: nothing there, or an unknown option.
    """
    path, _, query = url.partition(":")[2].partition("?")
    options = {"loop": "1", "realtime": "1", "fps": str(FOLDER_FPS)}
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(given) - set(options))
    if unknown:
        allowed = ", ".join(options)
        raise ConfigError(f"camera source: file: has no option {unknown[0]!r}; allowed: {allowed}")
    options |= given
    loop, realtime = _flag("loop", options["loop"]), _flag("realtime", options["realtime"])
    try:
        fps = float(options["fps"])
    except ValueError:
        fps = 0.0
    if not 0.0 < fps <= 120.0:
        raise ConfigError(f"camera source: fps={options['fps']!r} is not between 0 and 120")
    place = unquote(path.removeprefix("//") if path.startswith("///") else path)
    if not Path(place).exists():
        raise ConfigError(f"camera source: {place!r}: no such clip or folder")

    def opened(patience: Patience) -> Session:
        """A session from the first picture on; the clip may have gone meanwhile."""
        try:
            scene = scene_for(place, size=None, folder_fps=fps)
        except (ConfigError, OSError) as error:
            raise CameraUnreachable(str(error)) from error
        return PlaySession(scene, patience, loop=loop, realtime=realtime, room=room)

    return opened


def demo_opener(_url: str) -> Opener:
    """Plays the scene through which a person walks every ten seconds: `demo:`."""

    def opened(patience: Patience) -> Session:
        """A session from the first step on."""
        return PlaySession(Room(), patience, loop=True, realtime=True, room=lambda: True)

    return opened


def _flag(name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        raise ConfigError(f"camera source: {name}={text!r}: allowed are 0 and 1")
    return text == "1"
