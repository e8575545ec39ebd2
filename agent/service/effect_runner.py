"""Carries out what the engine decided: each effect goes to its owner's mailbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from agent.core.effects import (
    Effect,
    Leave,
    MovePrivacyGate,
    PublishDiscovery,
    SaveModes,
    SaveSettings,
    Say,
    ToRecorder,
    ToVision,
    WriteHealth,
)
from agent.core.messages import ClipPart
from agent.core.orders import (
    Beep,
    BeginSelfTest,
    EchoCame,
    ExplainMoment,
    MarkEvent,
    Play,
    ProposeChange,
    SpeakerOrder,
    StopBeep,
    StopPlay,
    VisionOrder,
)
from agent.runtime.clock import Clock
from agent.runtime.health_file import write_health
from agent.runtime.mailbox import Mailbox
from agent.runtime.privacy_gate import PrivacyGate
from agent.runtime.settings_file import save_modes, save_settings
from agent.service.camera_wiring import CameraParts
from agent.service.discovery_publisher import Discovery
from agent.verdicts.worker import Question
from schemas.messages import DigestQuery, EventsQuery, Outgoing, Publish, Record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Performer:
    """Knows where each kind of effect belongs."""

    state_dir: Path
    outbox: Callable[[Outgoing], object]
    vision: Mapping[str, Mailbox[VisionOrder]]
    recorders: Mapping[str, Mailbox[ClipPart]]
    gates: Mapping[str, PrivacyGate]
    tones: Mailbox[SpeakerOrder]
    store: Mailbox[MarkEvent]
    verdicts: Mailbox[Question]
    propose: Callable[[ProposeChange], None]
    self_test: Callable[[BeginSelfTest | EchoCame], None]
    discovery: Discovery
    clock: Clock
    leave: Callable[[bool], None]

    def perform(self, effects: Sequence[Effect]) -> None:
        """Hands every effect over, in order."""
        for effect in effects:
            self._one(effect)

    def tick(self) -> None:
        """Once a second: what was only begun."""
        for message in self.discovery.due(self.clock.monotonic()):
            self.outbox(message)

    def _one(self, effect: Effect) -> None:  # noqa: C901  a table
        match effect:
            case Publish() | Record() | EventsQuery() | DigestQuery():
                self.outbox(effect)
            case MovePrivacyGate(camera, closed):
                (self.gates[camera].close if closed else self.gates[camera].open)()
            case ToVision() | ToRecorder():
                self._to_camera(effect)
            case Beep() | Play() | StopPlay() | StopBeep():
                sound = effect.wav if isinstance(effect, Play) else None
                self.tones.put(effect, len(sound or b""))
            case MarkEvent():
                self.store.put(effect)
            case ProposeChange():
                self.propose(effect)
            case BeginSelfTest() | EchoCame():
                self.self_test(effect)
            case ExplainMoment():
                self.verdicts.put(effect)
            case PublishDiscovery():
                now = self.clock.monotonic()
                for message in self.discovery.announce(now, born=effect.born):
                    self.outbox(message)
            case SaveModes():
                save_modes(self.state_dir, effect.stored)
            case SaveSettings():
                save_settings(self.state_dir, effect.stored)
            case WriteHealth():
                write_health(self.state_dir, effect.status, effect.problems)
            case Say():
                log.log(logging.getLevelNamesMapping()[effect.level], "%s", effect.text)
            case Leave():
                self.leave(effect.again)

    def _to_camera(self, effect: ToVision | ToRecorder) -> None:
        if isinstance(effect, ToVision):
            self.vision[effect.camera].put(effect.order)
        elif effect.camera in self.recorders:  # else nothing is recorded
            self.recorders[effect.camera].put(effect.part)


class OrderBoxes(TypedDict):
    """Where the orders for the cameras' owners go."""

    vision: Mapping[str, Mailbox[VisionOrder]]
    recorders: Mapping[str, Mailbox[ClipPart]]
    gates: Mapping[str, PrivacyGate]


def order_boxes(cameras: Iterable[CameraParts]) -> OrderBoxes:
    """The boxes of these cameras."""
    cameras = list(cameras)
    return {
        "vision": {c.camera_id: c.vision_orders for c in cameras},
        "recorders": {c.camera_id: c.clip_parts for c in cameras if c.recorder is not None},
        "gates": {c.camera_id: c.gate for c in cameras},
    }
