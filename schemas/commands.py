"""Commands as they are understood, and their answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from schemas.base import Payload, Strict, UtcTime

ErrorCode = Literal[
    "invalid_payload",
    "out_of_range",
    "unknown_command",
    "retained_command",
    "camera_unavailable",
    "storage_unavailable",
    "unknown_event",
    "audio_failed",
    "rate_limited",
    "busy",
    "internal",
]


class ReplyTo(Strict):
    """Where and how a command is answered."""

    noun: str = Field(description="last level of the response topic")
    camera: str | None = None
    transaction: str | int | None = None
    response_topic: str | None = None
    correlation: bytes | None = None


class SetSetting(Strict):
    """Change one setting of a camera, or of the agent (camera None)."""

    kind: Literal["set"] = "set"
    camera: str | None
    name: str
    value: bool | int | float


class ResetSetting(Strict):
    """Give one setting back to the configuration."""

    kind: Literal["reset"] = "reset"
    camera: str | None
    name: str


class PatchSettings(Strict):
    """Change several settings, all or nothing; None gives one back to the configuration."""

    kind: Literal["patch"] = "patch"
    camera: str | None
    values: dict[str, bool | int | float | None]


class TakeSnapshot(Strict):
    """Take a picture now."""

    kind: Literal["snapshot"] = "snapshot"
    camera: str


class TakeOverlay(Strict):
    """Draw what is looked at over the next picture."""

    kind: Literal["overlay"] = "overlay"
    camera: str


class RecordNow(Strict):
    """Record a clip now, also where nothing moves."""

    kind: Literal["record"] = "record"
    camera: str
    seconds: float = Field(30.0, ge=1.0, le=300.0)


class PlayBeep(Strict):
    """Play the sound once, whatever the cooldown."""

    kind: Literal["beep"] = "beep"


class Restart(Strict):
    """End the process in good order; the supervisor starts it again."""

    kind: Literal["restart"] = "restart"


class GetStatus(Strict):
    """Answer with the agent's health."""

    kind: Literal["status"] = "status"


class SendDiscovery(Strict):
    """Publish Home Assistant's discovery and all states again."""

    kind: Literal["discovery"] = "discovery"


class GetEvents(Strict):
    """Answer with the journalled motion events of a camera after `since`."""

    kind: Literal["events"] = "events"
    camera: str
    since: int = Field(ge=0)


class KeepRecording(Strict):
    """Spare an event's files when old ones are deleted."""

    kind: Literal["keep"] = "keep"
    camera: str
    id: str | None = Field(None, description="the event; none or `last`: the running or last one")
    keep: bool = Field(True, description="false takes the mark away")


Command = (
    SetSetting
    | ResetSetting
    | PatchSettings
    | TakeSnapshot
    | TakeOverlay
    | RecordNow
    | PlayBeep
    | Restart
    | GetStatus
    | SendDiscovery
    | GetEvents
    | KeepRecording
)


class CommandError(Strict):
    """Why a command was refused."""

    code: ErrorCode
    message: str


class Response(Payload):
    """`<A>/response/<noun>`, `<C>/response/<noun>`."""

    ok: bool
    command: str
    value: bool | int | float | str | None = None
    data: dict[str, Any] | None = None
    error: CommandError | None = None
    transaction: str | int | None = None
    ts: UtcTime

    def to_json(self) -> bytes:
        """The answer without empty fields."""
        return self.model_dump_json(exclude_none=True).encode()
