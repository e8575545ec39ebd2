"""The last thing that went wrong, as `<A>/error` tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from agent.core.effects import Effect
from agent.core.state import AgentNow, Now
from schemas.messages import state
from schemas.state import LastError

Source = Literal["camera", "storage", "mqtt", "audio", "command", "agent"]


def fault(
    now_state: AgentNow, source: Source, code: str, message: str, now: Now, owner: str = ""
) -> tuple[AgentNow, list[Effect]]:
    """Remembers and publishes an error; the same one again only counts up.

    `owner` is the camera's id, where the source is one of several.
    """
    last = now_state.error
    before = None if last is None else (last.source, last.code, now_state.error_owner)
    count = last.count + 1 if last is not None and before == (source, code, owner) else 1
    return _published(
        replace(now_state, error_owner=owner),
        LastError(code=code, message=message[:500], source=source, count=count, ts=now.utc),
    )


def cured(
    now_state: AgentNow, source: Source, now: Now, owner: str = ""
) -> tuple[AgentNow, list[Effect]]:
    """Says `ok` when the last error came from this source and owner, and is over."""
    last = now_state.error
    if last is None or last.code == "ok":
        return now_state, []
    if (last.source, now_state.error_owner) != (source, owner):
        return now_state, []
    return _published(
        now_state,
        LastError(code="ok", message="", source=source, count=last.count, ts=now.utc),
    )


def _published(now_state: AgentNow, error: LastError) -> tuple[AgentNow, list[Effect]]:
    topic = now_state.setup.topics.error
    return replace(now_state, error=error), [state(topic, error.to_json())]
