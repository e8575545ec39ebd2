"""Blocks of the log of verdicts, as a camera would have made them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from agent.core.messages import Detection, Reason
from agent.verdicts.block import Block, OpenBlock
from agent.verdicts.state import State, Stored

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
T0 = NOON.timestamp()


def detection(at: float, reason: Reason, score: float, largest: float | None = None) -> Detection:
    """Of a frame; motion is above 0.1 %."""
    motion = reason is Reason.MOTION
    return Detection(
        1, at, motion, reason, score=score, largest=largest, min_changed=0.1, max_changed=16.0,
        pixel_threshold=25, profile="plain" if largest is None else "robust",
    )  # fmt: skip


def block(
    begin: float,
    frames: Iterable[tuple[float, Reason, float]] = (),
    state: State = State(),  # noqa: B008  frozen
    *,
    seconds: float = 30.0,
    camera: str = "yard",
    sure: bool = True,
    largest: float | None = None,
    stored: Iterable[Stored] = (),
) -> Block:
    """`begin` is seconds after noon; frames are seconds after that, reason and score."""
    opened = OpenBlock(camera, T0 + begin, 0.0, state, sure=sure)
    for at, reason, score in frames:
        opened.judged(detection(at, reason, score, largest))
    for one in stored:
        opened.knows(one)
    return opened.closed(seconds)
