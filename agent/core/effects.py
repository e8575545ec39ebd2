"""What the engine wants done. The shell (`agent.service.effect_runner`) carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.event_label import ClipNamed
from agent.core.orders import (
    BeginSelfTest,
    EchoCame,
    ExplainMoment,
    MarkEvent,
    ProposeChange,
    SpeakerOrder,
    VisionOrder,
)
from schemas.messages import Publish, Query, Record
from schemas.modes import StoredModes
from schemas.settings import StoredSettings


@dataclass(frozen=True, slots=True)
class ToVision:
    """An order for the vision worker of one camera."""

    camera: str
    order: VisionOrder


@dataclass(frozen=True, slots=True)
class ToRecorder:
    """What the recorder of one camera has to know of its open clip."""

    camera: str
    part: ClipNamed


@dataclass(frozen=True, slots=True)
class MovePrivacyGate:
    """End the sessions of one camera and open none, or open them again."""

    camera: str
    closed: bool


@dataclass(frozen=True, slots=True)
class SaveModes:
    """Keep what schedules set, and snoozes, atomically, on local disk."""

    stored: StoredModes


@dataclass(frozen=True, slots=True)
class SaveSettings:
    """Keep the settings that commands changed, atomically, on local disk."""

    stored: StoredSettings


@dataclass(frozen=True, slots=True)
class PublishDiscovery:
    """Publish Home Assistant's device payloads (they depend on the configuration only).

    `born`: because Home Assistant has just started.
    """

    born: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """One log line about one fact; `level` is a name of the logging module."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class WriteHealth:
    """Write the health file that `surveillance-agent health` reads."""

    status: str
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Leave:
    """End the process in good order; with `again` it restarts itself."""

    again: bool


Effect = (
    Publish
    | Record
    | Query
    | ToVision
    | ToRecorder
    | SpeakerOrder
    | MarkEvent
    | ExplainMoment
    | ProposeChange
    | BeginSelfTest
    | EchoCame
    | MovePrivacyGate
    | SaveSettings
    | SaveModes
    | PublishDiscovery
    | Say
    | WriteHealth
    | Leave
)
