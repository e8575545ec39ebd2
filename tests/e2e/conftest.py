"""The agent's surroundings as a user has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import House
from tests.support.broker import Broker
from tests.support.observer import Observer


@pytest.fixture
def house(tmp_path: Path, broker: Broker) -> Iterator[House]:
    """Camera, store and state folder of an agent at the test's broker."""
    with House(tmp_path, broker.port) as made:
        yield made


@pytest.fixture
def ear(broker: Broker) -> Iterator[Ear]:
    """Hears everything; at the end every message has to have fitted its schema."""
    with Observer(broker.port) as listening:
        yield listening
    assert listening.complaints == []
