"""What would spare the false alarms that were marked; nothing changes by itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Payload, UtcTime

ProposalKind = Literal["nothing", "zone", "min_changed"]


class Proposal(Payload):
    """`<C>/proposal`: the newest one."""

    camera: str
    kind: ProposalKind = "nothing"
    text: str = Field("", description="what to change; empty: nothing is worth its price")
    yaml: str = Field("", description="the same as keys below the camera's id")
    marked: int = Field(0, description="events that are marked as false alarms")
    days: int = Field(0, description="days of the store that were looked at")
    judged_false: int = Field(0, description="false alarms that were judged again and fired")
    judged_others: int = Field(0, description="other events, likewise")
    skipped: int = Field(0, description="events that could not be judged again")
    unfinished: int = Field(0, description="events for which there was no time")
    spares: list[str] = Field([], description="ids of the false alarms that would go")
    costs: list[str] = Field([], description="ids of the other events that would go, too")
    ts: UtcTime | None = Field(None, description="when it was made; null: none was yet")
