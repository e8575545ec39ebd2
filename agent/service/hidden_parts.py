"""What is hidden of each camera's pictures, over restarts: pictures of before may show more."""

from __future__ import annotations

import hashlib

from agent.core.state_messages import retained_pictures
from agent.mqtt.journal import Journal
from schemas.camera_config import CameraConfig
from schemas.config import Config
from schemas.topics import AgentTopics


def hidden_of(camera: CameraConfig) -> str:
    """The parts of its pictures that are blackened, as a short text."""
    return hashlib.sha256(repr(camera.privacy).encode()).hexdigest()[:16]


def pictures_of_before(config: Config, topics: AgentTopics, journal: Journal) -> list[str]:
    """Topics of pictures that an earlier run made, when other parts were hidden.

    A change while the agent runs is not noted here. The pictures are then cleared once more at the
    next start.
    """
    found: list[str] = []
    for name, camera in config.cameras.items():
        note, now = f"hidden/{name}", hidden_of(camera)
        if journal.note(note) not in {None, now}:
            found += retained_pictures(topics.camera(name))
        journal.keep_note(note, now)
    return found
