"""The self test: what is drawn, which stages follow, how long each may take, what came of it. Pure.

    drawn scene  --> picture --> motion --> event --> clip --> store --> playback --> mqtt

A `Course` gets what was seen, and the time. The first stage that does not pass in time is where the
test broke.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.orders import VisionSettings
from schemas.self_test import SelfTestResult


class Stage(StrEnum):
    """What is tested, in the order of the way; the words are those of the result."""

    PICTURE = "picture"  # a drawn picture was decoded and judged
    MOTION = "motion"  # the detector saw the visitor
    EVENT = "event"  # the event has begun and ended
    CLIP = "clip"  # the recorder has made a clip of it
    STORE = "store"  # the store says that the clip is in it
    PLAYBACK = "playback"  # it was read back, and it plays
    MQTT = "mqtt"  # a message came back from the broker


#: Stages that there are only with a store.
OF_STORE = (Stage.CLIP, Stage.STORE, Stage.PLAYBACK)

#: Frames judged a second, at most and at least: a slower camera is tested faster, so that a test
#: ends.
MOST_RATE, LEAST_RATE = 15.0, 1.0
#: Drawn pictures a second, at least.
_LEAST_PICTURES = 5.0
#: Seconds without and with the visitor, at least, and judged frames, at least.
_QUIET, _QUIET_FRAMES = 3.0, 5
_WALK, _WALK_FRAMES = 4.0, 6
#: Seconds after which the event has to end; `post_frames` of the camera may ask for more.
_AFTER = 4.0
#: Seconds that a stage may take on a busy machine, in addition to what is drawn. A slow share may
#: take 20 s, and the store shows a clip some seconds after its end. A child needs 15 s to start.
_PATIENCE: Mapping[Stage, float] = {
    Stage.PICTURE: 10.0,
    Stage.MOTION: 10.0,
    Stage.EVENT: 10.0,
    Stage.CLIP: 15.0,
    Stage.STORE: 40.0,
    Stage.PLAYBACK: 40.0,
    Stage.MQTT: 15.0,
}


@dataclass(frozen=True, slots=True)
class SelfTestSaid:
    """The thread of the self test says what came of it, or of the last one before the start."""

    result: SelfTestResult


@dataclass(frozen=True, slots=True)
class EchoWanted:
    """The running self test wants its message sent through the broker."""

    run: str


@dataclass(frozen=True, slots=True)
class SelfTestWanted:
    """A command of this machine wants a test with the settings of `camera`; None: the first one.

    The test's thread repeats it until the test begins.
    """

    camera: str | None


@dataclass(frozen=True, slots=True)
class CameraDiscarded:
    """The store has nothing more of this camera, which was the self test's."""

    camera: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What the drawn camera shows: a quiet scene, a visitor who crosses it, the quiet scene again.

    Attributes:
        rate: pictures a second.
        quiet: seconds before the visitor.
        walk: seconds that the visitor takes.
    """

    rate: float
    quiet: float
    walk: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One test.

    Attributes:
        visit: what is drawn.
        analysis_fps: frames judged a second.
        settings: of vision: those of the camera, but armed and recorded.
        stages: in order, without those that are skipped.
        within: seconds for each stage.
        skipped: stages that are left out, and why.
    """

    visit: Visit
    analysis_fps: float
    settings: VisionSettings
    stages: tuple[Stage, ...]
    within: Mapping[Stage, float]
    skipped: Mapping[Stage, str] = field(default_factory=dict)


def plan(settings: VisionSettings, analysis_fps: float, *, store: bool) -> Plan:
    """A test with a camera's settings.

    Args:
        settings: those in force of the camera.
        analysis_fps: its frames judged a second.
        store: there is one.
    """
    rate = min(max(analysis_fps, LEAST_RATE), MOST_RATE)
    quiet = max(_QUIET, _QUIET_FRAMES / rate)
    walk = max(_WALK, _WALK_FRAMES / rate)
    after = min(settings.post_frames, max(1, int(_AFTER * rate)))
    judged = VisionSettings(
        armed=True,
        pixel_threshold=settings.pixel_threshold,
        min_changed=settings.min_changed,
        max_changed=settings.max_changed,
        post_frames=after,
        record=store,
        monitoring_interval=0.0,
        scores=True,
    )
    drawn = {Stage.MOTION: quiet + walk, Stage.EVENT: walk + after / rate}
    within = {it: seconds + drawn.get(it, 0.0) for it, seconds in _PATIENCE.items()}
    why = "no store is configured"
    skipped = {} if store else dict.fromkeys(OF_STORE, why)
    return Plan(
        visit=Visit(max(rate, _LEAST_PICTURES), quiet, walk),
        analysis_fps=rate,
        settings=judged,
        stages=tuple(it for it in Stage if it not in skipped),
        within=within,
        skipped=skipped,
    )


class Course:
    """How far a test has come.

    Args:
        wanted: what is tested.
        now: monotonic seconds of the begin.

    Attributes:
        stage: that is waited for; None: all have passed.
        reason: why it broke at `stage`; None: it did not.
        took: milliseconds of each stage that passed.
        skipped: stages that were left out, and why.
    """

    def __init__(self, wanted: Plan, now: float) -> None:
        self._left = list(wanted.stages)
        self._within = wanted.within
        self._began = now
        self._passed: set[Stage] = set()
        self._broken: dict[Stage, str] = {}
        self.reason: str | None = None
        self.took: dict[Stage, int] = {}
        self.skipped: dict[Stage, str] = dict(wanted.skipped)

    @property
    def stage(self) -> Stage | None:
        """The stage that is waited for, or where it broke."""
        return self._left[0] if self._left else None

    @property
    def over(self) -> bool:
        """It has passed or broken."""
        return self.stage is None or self.reason is not None

    def passed(self, stage: Stage, now: float) -> None:
        """This was seen; it may come before what is waited for."""
        self._passed.add(stage)
        self.look(now)

    def broke(self, stage: Stage, reason: str, now: float) -> None:
        """This cannot pass any more."""
        self._broken.setdefault(stage, reason)
        self.look(now)

    def skip(self, stage: Stage, reason: str, now: float) -> None:
        """This cannot be tested here."""
        self.skipped[stage] = reason
        if stage in self._left:
            self._left.remove(stage)
        self._began = now

    def look(self, now: float) -> None:
        """The time: a stage that is late has broken."""
        while not self.over and self._left[0] in self._passed:
            self.took[self._left.pop(0)] = round((now - self._began) * 1000)
            self._began = now
        if self.over:
            return
        stage = self._left[0]
        late = now - self._began >= self._within[stage]
        if stage in self._broken:
            self.reason = self._broken[stage]
        elif late:
            self.reason = f"{_MISSED[stage]} within {self._within[stage]:.0f} s"


#: What is said of a stage that is late.
_MISSED: Mapping[Stage, str] = {
    Stage.PICTURE: "no drawn picture was judged",
    Stage.MOTION: "the detector did not see the drawn visitor with these settings",
    Stage.EVENT: "the event did not end",
    Stage.CLIP: "the recorder made no clip",
    Stage.STORE: "the store did not say that the clip is in it",
    Stage.PLAYBACK: "the clip could not be read back",
    Stage.MQTT: "the test's message did not come back from the broker",
}
