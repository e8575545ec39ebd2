from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.mqtt.connection_news import Accepted, BrokerAge, HomeSaid
from agent.mqtt.ha_presence import BOOT, FIRST_RETRY, SETTLE
from agent.mqtt.journal import Journal
from agent.mqtt.late_records import EVENTS_BYTES
from agent.mqtt.live_gate import LiveGate
from agent.mqtt.outbox import Outbox
from agent.mqtt.packet_limits import ROOM
from agent.mqtt.sender import (
    CLEAR_AFTER,
    ONLINE_WAIT,
    PICTURES,
    REFUSED_AGAIN,
    REFUSED_SELDOM,
    WINDOW,
    Sender,
)
from schemas.messages import DigestQuery, EventsQuery, Publish, Record, state
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

    devices: str | None = None

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.outbox = Outbox()
        self.journal = Journal(folder / "journal.db", self.clock)
        self.sender = Sender(self.outbox, self.journal, self.clock, ONLINE.topic, self.devices)

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


@pytest.mark.parametrize(("passed", "step", "is_late"), [(60.0, 0, True), (1.0, 3600, False)])
def test_a_record_of_an_earlier_process_is_judged_by_the_time_that_passed(
    tmp_path: Path, passed: float, step: float, *, is_late: bool
) -> None:
    before = House(tmp_path)
    before.say(record(1))
    before.journal.close()
    after = House(tmp_path, before.clock)
    after.clock.advance(passed)
    after.clock.step_utc(step)
    assert late(after.connect()) == [is_late]
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


def test_pictures_that_ask_who_sees_them_are_as_few_as_others(house: House) -> None:
    live = LiveGate(house.clock)
    house.sender = Sender(house.outbox, house.journal, house.clock, ONLINE.topic, live=live)
    link = house.connect()
    for number in range(PICTURES + 2):
        live.takes(f"p/{number}")
        live.acknowledged(f"p/{number}/meta", f"p/{number}", heard=False)
    house.say(*(described(number) for number in range(PICTURES + 2)))
    assert link.topics()[1:] == [f"p/{n}{it}" for n in range(PICTURES) for it in ("", "/meta")]
    assert {message.qos for message in link.sent[1:]} == {1}
    house.sender.sent(2, None, heard=False)
    house.sender.send()
    assert link.topics()[-2:] == [f"p/{PICTURES}", f"p/{PICTURES}/meta"]


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
    house.sender.sent(4, None)
    house.clock.advance(REFUSED_AGAIN)
    house.sender.send()
    assert link.seqs() == [1, 2, 3, 1]


def test_what_is_refused_for_long_is_sent_again_more_and_more_seldom(house: House) -> None:
    link = house.connect()
    house.say(record(1))
    house.sender.sent(2, "Not authorized")
    for seconds in (REFUSED_AGAIN, 60.0, 120.0, 240.0, 480.0, REFUSED_SELDOM, REFUSED_SELDOM):
        before = len(link.seqs())
        house.clock.advance(seconds - 1.0)
        house.sender.send()
        assert len(link.seqs()) == before
        house.clock.advance(1.0)
        house.sender.send()
        assert len(link.seqs()) == before + 1
        house.sender.sent(len(link.sent), "Not authorized")
    house.clock.advance(REFUSED_SELDOM)
    house.sender.send()
    house.sender.sent(len(link.sent), None)  # the rights are there now
    house.say(record(2))
    house.sender.sent(len(link.sent), "Quota exceeded")
    house.clock.advance(REFUSED_AGAIN)
    house.sender.send()
    assert link.seqs()[-2:] == [2, 2]


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


def test_a_digest_is_answered_from_the_journal(house: House) -> None:
    house.say(*records(1, 9))
    link = house.connect()
    house.say(DigestQuery(("door", "yard"), 24.0, ("a/response/digest",), "t", b"c"))
    content = json.loads(link.sent[-1].payload)
    assert (content["ok"], content["command"], content["transaction"]) == (True, "digest", "t")
    assert content["data"]["hours"] == 24.0
    assert content["data"]["more"] is False


