"""An engine's state shortly after its begin: one camera, `yard`, of the agent `surveillance/pi`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.core.engine import begin
from agent.core.state import AgentNow, CameraSetup, Now, Setup
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TOPICS = AgentTopics("surveillance", "pi")
YARD = CameraSetup("yard", CameraSettings())


def at(seconds: float) -> Now:
    """So long after the begin, which is second 100 of the monotonic clock."""
    return Now(100.0 + seconds, START + timedelta(seconds=seconds))


NOW = at(0)


def begun(*cameras: CameraSetup, **setup: Any) -> AgentNow:  # noqa: ANN401  fields of Setup
    """Begins with nothing stored."""
    made = Setup(TOPICS, "Pi", "1", START, cameras or (YARD,), **setup)
    return begin(made, StoredSettings(), {}, (), NOW)[0]
