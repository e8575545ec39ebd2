"""The live picture of the real agent over a real broker: it comes by itself, and is not queued."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.imaging.jpeg import dimensions
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import CAMERA, TOPICS, YARD, House
from tests.support.broker import Broker
from tests.support.faulty_link import FaultyLink
from tests.support.observer import Observer
from tests.support.scene import still
from tests.support.waiting import wait_until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    (tmp_path / "broker").mkdir()
    made = Broker(tmp_path / "broker").start()
    yield made
    made.kill()


def pictures(observer: Observer) -> list[bytes]:
    return [message.payload for message in observer.of(YARD.live_image) if message.payload]


def texts(observer: Observer, topic: str) -> list[bytes]:
    """What was said on a topic; an empty payload only clears it."""
    return [payload for payload in observer.payloads(topic) if payload]


def test_it_comes_by_itself_often_for_who_looks_and_goes_with_the_camera(
    tmp_path: Path, broker: Broker
) -> None:
    with House(tmp_path, broker.port) as house, Observer(broker.port) as observer:
        camera = house.simulate("--source", str(still(tmp_path)))
        house.config["cameras"][CAMERA]["live_interval_seconds"] = 600
        house.agent()
        first = wait_until("a picture", lambda: pictures(observer))[0]
        size = dimensions(first)
        assert size is not None
        assert size[1] <= 640
        metas = wait_until("its description", lambda: texts(observer, YARD.live_meta))
        assert json.loads(metas[0])["reason"] == "live"

        observer.say(YARD.live_view_set, "600")
        wait_until("it is on", lambda: b"ON" in observer.payloads(YARD.live_view))
        before = len(pictures(observer))
        # at rest it would take an hour
        wait_until("many pictures", lambda: len(pictures(observer)) >= before + 6)
        observer.say(YARD.live_view_set, "OFF")
        wait_until("it is off", lambda: observer.payloads(YARD.live_view)[-1] == b"OFF")

        camera.kill()
        gone = lambda: observer.of(YARD.live_image)[-1].payload == b""  # noqa: E731
        wait_until("it is cleared", gone)
        observer.wait_in_order(YARD.availability, b"online", b"offline")
        assert observer.complaints == []


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_stop_in_good_order_takes_it_off_the_broker(
    tmp_path: Path, broker: Broker, protocol: str
) -> None:
    with House(tmp_path, broker.port) as house, Observer(broker.port) as observer:
        house.config["mqtt"]["protocol"] = protocol
        house.simulate("--source", str(still(tmp_path)))
        agent = house.agent()
        wait_until("a picture", lambda: pictures(observer))
        observer.say(YARD.live_view_set, "600")
        wait_until("it is on", lambda: b"ON" in observer.payloads(YARD.live_view))
        assert agent.stop() == 0
        wait_until("offline", lambda: observer.payloads(TOPICS.availability)[-1:] == [b"offline"])
    with Ear(broker.port) as later:  # who comes now gets what is retained
        later.say("marker", "comes after all that is retained")
        later.wait_for("marker")
        held = {message.topic: message.payload for message in later.heard}
    assert held[YARD.live_view] == b"OFF"
    assert held[YARD.availability] == b"offline"
    assert not {YARD.live_image, YARD.live_meta} & set(held)


def test_on_a_slow_line_events_do_not_wait_for_it(tmp_path: Path, broker: Broker) -> None:
    with (
        FaultyLink(broker.port) as line,
        House(tmp_path, line.port) as house,
        Observer(broker.port) as observer,
    ):
        house.simulate("--source", str(still(tmp_path)))
        house.agent()
        wait_until("a picture", lambda: pictures(observer))
        line.rate = 4_000
        observer.say(YARD.live_view_set, "600")
        before = len(pictures(observer))
        # the first one takes seconds; after it the line is left to others for minutes
        wait_until("one more", lambda: len(pictures(observer)) > before)
        observer.say(YARD.setting_set("armed"), "OFF")
        wait_until("the answer", lambda: b"OFF" in observer.payloads(YARD.setting_state("armed")))
        assert len(pictures(observer)) <= before + 3
