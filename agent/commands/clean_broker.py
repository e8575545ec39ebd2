"""`discovery --clean`: takes devices and retained states off the broker."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from paho.mqtt import MQTTException, publish

from agent.config.loader import Loaded, agent_id_of, password_of, state_dir_of
from agent.core.errors import ConfigError
from agent.core.state_messages import retained_topics
from agent.mqtt.connection_errors import from_error
from agent.mqtt.journal import JOURNAL, Journal
from agent.runtime.clock import SystemClock
from agent.runtime.discovery_file import forget_discovery, load_discovery
from agent.runtime.tls import client_context
from agent.service.discovery_publisher import STEP
from ha_discovery.upgrade import clean
from schemas.config import Config, TlsConfig
from schemas.messages import Publish, state
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


def clean_broker(messages: Sequence[Publish], loaded: Loaded) -> Iterator[str]:
    """Takes all that is ours out of Home Assistant and the broker, also of earlier versions.

    Args:
        messages: the present messages for Home Assistant.
        loaded: the configuration.

    Yields:
        What was done, for people, as it is done.

    Raises:
        ConfigError: the broker cannot be reached or refuses.
    """
    folder = state_dir_of(loaded.config)
    root = AgentTopics(loaded.config.mqtt.base_topic, agent_id_of(loaded.config)).root
    published, waiting = load_discovery(folder)
    steps = clean(published, waiting, messages)
    for number, step in enumerate(steps, 1):
        _publish(step, loaded)
        if number < len(steps):
            SystemClock().wait(threading.Event(), STEP)
    forget_discovery(folder)
    yield from (f"removed {message.topic}" for message in steps[-1])
    topics, running = retained_of(loaded.config, folder)
    _publish([state(topic, b"") for topic in topics], loaded)
    forget_retained(folder)
    yield f"cleared {len(topics)} retained states and pictures below {root}"
    if running:
        yield "the agent runs and will say them again: stop it, then clean once more"


def _publish(messages: Sequence[Publish], loaded: Loaded) -> None:
    """Publishes with a connection of its own; the agent need not run."""
    logging.getLogger("paho").addHandler(logging.NullHandler())  # ours is the one line that is said
    mqtt = loaded.config.mqtt
    login = {"username": mqtt.username, "password": password_of(mqtt) or ""}
    auth: Any = login if mqtt.username else None  # paho's name for it exists for type checkers only
    try:
        wanted: Any = [(m.topic, m.payload, m.qos, m.retain) for m in messages]
        # an SSLContext is taken, says paho's documentation; its types do not
        context: Any = None if mqtt.tls is None else _tls_context(mqtt.tls)
        publish.multiple(wanted, mqtt.host, mqtt.port, auth=auth, tls=context)
    except (OSError, ValueError, MQTTException) as error:
        why = from_error(error, f"{mqtt.host}:{mqtt.port}")
        raise ConfigError(f"broker {why.reason}") from None


def _tls_context(tls: TlsConfig) -> ssl.SSLContext:
    context = client_context(tls.ca, tls.cert, tls.key)
    context.check_hostname = not tls.insecure
    return context
