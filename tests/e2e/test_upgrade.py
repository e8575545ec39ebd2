"""What version 0.1 left goes on with this one: nothing is lost, no ghost stays at the broker."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agent.storage.verify.store import verify_store
from tests.fixtures.upgrade.make import ARCHIVE, THRESHOLD, TOPICS, YARD
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import House
from tests.support.broker import Broker
from tests.support.waiting import wait_until

DEVICES = (TOPICS.discovery("homeassistant"), TOPICS.discovery("homeassistant", "yard"))


class Left:
    """The folder of an agent of 0.1, at another place, and what it retained at the broker."""

    def __init__(self, folder: Path) -> None:
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="data")
        self.folder = folder
        told = json.loads((folder / "retained.json").read_text())
        self.retained = {topic: base64.b64decode(text) for topic, text in told.items()}
        known = folder / "state" / "store.json"  # the place has moved with all that is in it
        memory = json.loads(known.read_text())
        known.write_text(json.dumps({**memory, "path": str(folder / "store")}))
        self.uuid = memory["uuid"]
        self.files = self.stored()

    def stored(self) -> dict[str, bytes]:
        """The clips of events, which nobody changes once they are there."""
        store = self.folder / "store"
        return {str(it.relative_to(store)): it.read_bytes() for it in store.rglob("events/*")}


@pytest.fixture
def left(tmp_path: Path) -> Left:
    return Left(tmp_path)


@pytest.fixture
def upgraded(left: Left) -> Iterator[tuple[House, Ear]]:
    """This version in that folder; the subscriber was there before it."""
    broker = Broker(left.folder).start()
    with House(left.folder, broker.port) as house, Ear(broker.port, "#") as ear:
        for topic, payload in left.retained.items():
            ear.say(topic, payload, retain=True)
        wait_until("all is retained", lambda: len(ear.heard) >= len(left.retained))
        ear.heard.clear()
        old = yaml.safe_load((left.folder / "config.yaml").read_text())
        for block in ("agent", "mqtt", "store", "cameras"):
            house.config[block] = old[block] | house.config[block]
        house.config["cameras"]["yard"] = {
            **old["cameras"]["yard"],
            "source": f"hk://127.0.0.1:{house.camera_port}",
        }
        house.simulate()
        agent = house.agent()
        agent.wait_for_line("starting, version")
        wait_until("a recording", lambda: ear.payloads(YARD.event_recording))
        yield house, ear
    broker.kill()


def events(ear: Ear, topic: str) -> list[dict[str, object]]:
    return [json.loads(payload) for payload in ear.payloads(topic) if payload]


def test_nothing_is_lost(left: Left, upgraded: tuple[House, Ear]) -> None:
    house, ear = upgraded
    # the setting that was commanded
    assert ear.payloads(YARD.setting_state("pixel_threshold"))[-1] == THRESHOLD.encode()
    # events of the time without a broker, by their numbers after those that were said
    late = [it for it in events(ear, YARD.event_motion) if it["late"]]
    assert "motion_ended" in {it["event_type"] for it in late}
    said = json.loads(left.retained.get(YARD.event_motion, b"{}"))
    numbers = [int(str(it["seq"])) for it in events(ear, YARD.event_motion)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > int(said.get("seq", 0))
    # the store is the same one, with all that was in it, and is written on
    wait_until("the store is known", lambda: any(it for it in events(ear, TOPICS.health)))
    memory = json.loads((left.folder / "state" / "store.json").read_text())
    assert memory["uuid"] == left.uuid
    wait_until("a new recording", lambda: len(left.stored()) > len(left.files))
    now = left.stored()
    assert {name: now.get(name) for name in left.files} == left.files
    report = verify_store(left.folder / "store")
    assert (report.missing, report.damaged, report.foreign) == ([], [], [])
    assert "damaged" not in (house.folder / "agent.log").read_text()


def test_no_ghost_stays(left: Left, upgraded: tuple[House, Ear]) -> None:
    _, ear = upgraded
    for topic in DEVICES:
        if topic not in left.retained:
            continue
        before = json.loads(left.retained[topic])["cmps"]
        now = json.loads(ear.wait_for(topic).payload)["cmps"]
        # each entity of before is there, or Home Assistant is told to remove it
        assert set(before) <= set(now)
        assert all(it["p"] for it in now.values())
    heard = {it.topic for it in ear.heard}
    untouched = {topic for topic in left.retained if topic not in heard}
    assert untouched == set()
