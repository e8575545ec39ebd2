from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.mqtt.connection import Accepted
from agent.mqtt.journal import Journal
from agent.mqtt.outbox import Outbox
from agent.mqtt.sender import EVENTS_BYTES, ONLINE_WAIT, PICTURES, WINDOW, Sender
from schemas.messages import EventsQuery, Publish, Record, state
from tests.support.clock import FakeClock

ONLINE = state("a/availability", "online")
FREE = Accepted(None, 65_535)


class FakeLink:
    """Takes everything, acknowledges nothing by itself."""

    def __init__(self) -> None:
        self.sent: list[Publish] = []
        self.broken = False

    def publish(self, message: Publish) -> int | None:
        if self.broken:
            return None
        self.sent.append(message)
        return len(self.sent)

    def topics(self) -> list[str]:
        return [message.topic for message in self.sent]

    def seqs(self) -> list[int]:
        return [json.loads(m.payload)["seq"] for m in self.sent if m.topic == "a/event"]


class House:
    """A sender with its outbox and journal."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.outbox = Outbox()
        self.journal = Journal(folder / "journal.db", self.clock)
        self.sender = Sender(self.outbox, self.journal, self.clock, ONLINE.topic)

    def connect(self, limits: Accepted = FREE, *, online: bool = True) -> FakeLink:
        link = FakeLink()
        self.sender.connected(link, limits)
        if online:
            self.say(ONLINE)
            self.sender.sent(1, None)
            link.sent[0] = Publish("", b"")
            self.sender.send()
        return link

    def say(self, *messages: Any) -> None:  # noqa: ANN401  anything Outgoing
        for message in messages:
            self.outbox.put(message)
        self.sender.journal_records()
        self.sender.send()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.journal.close()


def record(seq: int, pad: int = 0) -> Record:
    payload = json.dumps({"seq": seq, "late": False, "pad": "x" * pad}).encode()
    return Record("door", "motion", seq, Publish("a/event", payload))


def records(first: int, last: int) -> list[Record]:
    return [record(seq) for seq in range(first, last + 1)]


def test_records_are_in_the_journal_before_there_is_a_connection(house: House) -> None:
    house.say(*records(1, 3))
    assert house.journal.waiting_count == 3
    assert house.connect().seqs() == [1, 2, 3]


def test_at_most_a_window_is_in_flight(house: House) -> None:
    house.say(*records(1, 50))
    link = house.connect()
    assert link.seqs() == list(range(1, WINDOW + 1))
    house.sender.sent(2, None)
    house.sender.sent(3, None)
    house.sender.send()
    assert link.seqs() == list(range(1, WINDOW + 3))


def test_a_broker_that_takes_less_at_a_time_gets_less(house: House) -> None:
    house.say(*records(1, 50))
    assert house.connect(Accepted(None, 5)).seqs() == [1, 2, 3, 4, 5]


def test_an_acknowledged_record_leaves_the_journal(house: House) -> None:
    link = house.connect()
    house.say(record(1))
    house.sender.sent(len(link.sent), None)
    assert house.journal.waiting_count == 0
    assert house.sender.idle


def test_after_a_lost_connection_the_unacknowledged_come_again_in_order(house: House) -> None:
    link = house.connect()
    house.say(*records(1, 5))
    house.sender.sent(3, None)  # the second record; the first message was `online`
    house.sender.disconnected()
    house.say(record(6))
    assert house.connect().seqs() == [1, 3, 4, 5, 6]
    assert link.seqs() == [1, 2, 3, 4, 5]


def test_a_long_backlog_and_new_records_stay_in_order(house: House) -> None:
    for first in range(1, 400, 100):
        house.say(*records(first, first + 99))
    link = house.connect()
    acknowledged = 1
    for seq in range(401, 421):
        house.say(record(seq))
        while acknowledged < len(link.sent):
            acknowledged += 1
            house.sender.sent(acknowledged, None)
    while not house.sender.idle:
        house.sender.send()
        while acknowledged < len(link.sent):
            acknowledged += 1
            house.sender.sent(acknowledged, None)
    assert link.seqs() == list(range(1, 421))


def test_records_wait_for_online_because_home_assistant_would_not_see_them(house: House) -> None:
    house.say(record(1))
    link = house.connect(online=False)
    house.say(state("a/health", "{}"))
    assert link.topics() == ["a/health"]
    house.say(ONLINE)
    assert link.topics() == ["a/health", ONLINE.topic, "a/event"]


def test_records_do_not_wait_for_ever(house: House) -> None:
    house.say(record(1))
    link = house.connect(online=False)
    house.clock.advance(ONLINE_WAIT)
    house.sender.send()
    assert link.seqs() == [1]


def late(link: FakeLink) -> list[bool]:
    return [json.loads(m.payload)["late"] for m in link.sent if m.topic == "a/event"]


def test_a_record_sent_at_once_is_not_late(house: House) -> None:
    link = house.connect()
    house.say(record(1))
    assert late(link) == [False]


def test_a_record_that_waited_for_a_connection_is_late(house: House) -> None:
    house.say(record(1))
    house.clock.advance(5.5)
    assert late(house.connect()) == [True]


def test_a_step_of_the_wall_clock_makes_nothing_late(house: House) -> None:
    house.say(record(1))
    house.clock.step_utc(3600)
    assert late(house.connect()) == [False]


@pytest.mark.parametrize("step", [60.0, -60.0])
def test_a_record_of_an_earlier_process_is_judged_by_the_wall_clock(
    tmp_path: Path, step: float
) -> None:
    before = House(tmp_path)
    before.say(record(1))
    before.journal.close()
    after = House(tmp_path)
    after.clock.step_utc(step)
    assert late(after.connect()) == [True]
    after.journal.close()


def test_late_changes_nothing_else(house: House) -> None:
    house.say(record(1))
    house.clock.advance(10)
    payload = house.connect().sent[-1].payload
    assert payload == b'{"seq":1,"late":true,"pad":""}'


def test_a_newer_state_replaces_one_that_is_not_in_flight(house: House) -> None:
    link = house.connect()
    house.say(*(state(f"s/{number}", "x") for number in range(WINDOW)))
    house.say(state("a/motion", "ON"))
    house.say(state("a/motion", "OFF"))
    house.sender.sent(2, None)
    house.sender.send()
    assert link.sent[-1] == state("a/motion", "OFF")
    assert link.topics().count("a/motion") == 1


def picture(number: int, size: int = 10) -> Publish:
    return Publish(f"p/{number}", bytes(size), qos=0, retain=True)


def test_an_answer_follows_its_picture_at_once(house: House) -> None:
    link = house.connect()
    house.say(picture(1), Publish("a/response/snapshot", b"{}", after=picture(1).topic))
    assert link.topics()[-2:] == [picture(1).topic, "a/response/snapshot"]


def described(number: int, size: int = 10) -> Publish:
    return replace(picture(number, size), description=state(f"p/{number}/meta", "{}"))


def test_a_description_goes_out_right_behind_its_picture(house: House) -> None:
    link = house.connect()
    house.say(described(1), described(2), state("a/motion/state", "ON"))
    assert link.topics()[1:] == ["a/motion/state", "p/1", "p/1/meta", "p/2", "p/2/meta"]


def test_a_picture_that_is_not_sent_is_not_described_either(house: House) -> None:
    link = house.connect(Accepted(1000, 20))
    house.say(described(1, 1000))
    link.broken = True
    house.say(described(2))
    assert link.topics()[1:] == []


def test_a_picture_waits_until_there_is_room_for_its_description(house: House) -> None:
    link = house.connect(Accepted(None, 1))
    house.say(state("a/motion/state", "ON"), described(1))
    assert link.topics()[1:] == ["a/motion/state"]
    house.sender.sent(2, None)
    house.sender.send()
    assert link.topics()[2:] == ["p/1", "p/1/meta"]


def test_pictures_go_one_after_the_other(house: House) -> None:
    link = house.connect()
    house.say(*(picture(number) for number in range(PICTURES + 2)))
    assert len(link.sent) == 1 + PICTURES
    house.sender.sent(2, None)
    house.sender.send()
    assert len(link.sent) == 2 + PICTURES


def test_a_message_above_the_brokers_limit_is_skipped_and_counted(house: House) -> None:
    link = house.connect(Accepted(1000, 20))
    house.say(picture(1, 1000), picture(2, 500))
    assert link.topics()[1:] == ["p/2"]
    assert house.sender.oversize == 1


def test_a_size_that_cost_a_connection_is_not_tried_again(house: House) -> None:
    house.connect()
    house.say(picture(1, 5000))
    house.sender.disconnected(too_large=True)
    link = house.connect()
    house.say(picture(1, 5000), picture(2, 4000))
    assert link.topics()[1:] == ["p/2"]
    assert house.sender.oversize == 1


def test_a_record_that_the_broker_refuses_waits_and_holds_nobody_up(house: House) -> None:
    link = house.connect()
    house.say(record(1), record(2))
    house.sender.sent(2, "Not authorized")
    house.sender.sent(3, None)
    house.say(record(3))
    assert link.seqs() == [1, 2, 3]
    assert house.sender.refused == 1
    assert [entry.seq for entry in house.journal.waiting(9)] == [1, 3]


def test_an_answer_survives_a_connection_that_ends_under_it(house: House) -> None:
    link = house.connect()
    link.broken = True
    house.say(Publish("a/response/x", b"1"), Publish("a/response/x", b"2"))
    house.sender.disconnected()
    again = house.connect()
    house.sender.send()
    assert sorted(m.payload for m in again.sent if m.topic == "a/response/x") == [b"1", b"2"]


def test_a_query_is_answered_everywhere_it_wants(house: House) -> None:
    house.say(*records(1, 9))
    link = house.connect()
    house.say(EventsQuery("door", 6, ("a/response/events", "my/reply"), 5, b"c"))
    answers = link.sent[-2:]
    assert [answer.topic for answer in answers] == ["a/response/events", "my/reply"]
    assert answers[1].correlation == b"c"
    content = json.loads(answers[0].payload)
    assert (content["ok"], content["command"], content["transaction"]) == (True, "events", 5)
    assert [event["seq"] for event in content["data"]["events"]] == [7, 8, 9]
    assert content["data"]["more"] is False


def test_a_long_answer_is_cut_and_says_so(house: House) -> None:
    house.say(*(record(seq, pad=EVENTS_BYTES // 4) for seq in range(1, 8)))
    link = house.connect()
    house.say(EventsQuery("door", 0, ("a/response/events",), None, None))
    data = json.loads(link.sent[-1].payload)["data"]
    assert [event["seq"] for event in data["events"]] == [1, 2, 3]
    assert data["more"] is True


def test_what_just_happened_goes_before_the_states_that_describe_it(house: House) -> None:
    link = house.connect()
    house.say(state("a/attributes", "{}"), record(1))
    assert link.topics()[1:] == ["a/event", "a/attributes"]


def test_a_backlog_lets_the_states_go_first(house: House) -> None:
    house.say(*records(1, 50))
    link = house.connect(online=False)
    house.say(ONLINE, state("a/motion", "ON"))
    assert link.topics()[:3] == [ONLINE.topic, "a/motion", "a/event"]
