"""What is in force for a while: schedules and snoozes, as they are said and kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Payload, Strict, UtcTime

#: Minutes of a snooze, at most.
LONGEST_SNOOZE = 24 * 60


class Mode(Strict):
    """One setting, within a camera's schedule."""

    value: bool | str
    by: Literal["configuration", "schedule", "command", "safety"] = Field(
        description="who set it; safety: the clock is unsure, so the camera is armed"
    )
    since: UtcTime | None = Field(None, description="null: since the agent's start")
    until: UtcTime | None = Field(None, description="null: no later change is known")


class ScheduleState(Payload):
    """`<C>/schedule`: what is in force, who set it, and until when."""

    clock: Literal["sure", "unsure"] = Field(
        description="unsure: the agent waits for the time, and changes nothing by it"
    )
    next_change: UtcTime | None = Field(description="of any of the modes; null: none is known")
    text: str = Field(description="what is in force, for people")
    modes: dict[str, Mode] = Field(description="armed, privacy, beep_on_motion and sensitivity")


class SnoozeState(Payload):
    """`<C>/snooze/state`, `<A>/snooze/state`."""

    until: UtcTime | None = Field(description="null: not snoozed")
    minutes: int = Field(description="as they were asked for; 0: not snoozed")


class StoredSnooze(Strict):
    """A snooze, as it is kept; `sure`: `until` was reckoned with a clock that was right."""

    minutes: int = Field(ge=1, le=LONGEST_SNOOZE)
    until: UtcTime
    sure: bool = True


class ScheduledValue(Strict):
    """What a schedule set last, and the time of the rule."""

    value: bool | str
    since: UtcTime


class StoredModes(Strict):
    """The file of the modes; everything by the camera's id.

    `unsure` has the settings that a command set while the clock was not known to be right.
    """

    v: Literal[1] = 1
    schedule: dict[str, dict[str, ScheduledValue]] = Field(default_factory=dict)
    snoozes: dict[str, StoredSnooze] = Field(default_factory=dict)
    unsure: dict[str, list[str]] = Field(default_factory=dict)
