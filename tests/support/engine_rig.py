"""The engine with a clock of its own, and what its owners tell it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.core.effects import (
    Effect,
)
from agent.core.engine import Input, begin, step
from agent.core.messages import (
    CameraCode,
    CameraState,
    Detection,
    EndReason,
    MotionEnded,
    MotionPicture,
    MotionStarted,
    Parsed,
    PictureReason,
    PictureTaken,
    Reason,
)
from agent.core.state import AgentNow, CameraSetup, Now, Setup
from schemas.commands import (
    Command,
    ReplyTo,
)
from schemas.events import MotionEvent
from schemas.messages import Publish, Record
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ROOT = "surveillance/pi"
YARD = f"{ROOT}/yard"


class Rig:
    """An engine with a clock of its own; `do` gives one input and keeps the effects."""

    def __init__(
        self,
        stored: StoredSettings | None = None,
        open_events: tuple[MotionEvent, ...] = (),
        last_seq: dict[tuple[str, str], int] | None = None,
        cameras: Sequence[str] = ("yard",),
        profile: str = "plain",
    ) -> None:
        self.at = 100.0
        self.setup = Setup(
            topics=AgentTopics("surveillance", "pi"),
            name="Pi",
            version="1",
            started_utc=START,
            cameras=tuple(CameraSetup(name, CameraSettings(), profile=profile) for name in cameras),
        )
        self.state: AgentNow
        self.state, self.effects = begin(
            self.setup, stored or StoredSettings(), last_seq or {}, open_events, self.now
        )

    @property
    def now(self) -> Now:
        return Now(self.at, START + timedelta(seconds=self.at - 100.0))

    def do(self, cause: Input, after: float = 0.0) -> list[Effect]:
        self.at += after
        self.state, self.effects = step(self.state, cause, self.now)
        return self.effects

    def live(self) -> None:
        self.do(camera(CameraCode.LIVE))

    def command(self, command: Command, noun: str, **reply: str) -> list[Effect]:
        to = ReplyTo.model_validate({"noun": noun, "camera": "yard", **reply})
        return self.do(Parsed(command, to, self.at))

    def published(self, topic: str) -> list[bytes]:
        return [e.payload for e in self.effects if isinstance(e, Publish) and e.topic == topic]

    def records(self) -> list[Record]:
        return [e for e in self.effects if isinstance(e, Record)]

    def kinds(self, kind: type) -> list[Effect]:
        return [e for e in self.effects if isinstance(e, kind)]

    def answer(self, noun: str) -> dict[str, object]:
        answers = self.published(f"{YARD}/response/{noun}")
        assert len(answers) == 1, self.effects
        parsed: dict[str, object] = json.loads(answers[0])
        return parsed


def camera(code: CameraCode, name: str = "yard", reason: str = "why") -> CameraState:
    return CameraState(name, code, reason, at=100.0, session=1)


def detection(score: float = 1.5, reason: Reason = Reason.MOTION) -> Detection:
    return Detection(
        seq=7,
        at=100.0,
        motion=reason is Reason.MOTION,
        reason=reason,
        changed_pixels=4608,
        score=score,
        pixel_threshold=50,
        min_changed=0.0814,
        max_changed=16.28,
        unmasked_pixels=307200,
        profile="plain",
        box=(0.1, 0.2, 0.3, 0.4),
    )


def started(event_id: str = "01A", name: str = "yard") -> MotionStarted:
    return MotionStarted(name, event_id, 100.0, START, detection())


def shown(event_id: str = "01A", delta: bytes | None = b"png") -> MotionPicture:
    return MotionPicture("yard", event_id, 101.0, START, detection(3.0), 640, 480, b"jpeg", delta)


def ended(event_id: str = "01A", reason: EndReason = EndReason.CLEARED) -> MotionEnded:
    return MotionEnded(
        "yard",
        event_id,
        110.0,
        START + timedelta(seconds=10),
        START,
        10.0,
        detection(0.0, Reason.QUIET),
        detection(7.9),
        reason,
        judged=30,
        frames=150,
    )


def picture(request: str | None = None) -> PictureTaken:
    return PictureTaken("yard", "p1", 100.0, START, PictureReason.MANUAL, 640, 480, b"jpg", request)
