"""Carries out what the engine decided: each effect goes to its owner's mailbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.core.effects import (
    Effect,
    Leave,
    PublishDiscovery,
    SaveSettings,
    Say,
    ToVision,
    WriteHealth,
)
from agent.core.orders import Beep, KeepEvent, VisionOrder
from agent.runtime.clock import Clock
from agent.runtime.health_file import write_health
from agent.runtime.mailbox import Mailbox
from agent.runtime.settings_file import save_settings
from agent.service.camera_wiring import CameraParts
from agent.service.discovery_publisher import Discovery
from schemas.messages import EventsQuery, Outgoing, Publish, Record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Performer:
    """Knows where each kind of effect belongs."""

    state_dir: Path
    outbox: Callable[[Outgoing], object]
    vision: Mapping[str, Mailbox[VisionOrder]]
    tones: Mailbox[Beep]
    store: Mailbox[KeepEvent]
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

    def _one(self, effect: Effect) -> None:
        match effect:
            case Publish() | Record() | EventsQuery():
                self.outbox(effect)
            case ToVision():
                self.vision[effect.camera].put(effect.order)
            case Beep():
                self.tones.put(effect)
            case KeepEvent():
                self.store.put(effect)
            case PublishDiscovery():
                now = self.clock.monotonic()
                for message in self.discovery.announce(now, born=effect.born):
                    self.outbox(message)
            case SaveSettings():
                save_settings(self.state_dir, effect.stored)
            case WriteHealth():
                write_health(self.state_dir, effect.status, effect.problems)
            case Say():
                log.log(logging.getLevelNamesMapping()[effect.level], "%s", effect.text)
            case Leave():
                self.leave(effect.again)


def order_boxes(cameras: Iterable[CameraParts]) -> dict[str, Mailbox[VisionOrder]]:
    """Where orders for these cameras' vision go."""
    return {camera.camera_id: camera.vision_orders for camera in cameras}
