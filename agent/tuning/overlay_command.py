"""`surveillance-agent overlay`: what a camera's detector looks at, as a PNG."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agent.camera.source import source_for
from agent.config.loader import agent_id_of, find_file, load
from agent.config.schedules import private_cameras
from agent.core.errors import CameraUnreachable, ConfigError
from agent.core.frame import Frame
from agent.core.messages import Detection
from agent.core.pacing import Pacer
from agent.core.state import vision_settings
from agent.imaging.jpeg import decode_colour, decode_luma
from agent.imaging.orientation import Orientation
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.vision.judge import Judge
from agent.vision.overlay import overlay
from agent.vision.zones import View, view_of
from schemas.camera_config import CameraConfig
from schemas.topics import AgentTopics

Picture = npt.NDArray[np.uint8]

#: A camera of the UDP family needs up to 10 s for its opening.
_PATIENCE = 20.0
#: The detector judges nothing on the first three; one more shows a score.
_ENOUGH = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `overlay` but for --config."""
    parser.add_argument("--camera", metavar="ID", help="default: the only one")
    parser.add_argument(
        "--image",
        metavar="FILE",
        help="a stored picture instead of the live one: a camera that serves one client at a time"
        " need not be taken from the agent",
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT.png", help="the picture")


def run(
    arguments: argparse.Namespace, environ: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Writes the picture; exit code 0.

    Raises:
        ConfigError: no such camera or picture, or the camera gives none.
    """
    config = load(find_file(arguments.config, environ), environ).config
    cameras = config.cameras
    if arguments.camera is None and len(cameras) > 1:
        raise ConfigError(f"--camera: which one? The configuration has {', '.join(cameras)}")
    name = arguments.camera or next(iter(cameras))
    if name not in cameras:
        raise ConfigError(f"--camera {name}: there is none; known: {', '.join(cameras)}")
    if arguments.image:
        picture = _read(Path(arguments.image))
        drawn = overlay(picture, view_of(name, cameras[name], Orientation()), None, None)
    elif name in private_cameras(config, SystemClock()):
        words = "is in privacy mode: end that, or draw over a stored picture with --image FILE"
        raise ConfigError(f"--camera {name}: {words}")
    else:
        try:
            drawn = live(name, cameras[name], SystemClock())
        except CameraUnreachable as error:
            topics = AgentTopics(config.mqtt.base_topic, agent_id_of(config)).camera(name)
            raise ConfigError(
                f"{error}; a running agent may have the camera: publish PRESS on"
                f" {topics.overlay_take}, or draw over a stored picture with --image FILE"
            ) from None
    good, png = cv2.imencode(".png", drawn)
    try:
        Path(arguments.output).write_bytes(png.tobytes() if good else b"")
    except OSError as error:
        raise ConfigError(f"{arguments.output}: {error.strerror}") from None
    say(f"{arguments.output}: {drawn.shape[1]}x{drawn.shape[0]}")
    return 0


def live(name: str, camera: CameraConfig, clock: Clock) -> Picture:
    """The overlay over the camera's own next pictures.

    Raises:
        CameraUnreachable: it gives none in time.
        ConfigError: the mask does not fit them.
    """
    frames: Mailbox[Frame] = Mailbox("frames", 4, WhenFull.DROP_OLDEST)
    why: list[str] = []  # one word for each change of the session: a handful
    source = source_for(
        camera.source,
        name,
        clock,
        lambda frame: _ignore(frames.put(frame, frame.size)),
        lambda state: why.append(state.reason),
    )
    worker = Worker("camera", source.run, clock, lambda _name, error: why.append(str(error)))
    worker.start()
    try:
        return _watched(name, camera, frames, clock)
    except TimeoutError:
        reason = why[-1] if why else "no answer"
        text = f"camera {name}: no picture in {_PATIENCE:g} s: {reason}"
        raise CameraUnreachable(text) from None
    finally:
        worker.stop.set()
        worker.join(5.0)


def _watched(name: str, camera: CameraConfig, frames: Mailbox[Frame], clock: Clock) -> Picture:
    """Judges what comes until there is a score to show."""
    view: View = view_of(name, camera)
    judge, pacer = Judge(camera.detection.profile, view), Pacer(camera.analysis_fps)
    settings = vision_settings(camera.settings())
    last = motion = latest = None
    judged, deadline = 0, clock.monotonic() + _PATIENCE
    while judged < _ENOUGH and clock.monotonic() < deadline:
        frame = frames.get(0.25)
        luma = decode_luma(frame.image) if frame and pacer.admit(frame.at) else None
        if frame is None or luma is None:
            continue
        last = judge.judge(luma, frame.seq, frame.at, settings)
        motion = _newer(motion, last)
        latest, judged = decode_colour(frame.image), judged + 1
    if latest is None:
        raise TimeoutError
    return overlay(latest, view, last, motion, judge.binary())


def _newer(motion: Detection | None, last: Detection) -> Detection | None:
    return last if last.motion else motion


def _read(path: Path) -> Picture:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"--image {path}: {error.strerror}") from None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise ConfigError(f"--image {path}: is no picture")
    return picture.astype(np.uint8, copy=False)


def _ignore(_accepted: object) -> None:
    """A source has nobody to tell that a box was full."""