def test_a_long_answer_is_cut_and_says_so(house: House) -> None:
    house.say(*(record(seq, pad=EVENTS_BYTES // 4) for seq in range(1, 8)))
    link = house.connect()
    house.say(EventsQuery("door", 0, ("a/response/events",), None, None))
    data = json.loads(link.sent[-1].payload)["data"]
    assert [event["seq"] for event in data["events"]] == [1, 2, 3]
    assert data["more"] is True


def test_an_answer_fits_into_what_the_broker_takes(house: House) -> None:
    house.say(*(record(seq, pad=900) for seq in range(1, 8)))
    limit = 4_096
    link = house.connect(Accepted(limit, 20))
    house.say(EventsQuery("door", 0, ("a/response/events",), "t" * 200, b"c" * 200))
    answer = link.sent[-1]
    assert len(answer.payload) + len(answer.topic) < limit
    data = json.loads(answer.payload)["data"]
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


# ------------------------------------------------------------------ Home Assistant's own topic

DEVICE = state("homeassistant/device/a__door/config", "{}")
LONG_UP = BrokerAge(99_999)


def offered(seq: int) -> Record:
    return replace(record(seq), offer="a/home")


def home_seqs(link: FakeLink) -> list[int]:
    return [json.loads(m.payload)["seq"] for m in link.sent if m.topic == "a/home"]


class HomeHouse(House):
    """A house whose events Home Assistant gets, too."""

    devices = "homeassistant/device/"

    def acknowledge(self, link: FakeLink, *, heard: bool = True) -> None:
        for mid, message in enumerate(link.sent, 1):
            self.sender.sent(mid, None, heard=heard or message.topic != "a/home")
        self.sender.send()

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sender.send()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HomeHouse]:
    home = HomeHouse(tmp_path)
    yield home
    home.journal.close()


def test_an_event_goes_to_both_at_once_where_home_assistant_is_there(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(offered(1))
    assert (link.seqs(), home_seqs(link)) == ([1], [1])
    home.acknowledge(link)
    assert (home.journal.waiting_count, len(home.journal.offers)) == (0, 0)
    assert home.sender.idle


def test_while_home_assistant_is_away_other_readers_wait_for_nothing(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.sender.home(HomeSaid(online=False, retained=False))
    home.say(*(offered(seq) for seq in range(1, 4)))
    home.after(86_400)
    home.acknowledge(link)
    assert (link.seqs(), home_seqs(link)) == ([1, 2, 3], [])
    assert (home.journal.waiting_count, len(home.journal.offers)) == (0, 3)


def test_after_its_birth_home_assistant_gets_each_once_and_in_order(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(HomeSaid(online=False, retained=False))
    home.say(*(offered(seq) for seq in range(1, 4)))
    home.sender.home(HomeSaid(online=True, retained=False))
    home.say(DEVICE, ONLINE)  # our answer to the birth
    home.say(offered(4))
    assert home_seqs(link) == []
    home.after(SETTLE)
    home.acknowledge(link)
    assert home_seqs(link) == [1, 2, 3, 4]
    assert link.seqs() == [1, 2, 3, 4]


def test_what_home_assistant_had_does_not_come_again_with_the_next_connection(
    home: HomeHouse,
) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(offered(1))
    home.acknowledge(link)
    home.say(offered(2))  # in flight as the connection ends
    home.sender.disconnected()
    home.say(offered(3))
    again = home.connect()
    home.sender.home(LONG_UP)
    home.sender.send()
    assert home_seqs(again) == [2, 3]


def test_a_broker_that_has_just_begun_does_not_have_home_assistant_yet(home: HomeHouse) -> None:
    home.say(offered(1))
    link = home.connect()
    home.sender.home(BrokerAge(2))
    home.after(60)
    assert (link.seqs(), home_seqs(link)) == ([1], [])
    home.sender.home(HomeSaid(online=True, retained=False))
    home.say(ONLINE)
    home.after(SETTLE)
    assert home_seqs(link) == [1]
    assert late_of(link, "a/home") == [True]


def late_of(link: FakeLink, topic: str) -> list[bool]:
    return [json.loads(m.payload)["late"] for m in link.sent if m.topic == topic]


def test_a_new_device_gets_its_events_a_moment_later(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(DEVICE, offered(1))
    assert (link.seqs(), home_seqs(link)) == ([1], [])
    home.after(SETTLE)
    assert home_seqs(link) == [1]
    home.say(DEVICE, offered(2))  # the same once more is no news
    assert home_seqs(link) == [1, 2]


def test_what_nobody_subscribes_to_is_offered_again(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(offered(1), offered(2))
    home.acknowledge(link, heard=False)
    home.say(offered(3))
    assert home_seqs(link) == [1, 2]
    assert home.sender.patience == FIRST_RETRY
    home.after(FIRST_RETRY)
    assert home_seqs(link) == [1, 2, 1, 2, 3]
    home.acknowledge(link)
    assert len(home.journal.offers) == 0


def test_a_retry_that_is_due_is_not_put_off_by_what_nobody_hears(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(offered(1))
    home.acknowledge(link, heard=False)
    home.after(FIRST_RETRY - 1)
    home.say(replace(record(2), offer="a/disabled"))
    home.clock.advance(1.0)
    home.sender.sent(len(link.sent), None, heard=False)
    home.sender.send()
    assert home_seqs(link) == [1, 1]


def test_an_entity_that_its_user_disabled_holds_up_no_other(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(replace(record(1), offer="a/disabled"), offered(2))
    for mid, message in enumerate(link.sent, 1):
        home.sender.sent(mid, None, heard=message.topic != "a/disabled")
    home.say(offered(3))
    assert home_seqs(link) == [2, 3]
    home.acknowledge(link)
    home.after(FIRST_RETRY)
    assert home_seqs(link) == [2, 3]
    assert link.topics().count("a/disabled") == 2


def test_the_birth_ends_the_wait_for_a_topic_that_nobody_heard(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(LONG_UP)
    home.say(offered(1))
    home.acknowledge(link, heard=False)
    home.sender.home(HomeSaid(online=True, retained=False))
    home.say(ONLINE)
    home.after(SETTLE)
    assert home_seqs(link) == [1, 1]


def test_that_home_assistant_was_away_is_remembered(tmp_path: Path) -> None:
    before = HomeHouse(tmp_path)
    before.connect()
    before.sender.home(HomeSaid(online=False, retained=False))
    before.journal.close()
    after = HomeHouse(tmp_path)
    link = after.connect()
    after.sender.home(LONG_UP)
    after.say(offered(1))
    assert home_seqs(link) == []
    after.journal.close()


@pytest.mark.parametrize("was_there", [True, False], ids=["it was there", "it was not"])
def test_what_is_offered_while_nobody_knows_is_offered_again_at_the_birth_unless_it_was_heard(
    home: HomeHouse, *, was_there: bool
) -> None:
    link = home.connect()
    home.sender.home(BrokerAge(100))
    home.say(offered(1))
    home.after(SETTLE)
    assert home_seqs(link) == [1]
    home.acknowledge(link)  # by somebody who listens to everything
    assert len(home.journal.offers) == 0, "a killed agent would offer it twice"
    home.say(offered(2))
    home.acknowledge(link)
    if was_there:
        home.sender.home(HomeSaid(online=False, retained=False))
        home.after(1.0)
    home.sender.home(HomeSaid(online=True, retained=False))
    home.after(60.0)
    assert home_seqs(link) == ([1, 2] if was_there else [1, 2, 1, 2])
    home.acknowledge(link)
    assert len(home.journal.offers) == 0


def test_doubt_ends_with_the_time_in_which_a_birth_can_come(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(BrokerAge(100))
    home.say(offered(1))
    home.after(SETTLE)
    home.acknowledge(link)
    home.after(BOOT)
    assert len(home.journal.offers) == 0
    home.say(offered(2))
    home.acknowledge(link)
    assert (home_seqs(link), len(home.journal.offers)) == ([1, 2], 0)


def test_a_device_of_which_nobody_hears_waits_for_the_birth(home: HomeHouse) -> None:
    link = home.connect()
    home.sender.home(BrokerAge(100))
    home.say(DEVICE, offered(1))
    home.sender.sent(link.sent.index(DEVICE) + 1, None, heard=False)
    home.after(SETTLE)
    assert home_seqs(link) == []
    home.sender.home(HomeSaid(online=True, retained=False))
    home.after(60.0)
    assert home_seqs(link) == [1]


def test_without_discovery_nothing_is_offered(house: House) -> None:
    link = house.connect()
    house.sender.home(LONG_UP)
    house.say(offered(1))
    house.clock.advance(3600)
    house.sender.send()
    assert (link.seqs(), home_seqs(link)) == ([1], [])
    assert len(house.journal.offers) == 0


# ------------------------------------------------------------------ what the broker is to forget

GONE = state("a/shed/health", b"")


def test_what_is_to_be_cleared_waits_for_a_connection_and_goes_first(house: House) -> None:
    house.say(GONE)
    link = house.connect(online=False)
    house.say(state("a/health", "{}"))
    assert link.sent == [GONE, state("a/health", "{}")]
    house.sender.disconnected()  # before it was acknowledged
    assert house.connect(online=False).topics() == []
    house.sender.send()
    house.sender.disconnected()
    link = house.connect(online=False)
    house.sender.send()
    assert link.sent == [GONE]
    house.sender.sent(1, None)
    house.sender.disconnected()
    link = house.connect(online=False)
    house.sender.send()
    assert link.sent == []


def test_it_is_remembered_over_a_restart_until_the_broker_has_forgotten(tmp_path: Path) -> None:
    before = House(tmp_path)
    before.say(GONE)
    before.journal.close()
    after = House(tmp_path)
    link = after.connect(online=False)
    after.sender.send()
    assert link.sent == [GONE]
    after.sender.sent(1, None)
    after.journal.close()
    again = House(tmp_path)
    assert again.journal.retained.gone == []
    again.journal.close()


def test_what_the_broker_refuses_to_forget_is_asked_for_again(house: House) -> None:
    house.say(GONE)
    house.connect(online=False)
    house.sender.send()
    house.sender.sent(1, "Not authorized")
    assert house.journal.retained.gone == [GONE.topic]


def test_a_topic_that_is_said_again_is_not_cleared_any_more(house: House) -> None:
    house.say(GONE)
    link = house.connect(online=False)
    house.sender.send()
    house.say(state(GONE.topic, "{}"))
    house.sender.sent(1, None)
    house.sender.sent(2, None)
    house.sender.disconnected()
    again = house.connect(online=False)
    house.sender.send()
    assert link.sent == [GONE, state(GONE.topic, "{}")]
    assert again.sent == []


def test_discovery_that_is_said_again_is_not_cleared_any_more(home: HomeHouse) -> None:
    home.say(state(DEVICE.topic, b""))
    link = home.connect(online=False)
    home.sender.send()
    home.say(DEVICE)
    assert link.sent == [state(DEVICE.topic, b""), DEVICE]
    assert home.journal.retained.gone == []


def test_what_is_cleared_at_once_does_not_wait_for_home_assistant(home: HomeHouse) -> None:
    link = home.connect()
    home.say(state("a/shed/live/meta", "{}"))
    home.acknowledge(link)
    home.say(replace(state("a/shed/live/meta", b""), at_once=True))
    assert link.topics()[-1] == "a/shed/live/meta"
    assert link.sent[-1].payload == b""


def test_what_is_cleared_at_once_waits_for_nobody_after_a_restart_either(tmp_path: Path) -> None:
    before = HomeHouse(tmp_path)
    before.say(state("a/shed/live/meta", "{}"), state("a/shed/health", "{}"))
    before.acknowledge(before.connect())
    before.sender.disconnected()
    before.say(replace(state("a/shed/live/meta", b""), at_once=True), state("a/shed/health", b""))
    before.journal.close()
    after = HomeHouse(tmp_path)
    for _ in range(2):  # and after a reconnect
        link = after.connect(online=False)
        after.sender.send()
        assert link.topics() == ["a/shed/live/meta"]
        after.sender.disconnected()
    link = after.connect(online=False)
    after.after(CLEAR_AFTER)
    assert sorted(link.topics()) == ["a/shed/health", "a/shed/live/meta"]
    after.journal.close()


def test_a_picture_to_be_cleared_is_cleared_though_the_next_one_is_lost(house: House) -> None:
    link = house.connect()
    house.say(picture(1))
    house.outbox.put(replace(picture(1), payload=b"", qos=1, at_once=True))
    house.outbox.put(picture(1))
    house.sender.disconnected(lost=True)  # before anything of it was sent
    house.sender.journal_records()
    link = house.connect(online=False)
    house.sender.send()
    assert [(message.topic, message.payload) for message in link.sent] == [("p/1", b"")]


def test_what_is_cleared_and_said_anew_at_once_stays(house: House) -> None:
    link = house.connect()
    house.outbox.put(replace(picture(1), payload=b"", qos=1, at_once=True))
    house.outbox.put(picture(1))
    house.sender.send()
    house.sender.journal_records()
    house.sender.send()
    assert link.sent[-1] == picture(1)
    assert house.journal.retained.gone == []


def test_a_topic_that_is_to_be_cleared_again_and_again_is_cleared_once(house: House) -> None:
    link = house.connect(Accepted(None, 3))
    house.say(*(state(f"a/{number}", "{}") for number in range(3)))  # the window is full
    for _ in range(5):
        house.say(GONE)
    for mid in (2, 3, 4):
        house.sender.sent(mid, None)
    house.sender.send()
    assert link.sent[4:] == [GONE]


def test_a_state_is_cleared_once_home_assistant_has_taken_its_entity_away(home: HomeHouse) -> None:
    link = home.connect()
    home.say(state("a/shed/health", "{}"))
    home.acknowledge(link)
    home.say(GONE, state(DEVICE.topic, b""), state("a/shed/armed/set", b""))
    assert {DEVICE.topic, "a/shed/armed/set"} <= set(link.topics())
    assert GONE not in link.sent
    home.after(CLEAR_AFTER)
    assert GONE in link.sent
    home.sender.disconnected()
    again = home.connect()
    home.after(CLEAR_AFTER / 2)
    assert GONE not in again.sent, "discovery is said again, too"
    home.after(CLEAR_AFTER / 2)
    assert GONE in again.sent


# ------------------------------------------------------------------ a limit that nobody tells


def test_what_is_left_out_is_named_until_it_fits_again(house: House) -> None:
    house.connect()
    house.say(picture(1, 90_000))
    suspect = house.sender.disconnected(lost=True)
    assert suspect is not None
    assert suspect.topic == "p/1"
    link = house.connect()
    house.say(picture(1, 90_000), picture(2, 30_000))
    assert link.topics()[1:] == ["p/2"]
    assert list(house.sender.withheld) == ["p/1"]
    assert (house.sender.oversize, house.sender.picture_limit) == (1, (90_067 // 2) - ROOM)
    house.say(picture(1, 20_000))
    assert link.topics()[1:] == ["p/2", "p/1"]
    assert house.sender.withheld == {}


def test_a_connection_lost_for_want_of_a_broker_leaves_pictures_as_they_are(house: House) -> None:
    house.connect()
    house.say(picture(1, 90_000))
    house.sender.disconnected(lost=True)
    house.sender.unreachable()
    link = house.connect()
    house.say(picture(1, 90_000))
    assert link.topics()[1:] == ["p/1"]


def test_a_device_that_is_too_large_is_said_without_what_can_be_spared(home: HomeHouse) -> None:
    entity = {"p": "sensor", "uniq_id": "u" * 300}
    components = {f"k{number}": {**entity, "ent_cat": "diagnostic"} for number in range(9)}
    content = {"dev": {}, "o": {}, "cmps": {"motion": entity, **components}}
    link = home.connect(Accepted(2000, 20))
    home.say(state(DEVICE.topic, json.dumps(content)))
    said = json.loads(link.sent[-1].payload)["cmps"]
    assert "motion" in said
    assert 1 < len(said) < 10
    assert list(home.sender.withheld) == [DEVICE.topic]
    assert home.sender.oversize == 0
