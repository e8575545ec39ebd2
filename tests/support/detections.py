"""A frame's judgement by the profile `plain`, as tests of what is made of it want it."""

from typing import Any

from agent.core.messages import Detection, Reason

_MOTION = Detection(
    seq=7,
    at=100.0,
    motion=True,
    reason=Reason.MOTION,
    changed_pixels=3072,
    score=1.0,
    pixel_threshold=50,
    min_changed=0.0814,
    max_changed=16.28,
    unmasked_pixels=307_200,
    profile="plain",
)


def detection(**changes: Any) -> Detection:  # noqa: ANN401  fields of Detection
    """Motion, unless told otherwise."""
    return _MOTION._replace(**changes)
