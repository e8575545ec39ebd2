"""Replays clips through the judging core of the live agent, as fast as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from agent.classify.naming import Verdict
from agent.core.event_label import Named
from agent.core.messages import Detection, Reason
from agent.core.motion import MotionMachine, Step, damaged
from agent.core.orders import VisionSettings
from agent.core.pacing import Pacer
from agent.core.state import vision_settings
from agent.imaging.heatmap import Counts, cells, no_counts
from agent.imaging.jpeg import encode
from agent.imaging.privacy_mask import blacken
from agent.imaging.stamp import extent
from agent.tuning.clips import Clip, Shot
from agent.tuning.labelling import Namer
from agent.vision.judge import Judge
from agent.vision.zones import View
from schemas.camera_config import CameraConfig
from schemas.zones import Zone

Picture = npt.NDArray[np.uint8]

#: Pictures in a report: wide enough to recognise a face in the middle distance.
PICTURE_WIDTH = 480
#: Bounds a report: the events, and the suppressed spans, of which pictures are kept.
MOST_PICTURES = 100
#: The longest text that the recorder burns in (see `agent.storage.recording.recorder.timestamp`).
_STAMP = "2026-11-22 08:15:01.3 +01:00"
_STAMP_ZONE = "burnt_in_time"


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a moment looked like: JPEG and PNG, reduced; privacy polygons are black."""

    scene: bytes = field(repr=False)
    binary: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """A judged frame; `t` in seconds from the clip's start."""

    frame: int
    t: float
    detection: Detection


