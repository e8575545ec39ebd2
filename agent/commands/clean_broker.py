"""What `discovery --clean` takes off the broker besides the devices: our retained states."""

from __future__ import annotations

from pathlib import Path

from agent.config.loader import agent_id_of
from agent.core.errors import ConfigError
from agent.core.state_messages import retained_topics
from agent.mqtt.journal import JOURNAL, Journal
from agent.runtime.clock import SystemClock
from schemas.config import Config
from schemas.topics import AgentTopics


def retained_of(config: Config, folder: Path) -> tuple[list[str], bool]:
    """Topics that the broker may hold of us, also of earlier configurations; and: the agent runs.

    What earlier configurations left is known only while it does not run and its journal is closed.
    """
    topics = AgentTopics(config.mqtt.base_topic, agent_id_of(config))
    named = set(retained_topics(topics, config.cameras))
    try:
        journal = _journal(folder)
    except ConfigError:
        return sorted(named), True
    if journal is not None:
        named |= set(journal.retained.topics)
        journal.close()
    return sorted(named), False


def forget_retained(folder: Path) -> None:
    """The broker has forgotten it all."""
    try:
        journal = _journal(folder)
    except ConfigError:
        return  # it runs, and goes on
    if journal is not None:
        journal.retained.forget()
        journal.close()


def _journal(folder: Path) -> Journal | None:
    path = folder / JOURNAL
    return Journal(path, SystemClock()) if path.exists() else None
