"""What the owners of store and speaker say of themselves -> problems, words, answers. Pure."""

from __future__ import annotations

from dataclasses import replace

from agent.core import absent_cameras, state_messages
from agent.core.effects import Effect, Say
from agent.core.last_error import cured, fault
from agent.core.messages import (
    AudioState,
    StoreAnchored,
    StoreCode,
    StoreRepaired,
    StoreState,
)
from agent.core.state import AgentNow, Now

Step = tuple[AgentNow, list[Effect]]


def store_state(now_state: AgentNow, cause: StoreState, now: Now) -> Step:
    """The store works, or does not: a word each time that this changes."""
    before = now_state.store
    now_state = replace(now_state, store=cause)
    if before is not None and before.code is cause.code:
        return now_state, []
    if cause.code in {StoreCode.OK, StoreCode.NONE, StoreCode.STARTING}:
        now_state, said = cured(now_state, "storage", now)
        return now_state, [*said, Say("INFO", _owner("store", cause.code.value, cause.reason))]
    code = f"store_{cause.code.value}"
    words = "; ".join(filter(None, (cause.reason, cause.helps)))
    now_state, said = fault(now_state, "storage", code, words, now)
    return now_state, [*said, Say("WARNING", _owner("store", cause.code.value, words))]


def store_told(now_state: AgentNow, cause: StoreRepaired | StoreAnchored, now: Now) -> Step:
    """It put something right, or signed what it has."""
    if isinstance(cause, StoreAnchored):
        if cause.camera not in now_state.cameras:
            return absent_cameras.with_anchor(now_state, cause.camera, cause.anchor), []
        camera = replace(now_state.cameras[cause.camera], anchor=cause.anchor)
        return now_state.with_camera(camera), state_messages.store_anchor(camera)
    if cause.lossless:
        return now_state, []
    words = f"{cause.file}: {cause.text}"
    now_state, said = fault(now_state, "storage", "store_repaired", words, now)
    return replace(now_state, repairs=now_state.repairs + 1), said


def audio_state(now_state: AgentNow, cause: AudioState, now: Now) -> Step:
    """The speaker works, or does not."""
    now_state = replace(now_state, audio=cause)
    if cause.ok or cause.code == "disabled":
        now_state, said = cured(now_state, "audio", now)
        return now_state, [*said, Say("INFO", _owner("speaker", cause.code, cause.reason))]
    now_state, said = fault(now_state, "audio", f"audio_{cause.code}", cause.reason, now)
    return now_state, [*said, Say("WARNING", _owner("speaker", cause.code, cause.reason))]


def _owner(name: str, code: str, reason: str) -> str:
    return f"{name}: {code}: {reason}" if reason else f"{name}: {code}"