@dataclass(slots=True)
class Event:
    """A span of motion, in seconds from the clip's start; `end` includes the post frames."""

    start: float
    end: float
    peak: Detection
    pictures: Pictures | None = None
    touched: npt.NDArray[np.bool_] | None = field(default=None, repr=False)
    verdict: Verdict | None = None  # None: nobody asked for names
    best: Picture | None = field(default=None, repr=False)  # of the peak, only to be named

    @property
    def named(self) -> Named | None:
        """What it was called."""
        return self.verdict.named if self.verdict else None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A span that a rule suppressed: when, how many frames since the last one, and why."""

    t: float
    count: int
    detection: Detection
    pictures: Pictures | None = None


@dataclass(slots=True)
class Replay:
    """What one clip gave under one configuration."""

    clip: str
    camera: CameraConfig
    frames: int = 0
    damaged: int = 0
    fps: float = 0.0
    height: int = 0
    width: int = 0
    seconds: float = 0.0
    decisions: list[Decision] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    heat: Counts = field(default_factory=no_counts)
    scene: bytes = b""

    @property
    def motion_frames(self) -> int:
        """Judged frames with motion."""
        return sum(decision.detection.motion for decision in self.decisions)

    @property
    def event_seconds(self) -> float:
        """Seconds that the events last together."""
        return sum(event.end - event.start for event in self.events)


def replay(
    clip: Clip,
    cameras: Iterable[tuple[CameraConfig, View]],
    progress: Callable[[int], object] = lambda _frames: None,
    *,
    pictures: bool = False,
    namer: Namer | None = None,
) -> list[Replay]:
    """Judges the clip once under each configuration; every frame is decoded once only.

    Args:
        clip: from `open_clip`; its pictures are taken as stored ones.
        cameras: configurations with their views, whose orientation is the stored one.
        progress: called after each frame.
        pictures: keep pictures of events, suppressed spans and the scene.
        namer: names the events.

    Raises:
        ConfigError: a mask that does not fit the clip, an unknown profile, a network that fails.
    """
    runs = [_Run(clip, camera, view, namer, pictures=pictures) for camera, view in cameras]
    for shot in clip.shots():
        for run in runs:
            run.take(shot)
        progress(1)
    return [run.finish() for run in runs]


class _Run:
    """One configuration on its way through the clip: what the vision worker does, without it."""

    def __init__(
        self,
        clip: Clip,
        camera: CameraConfig,
        view: View,
        namer: Namer | None,
        *,
        pictures: bool,
    ) -> None:
        self._clip = clip
        self._namer = namer
        self._camera = camera
        self._view = view
        self._pictures = pictures
        self._settings: VisionSettings = vision_settings(camera.settings())
        self._judge: Judge | None = None
        self._pacer = Pacer(camera.analysis_fps)
        self._motion = MotionMachine()
        self._result = Replay(clip.name, camera, fps=clip.fps)
        self._event: Event | None = None
        self._last = 0.0

    def take(self, shot: Shot) -> None:
        """Takes the next frame."""
        result = self._result
        result.frames += 1
        if shot.first and shot.index:
            self._end_event(self._last)
            self._motion.abandon()
            if self._judge is not None:
                self._judge.forget()
        self._last = shot.at
        judge = self._judge or self._begin(shot)
        if judge is None or not self._pacer.admit(shot.at):
            return
        luma = shot.luma()
        if luma is None:
            result.damaged += 1
            detection = damaged(shot.index, shot.at)
        else:
            detection = judge.judge(luma, shot.index, shot.at, self._settings)
        self._follow(judge, shot, detection)

    def finish(self) -> Replay:
        """The result, when the clip is over."""
        self._end_event(self._last)
        self._result.seconds = self._last
        return self._result

    def _begin(self, shot: Shot) -> Judge | None:
        """The judge is made with the first frame that decodes: the burnt-in time has its size."""
        luma = shot.luma()
        if luma is None:
            self._result.damaged += 1
            return None
        result = self._result
        result.height, result.width = luma.shape
        if self._clip.stamped and self._camera.recording.timestamp is not False:
            self._view = without_stamp(self._view, *luma.shape)
        self._judge = Judge(self._camera.detection.profile, self._view)
        if self._pictures:
            scene = shot.colour()
            result.scene = b"" if scene is None else encode(blacken(scene, self._view.privacy))
        return self._judge

    def _follow(self, judge: Judge, shot: Shot, detection: Detection) -> None:
        bounds = self._settings.post_frames, self._settings.max_event_seconds
        step = self._motion.update(detection, *bounds)
        result = self._result
        result.decisions.append(Decision(shot.index, shot.at, detection))
        if step.started:
            self._event = Event(shot.at, shot.at, detection)
            result.events.append(self._event)
        if detection.motion:
            self._note_motion(judge, shot)
        if self._namer is not None and self._event is not None:
            self._name(self._namer, self._event, shot, step)
        if step.suppressed:
            pictures = self._shoot(judge, shot, len(result.suppressed))
            result.suppressed.append(Suppressed(shot.at, step.suppressed, detection, pictures))
        if step.ended:
            self._end_event(shot.at)

    def _note_motion(self, judge: Judge, shot: Shot) -> None:
        """Heat, where the event was, and its picture when this is its strongest frame."""
        touched = cells(judge.binary())
        self._result.heat += touched
        event = self._event
        if event is None:
            return
        event.touched = touched if event.touched is None else event.touched | touched
        if self._motion.peak.seq == shot.index:
            event.peak = self._motion.peak
            event.pictures = self._shoot(judge, shot, len(self._result.events) - 1)

    def _name(self, namer: Namer, event: Event, shot: Shot, step: Step) -> None:
        """Looks at the event's first picture, and at each better one, as the live agent does."""
        peak = self._motion.peak
        if peak.seq == shot.index:
            scene = shot.colour()
            event.best = None if scene is None else blacken(scene, self._view.privacy)
        if event.best is not None and (step.started or step.improved):
            event.verdict = event.verdict or namer.begin()
            namer.look(event.verdict, event.best, peak.box)

    def _shoot(self, judge: Judge, shot: Shot, taken: int) -> Pictures | None:
        scene = shot.colour() if self._pictures and taken < MOST_PICTURES else None
        if scene is None:
            return None
        privacy = self._view.privacy
        binary = blacken(judge.binary(), privacy)
        _, png = cv2.imencode(".png", _reduced(binary, keep=True))
        return Pictures(encode(_reduced(blacken(scene, privacy)), 80), png.tobytes())

    def _end_event(self, at: float) -> None:
        if self._event is not None:
            self._event.end = at
            self._event.best = None
            self._event = None


def without_stamp(view: View, height: int, width: int) -> View:
    """The view without the corner in which the recorder burns the time: its digits change."""
    rows, columns = extent(_STAMP, height, width)
    if rows == 0:
        return view
    right, bottom = min(1.0, columns / (width - 1)), min(1.0, rows / (height - 1))
    corner = Zone(polygon=((0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)), mode="ignore")
    return View(view.mask, {**view.zones, _STAMP_ZONE: corner}, view.privacy, view.orientation)


def _reduced(picture: Picture, *, keep: bool = False) -> Picture:
    """At most PICTURE_WIDTH wide; with `keep` every changed pixel leaves a trace."""
    height, width = picture.shape[:2]
    if width <= PICTURE_WIDTH:
        return picture
    size = (PICTURE_WIDTH, max(1, round(height * PICTURE_WIDTH / width)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.where(small > 0, np.uint8(255), np.uint8(0)) if keep else small


def undecided(detection: Detection) -> bool:
    """True for a frame that was not judged: too early, damaged, or the one before again."""
    return detection.reason in {Reason.WARMING_UP, Reason.DAMAGED, Reason.FROZEN}
