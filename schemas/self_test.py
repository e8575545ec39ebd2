"""The self test: what the operator may set of it, and what is said of its last run."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from schemas.base import Payload, Strict, UtcTime, quoted

#: What is tested, in the order of the way.
StageName = Literal["picture", "motion", "event", "clip", "store", "playback", "mqtt"]
ResultWord = Literal["never", "running", "passed", "failed"]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z", re.ASCII)


def _local_time(value: object) -> object:
    if value is None:
        return None
    if not isinstance(value, str) or not _TIME.match(value):
        # YAML 1.1 reads 13:30 without quotes as a number of base 60
        raise ValueError(f'a local time in quotes such as "03:30", not {quoted(value)}')
    return value


class SelfTestConfig(Strict):
    """`self_test:`."""

    at: Annotated[str | None, BeforeValidator(_local_time)] = Field(
        None,
        description='each day at this local time, in quotes: `"03:30"`; default: only on command',
    )


class SelfTestResult(Payload):
    """`<A>/self_test`: the self test that runs, or the last one."""

    result: ResultWord = "never"
    at: UtcTime | None = Field(None, description="when it began")
    seconds: float | None = Field(None, description="how long it took")
    stage: StageName | None = Field(None, description="where it broke")
    reason: str = Field("", description="why, in words")
    stages: dict[StageName, int] = Field({}, description="milliseconds of each stage that passed")
    skipped: dict[StageName, str] = Field({}, description="stages that were left out, and why")
    camera: str | None = Field(None, description="the camera whose detection settings were used")


class SelfTestEcho(Payload):
    """`<A>/self_test/echo`: sent by a self test, and heard by the agent itself."""

    self_test: Literal[True] = True
    id: str = Field(max_length=64, description="of this run")
