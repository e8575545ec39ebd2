"""Commands as they are understood, and their answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from schemas.base import Payload, Strict, UtcTime
from schemas.modes import LONGEST_SNOOZE
from schemas.settings import FALSE_WORDS, TRUE_WORDS, SettingValue, number_of

#: Characters of a URL; Home Assistant's are shorter than 200.
LONGEST_URL = 2000

ErrorCode = Literal[
    "invalid_payload",
    "out_of_range",
    "not_used",
    "unknown_command",
    "retained_command",
    "camera_unavailable",
    "storage_unavailable",
    "unknown_event",
    "audio_failed",
    "sound_unavailable",
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
    value: SettingValue


class ResetSetting(Strict):
    """Give one setting back to the configuration."""

    kind: Literal["reset"] = "reset"
    camera: str | None
    name: str


class PatchSettings(Strict):
    """Change several settings, all or nothing; None gives one back to the configuration."""

    kind: Literal["patch"] = "patch"
    camera: str | None
    values: dict[str, SettingValue | None]


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


class Snooze(Strict):
    """Notifications and beep rest; camera None: of all cameras."""

    kind: Literal["snooze"] = "snooze"
    camera: str | None = Field(None, description="none: all cameras")
    minutes: int = Field(ge=0, le=LONGEST_SNOOZE, description="0 ends it")


#: Seconds of a live view: usual, at most, and at least.
LIVE = (60.0, 3600.0, 0.0)


class ShowLive(Strict):
    """Live pictures twice a second for some time, also where nothing moves; 0 ends it."""

    kind: Literal["live"] = "live"
    camera: str
    seconds: float = Field(LIVE[0], ge=LIVE[2], le=LIVE[1])


def live_seconds(word: str) -> float | str:
    """How long a live view is to last: of ON, OFF or a number of seconds; else the word itself."""
    word = word.casefold()
    if word in TRUE_WORDS | FALSE_WORDS:
        return LIVE[0] if word in TRUE_WORDS else LIVE[2]
    try:
        return number_of(word)
    except ValueError:
        return word


class PlayBeep(Strict):
    """Play the sound once, without cooldown."""

    kind: Literal["beep"] = "beep"


class PlaySound(Strict):
    """Play the WAV file that a URL names."""

    kind: Literal["play"] = "play"
    url: str = Field(min_length=1, max_length=LONGEST_URL, description="`http:` or `https:`")
    volume: float | None = Field(None, ge=0, le=1, description="none: `beep.volume`")


class PlayWav(Strict):
    """Play the WAV file that the message itself is."""

    kind: Literal["play_wav"] = "play_wav"
    wav: bytes = Field(repr=False)


class Silence(Strict):
    """End the sound that `play` began, or its download."""

    kind: Literal["silence"] = "silence"


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


class GetDigest(Strict):
    """Answer with counts and the best pictures of the last hours."""

    kind: Literal["digest"] = "digest"
    camera: str | None = Field(None, description="none: all cameras together")
    hours: float = Field(24.0, ge=1, le=168)


class KeepRecording(Strict):
    """Spare an event's files when old ones are deleted."""

    kind: Literal["keep"] = "keep"
    camera: str
    id: str | None = Field(None, description="the event; none or `last`: the running or last one")
    keep: bool = Field(True, description="false takes the mark away")


class MarkMistake(Strict):
    """Mark an event as a false alarm, or its label as wrong; or take the mark away."""

    kind: Literal["mark"] = "mark"
    camera: str
    event: str | None = Field(
        None, description="the event; none or `last`: the running or last one"
    )
    false_alarm: bool | None = Field(None, description="false takes the mark away")
    wrong_label: bool | None = Field(None, description="false takes the mark away")


class Propose(Strict):
    """Propose what would spare the marked false alarms; it comes on the camera's own topic."""

    kind: Literal["propose"] = "propose"
    camera: str


class Explain(Strict):
    """Answer why there was, or was not, an event at some moment."""

    kind: Literal["explain"] = "explain"
    camera: str
    at: str = Field(
        max_length=40,
        description="`14:03`, `14:03:20`, `2026-11-29T14:03`; local time where no offset is given",
    )


class RunSelfTest(Strict):
    """Send a drawn visitor the whole way; the result comes on the agent's own topic."""

    kind: Literal["self_test"] = "self_test"
    camera: str | None = Field(
        None, description="the camera whose detection settings are used; none: the first one"
    )


Command = (
    SetSetting
    | ResetSetting
    | PatchSettings
    | TakeSnapshot
    | TakeOverlay
    | RecordNow
    | Snooze
    | ShowLive
    | PlayBeep
    | PlaySound
    | PlayWav
    | Silence
    | Restart
    | GetStatus
    | SendDiscovery
    | GetEvents
    | GetDigest
    | KeepRecording
    | MarkMistake
    | Propose
    | Explain
    | RunSelfTest
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
