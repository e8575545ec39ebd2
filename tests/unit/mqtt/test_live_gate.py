"""Live pictures are never queued, and leave a slow line to others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.mqtt.connection_news import Accepted
from agent.mqtt.journal import Journal
from agent.mqtt.live_gate import SEEN_FOR, SPARING, UNSEEN_EVERY, LiveGate
from agent.mqtt.outbox import Outbox
from agent.mqtt.sender import Sender
from schemas.messages import Publish, state
from tests.support.clock import FakeClock
from tests.unit.mqtt.test_sender import FREE, FakeLink

TOPIC = "a/yard/live/image"
PICTURE = Publish(TOPIC, bytes(100), 0, retain=True, description=state("a/yard/live/meta", "{}"))


class House:
    """A sender whose live pictures are watched."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.gate = LiveGate(self.clock)
        self.outbox = Outbox()
        self.journal = Journal(folder / "journal.db", self.clock)
        online = "a/availability"
        self.sender = Sender(self.outbox, self.journal, self.clock, online, None, self.gate)

    def connect(self, limits: Accepted = FREE) -> FakeLink:
        link = FakeLink()
        self.sender.connected(link, limits)
        return link

    def show(self) -> None:
        self.outbox.put(PICTURE)
        self.sender.send()

    def takes(self) -> bool:
        return self.gate.takes(TOPIC)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.journal.close()


def test_without_a_broker_none_is_made(house: House) -> None:
    assert not house.takes()
    house.connect()
    assert house.takes()
    house.sender.disconnected(lost=True)
    assert not house.takes()


def test_the_next_one_waits_until_the_broker_has_read_this_one(house: House) -> None:
    link = house.connect()
    house.show()
    assert link.topics() == [TOPIC, "a/yard/live/meta"]
    assert not house.takes()
    house.sender.sent(1, None)  # written is not read
    assert not house.takes()
    assert house.gate.takes("a/shed/live/image")
    house.sender.sent(2, None)
    assert house.takes()


def test_what_the_broker_refuses_is_over_too(house: House) -> None:
    house.connect()
    house.show()
    house.sender.sent(2, "not authorized")
    assert house.takes()


def test_one_that_is_larger_than_the_broker_takes_holds_nothing_up(house: House) -> None:
    house.connect(Accepted(120, 20))
    house.show()
    assert house.takes()


def test_a_new_connection_begins_anew(house: House) -> None:
    house.connect()
    house.show()
    house.sender.disconnected(lost=True)
    house.connect()
    assert house.takes()


def test_a_slow_line_is_left_to_others_for_a_while(house: House) -> None:
    house.connect()
    house.show()
    house.clock.advance(3.0)
    house.sender.sent(2, None)
    assert not house.takes()
    house.clock.advance(3.0 * SPARING - 1.0)
    assert not house.takes()
    house.clock.advance(1.0)
    assert house.takes()


def test_other_pictures_hold_no_live_picture_up(house: House) -> None:
    house.connect()
    house.outbox.put(replace(PICTURE, topic="a/yard/motion/image"))
    house.sender.send()
    assert house.takes()


def shown(house: House, link: FakeLink, *, heard: bool, seen: bool) -> int:
    """Sends a live picture and lets the broker answer; the QoS that the picture had."""
    assert house.takes()
    house.show()
    picture, about = len(link.sent) - 1, len(link.sent)
    qos = link.sent[picture - 1].qos
    house.sender.sent(picture, None, heard=seen if qos else True)
    house.sender.sent(about, None, heard=heard)
    return qos


def test_while_nobody_sees_them_they_are_seldom_and_ask_each_time(house: House) -> None:
    link = house.connect()
    assert shown(house, link, heard=False, seen=False) == 0, "nobody hears what is said of it"
    assert shown(house, link, heard=False, seen=False) == 1, "so this one asks who sees it"
    assert not house.takes()
    assert house.gate.takes("a/shed/live/image"), "another camera's may be seen"
    house.clock.advance(UNSEEN_EVERY)
    assert shown(house, link, heard=False, seen=False) == 1
    house.clock.advance(UNSEEN_EVERY)
    assert shown(house, link, heard=False, seen=True) == 1, "somebody came"
    assert house.takes()


def test_who_sees_them_without_their_description_is_asked_for_seldom(house: House) -> None:
    link = house.connect()
    assert shown(house, link, heard=False, seen=True) == 0
    assert shown(house, link, heard=False, seen=True) == 1
    assert [shown(house, link, heard=False, seen=True) for _ in range(3)] == [0, 0, 0]
    house.clock.advance(SEEN_FOR)
    shown(house, link, heard=False, seen=True)
    assert shown(house, link, heard=False, seen=True) == 1


def test_who_may_not_publish_them_is_seen_by_nobody(house: House) -> None:
    link = house.connect()
    for _ in range(2):
        assert house.takes()
        house.show()
        for mid in (len(link.sent) - 1, len(link.sent)):
            qos = link.sent[mid - 1].qos
            house.sender.sent(mid, "not authorized" if qos else None)
    assert [it.qos for it in link.sent] == [0, 1, 1, 1]
    assert not house.takes()
    house.clock.advance(UNSEEN_EVERY)
    assert house.takes()


def test_a_new_connection_knows_nothing_of_who_sees_them(house: House) -> None:
    link = house.connect()
    for _ in range(2):
        shown(house, link, heard=False, seen=False)
    assert not house.takes()
    house.sender.disconnected(lost=True)
    link = house.connect()
    assert shown(house, link, heard=True, seen=True) == 0


def test_of_other_pictures_nobody_is_asked(house: House) -> None:
    link = house.connect()
    for _ in range(2):
        house.outbox.put(replace(PICTURE, topic="a/yard/motion/image"))
        house.sender.send()
        house.sender.sent(len(link.sent), None, heard=False)
    assert [it.qos for it in link.sent if it.topic == "a/yard/motion/image"] == [0, 0]
