"""The real agent and the descriptors that the system gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.runtime.descriptors import MOST
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, House
from tests.support.broker import Broker
from tests.support.waiting import wait_until


@pytest.mark.parametrize(
    ("limits", "most"),
    [("ulimit -Hn 4096; ulimit -Sn 300", MOST), ("ulimit -n 500", 500), ("ulimit -Sn 2048", MOST)],
)
def test_health_says_how_many_are_open_of_how_many(tmp_path: Path, limits: str, most: int) -> None:
    broker = Broker(tmp_path).start()
    try:
        with House(tmp_path, broker.port) as house, Ear(broker.port, TOPICS.health) as ear:
            house.before = ["sh", "-c", f'{limits}; exec "$@"', "sh"]
            agent = house.agent()
            said = wait_until("health", lambda: known(ear))
            assert said["most"] == most
            assert 5 < said["open"] < most / 2
            assert agent.stop() == 0
    finally:
        broker.kill()


def known(ear: Ear) -> dict[str, int] | None:
    """The figures, once they are said."""
    for payload in ear.payloads(TOPICS.health):
        said: dict[str, int] = json.loads(payload)["descriptors"]
        if said["most"] is not None:
            return said
    return None
