"""What the store and the proposals told of cameras that are not in the configuration. Pure.

Such a camera may come back while the agent runs. Its owners tell what they know only once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from agent.core.anchors import CameraAnchor
from agent.core.state import AgentNow, CameraNow
from schemas.proposal import Proposal

T = TypeVar("T")

#: Cameras that are remembered while they are not in the configuration.
MOST_ABSENT = 100


def others(kept: Mapping[str, T], here: Collection[str]) -> dict[str, T]:
    """What is kept of cameras that are not here: of the newest ones, nobody knows who comes."""
    return {name: kept[name] for name in [it for it in kept if it not in here][-MOST_ABSENT:]}


def with_anchor(now_state: AgentNow, camera: str, anchor: CameraAnchor) -> AgentNow:
    """The state that knows the anchor of a camera that is not there."""
    known = {**now_state.absent_anchors, camera: anchor}
    return replace(now_state, absent_anchors=others(known, now_state.cameras))


def with_proposal(now_state: AgentNow, camera: str, proposal: Proposal) -> AgentNow:
    """The same with a proposal."""
    known = {**now_state.absent_proposals, camera: proposal}
    return replace(now_state, absent_proposals=others(known, now_state.cameras))


def come_back(now_state: AgentNow, camera: CameraNow) -> CameraNow:
    """A camera that was not there, with what its owners said of it meanwhile and before."""
    name = camera.camera_id
    return replace(
        camera,
        anchor=now_state.absent_anchors.get(name),
        proposal=now_state.absent_proposals.get(name),
    )


def with_gone(now_state: AgentNow, after: Collection[str]) -> AgentNow:
    """The state that remembers what owners said of the cameras that are not in `after`."""
    anchors = {n: it.anchor for n, it in now_state.cameras.items() if it.anchor is not None}
    made = {n: it.proposal for n, it in now_state.cameras.items() if it.proposal is not None}
    return replace(
        now_state,
        absent_anchors=others({**now_state.absent_anchors, **anchors}, after),
        absent_proposals=others({**now_state.absent_proposals, **made}, after),
    )
