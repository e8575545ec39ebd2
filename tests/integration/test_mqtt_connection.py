"""Connecting, losing, coming back, leaving: the mqtt room against a real Mosquitto."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.core.messages import BrokerDown, BrokerUp, Received
from agent.mqtt.router import parse
from schemas.messages import EventsQuery, Publish, state
from tests.support.agent_mqtt import CAMERA, TOPICS, Ear, RunningMqtt, options, record
from tests.support.broker import Broker, free_port
from tests.support.faulty_link import FaultyLink
from tests.support.waiting import wait_until


def test_what_is_true_goes_out_after_the_connection_is_said_to_be_up(
    broker: Broker, tmp_path: Path
) -> None:
    with Ear(broker.port) as ear, RunningMqtt(options(broker.port), tmp_path) as agent:
        up = agent.wait_for(BrokerUp)
        agent.put(state(CAMERA.motion, "OFF"), state(TOPICS.availability, "online"))
        ear.wait_for(TOPICS.availability)
        assert up.protocol == "5"
        assert [heard.topic for heard in ear.heard] == [CAMERA.motion, TOPICS.availability]
        assert agent.mqtt.stats.connected


def test_leaving_says_offline_and_sends_no_will(broker: Broker, tmp_path: Path) -> None:
    with Ear(broker.port) as ear:
        with RunningMqtt(options(broker.port), tmp_path) as agent:
            agent.wait_for(BrokerUp)
            agent.put(state(TOPICS.availability, "online"), record(1), state(CAMERA.motion, "OFF"))
            ear.wait_for(CAMERA.event_motion)
            agent.put(record(2))  # said at the last moment
        ear.wait_for(TOPICS.availability, 2)
        assert ear.payloads(TOPICS.availability) == [b"online", b"offline"]
        assert ear.seqs(CAMERA.event_motion) == [1, 2]
    with Ear(broker.port) as later:
        assert later.wait_for(TOPICS.availability).retain


def test_a_killed_broker_is_found_again_and_hears_the_truth_anew(
    broker: Broker, tmp_path: Path
) -> None:
    with RunningMqtt(options(broker.port), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        broker.kill()
        assert agent.wait_for(BrokerDown).code == "lost"
        agent.put(state(CAMERA.motion, "ON"))  # never said: nobody was there
        agent.put(record(1))
        time.sleep(2)  # the time a restart takes: the backoff must have grown
        broker.start()
        up = agent.wait_for(BrokerUp, 2)
        assert up.reconnects == 1
        with Ear(broker.port) as ear:
            agent.put(state(TOPICS.availability, "online"))
            ear.wait_for(CAMERA.event_motion)
            assert not ear.of(CAMERA.motion)


def test_being_down_is_told_once_however_often_it_is_tried(tmp_path: Path) -> None:
    with RunningMqtt(options(free_port()), tmp_path) as agent:
        down = agent.wait_for(BrokerDown)
        time.sleep(1.5)
        assert agent.all_told(BrokerDown) == [down]
        assert down.code == "unreachable"
        assert "mqtt.port" in down.reason


def test_a_half_open_connection_is_noticed_within_the_keepalive(
    broker: Broker, tmp_path: Path
) -> None:
    with (
        FaultyLink(broker.port) as link,
        RunningMqtt(options(link.port, keepalive=2), tmp_path) as agent,
        Ear(broker.port) as ear,
    ):
        agent.wait_for(BrokerUp)
        link.stalled = True
        agent.put(record(1))
        assert agent.wait_for(BrokerDown).code == "lost"
        link.cut()
        link.stalled = False
        agent.wait_for(BrokerUp, 2)
        agent.put(state(TOPICS.availability, "online"))
        ear.wait_for(CAMERA.event_motion)


def test_records_of_a_cut_connection_are_sent_again_in_order(
    broker: Broker, tmp_path: Path
) -> None:
    with FaultyLink(broker.port) as link, Ear(broker.port) as ear:
        with RunningMqtt(options(link.port), tmp_path) as agent:
            agent.wait_for(BrokerUp)
            agent.put(state(TOPICS.availability, "online"))
            for seq in range(1, 201):
                agent.put(record(seq))
                if seq in {50, 120}:
                    link.cut()
            wait_until("all seqs", lambda: set(ear.seqs(CAMERA.event_motion)) == set(range(1, 201)))
            wait_until("all acknowledged", lambda: agent.mqtt.stats.journal_waiting == 0)
        seqs = ear.seqs(CAMERA.event_motion)
        assert list(dict.fromkeys(seqs)) == list(range(1, 201))
        assert len(seqs) - 200 <= 2 * 20  # at most one window again per cut


def open_now() -> int:
    """Descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_lost_connections_and_refused_ones_leave_no_descriptor_open(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect()
    monkeypatch.setattr("agent.mqtt.attempts.FIRST_DELAY", 0.05)
    with FaultyLink(broker.port) as link, RunningMqtt(options(link.port), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        before = open_now()
        gc.disable()  # it would close them in the end, after how long nobody knows
        try:
            link.refusing = True
            link.cut()
            asked = link.accepted
            wait_until("some attempts were refused", lambda: link.accepted >= asked + 3)
            link.refusing = False
            agent.wait_for(BrokerUp, 2)
            # the link opens and closes one all the time, and an attempt may not be over yet
            wait_until("none is left", lambda: open_now() <= before)
        finally:
            gc.enable()


def test_a_broker_that_closes_at_once_is_no_reason_to_panic(broker: Broker, tmp_path: Path) -> None:
    with FaultyLink(broker.port) as link:
        link.refusing = True
        with RunningMqtt(options(link.port, protocol="5"), tmp_path) as agent:
            agent.wait_for(BrokerDown)
            wait_until("three attempts", lambda: link.accepted >= 3)
            link.refusing = False
            assert agent.wait_for(BrokerUp).protocol == "5"


def test_a_broker_that_never_answers_is_given_up_and_tried_again(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mqtt.client.ANSWER_WITHIN", 0.5)
    with FaultyLink(broker.port) as link:
        link.stalled = True
        with RunningMqtt(options(link.port), tmp_path) as agent:
            down = agent.wait_for(BrokerDown)
            assert down.code == "unreachable"
            assert "connecting" in down.reason
            link.stalled = False
            agent.wait_for(BrokerUp)


def test_a_broker_that_answers_slowly_is_given_more_time_with_each_attempt(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mqtt.client.ANSWER_WITHIN", 0.25)
    with FaultyLink(broker.port) as link:
        link.rate = 100  # bytes a second: our greeting alone takes longer
        with RunningMqtt(options(link.port, protocol="5"), tmp_path) as agent:
            assert agent.wait_for(BrokerDown).code == "unreachable"
            agent.wait_for(BrokerUp)


def test_another_client_with_our_id_is_named(broker: Broker, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with RunningMqtt(options(broker.port), tmp_path) as first:
        first.wait_for(BrokerUp)
        with RunningMqtt(options(broker.port), other) as second:
            second.wait_for(BrokerUp)

            def taken_over() -> list[BrokerDown]:
                down = first.all_told(BrokerDown) + second.all_told(BrokerDown)
                return [message for message in down if message.code == "taken_over"]

            found = wait_until("one of them says it", taken_over)
            assert "mqtt.client_id" in found[0].reason


#: An agent that records as fast as it can until it is killed.
CHILD = """
import sys
from pathlib import Path
from agent.core.messages import BrokerUp
from schemas.messages import state
from tests.support.agent_mqtt import TOPICS, RunningMqtt, options, record
from tests.support.waiting import wait_until
with RunningMqtt(options(int(sys.argv[1])), Path(sys.argv[2])) as agent:
    agent.wait_for(BrokerUp)
    agent.put(state(TOPICS.availability, "online"))
    seq = agent.journal.last_seq("front_door", "motion")
    while True:
        agent.put(*(record(seq + number) for number in range(1, 101)))
        seq += 100
        wait_until("taken", lambda: agent.outbox.empty)
"""


def publishing_child(port: int, folder: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    arguments = [sys.executable, "-c", CHILD, str(port), str(folder)]
    return subprocess.Popen(arguments, env=environment, cwd=root)


def test_a_killed_agent_is_offline_and_its_journal_goes_on_where_it_was(
    broker: Broker, tmp_path: Path
) -> None:
    with Ear(broker.port) as ear:
        for count in (300, 1000, 1700):
            child = publishing_child(broker.port, tmp_path)
            try:
                ear.wait_for(CAMERA.event_motion, count)
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait()
            wait_until("will", lambda: ear.payloads(TOPICS.availability)[-1:] == [b"offline"])
        with RunningMqtt(options(broker.port), tmp_path) as agent:
            last = agent.journal.last_seq("front_door", "motion")
            agent.wait_for(BrokerUp)
            agent.put(state(TOPICS.availability, "online"))
            wait_until("nothing waits", lambda: agent.mqtt.stats.journal_waiting == 0)
        assert last >= 1500
        assert list(dict.fromkeys(ear.seqs(CAMERA.event_motion))) == list(range(1, last + 1))


def test_an_old_retained_command_does_not_even_arrive_with_mqtt_5(
    broker: Broker, tmp_path: Path
) -> None:
    with Ear(broker.port) as ear:
        ear.say(CAMERA.setting_set("armed"), "OFF", retain=True)
        with RunningMqtt(options(broker.port), tmp_path) as agent:
            agent.wait_for(BrokerUp)
            ear.say(CAMERA.setting_set("armed"), "ON", retain=True)
            received = agent.wait_for(Received)
            assert (received.payload, received.retain, received.live) == (b"ON", True, True)
            parsed = parse(received, TOPICS, ["front_door"])
            assert getattr(parsed, "clear_retained", None) == CAMERA.setting_set("armed")


def test_an_old_retained_command_is_marked_as_such_with_mqtt_311(
    broker: Broker, tmp_path: Path
) -> None:
    with Ear(broker.port) as ear:
        ear.say(CAMERA.setting_set("armed"), "OFF", retain=True)
        with RunningMqtt(options(broker.port, protocol="3.1.1"), tmp_path) as agent:
            assert agent.wait_for(BrokerUp).protocol == "3.1.1"
            received = agent.wait_for(Received)
            assert (received.payload, received.retain, received.live) == (b"OFF", True, False)
            ear.say(CAMERA.setting_set("armed"), "ON", retain=True)
            assert agent.wait_for(Received, 2).retain
            ear.say(CAMERA.setting_set("armed"), "OFF")
            assert not agent.wait_for(Received, 3).retain


def test_a_request_says_where_it_wants_its_answer(broker: Broker, tmp_path: Path) -> None:
    with Ear(broker.port) as ear, RunningMqtt(options(broker.port), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        ear.say(TOPICS.request("status"), "{}", ResponseTopic="my/reply", CorrelationData=b"7")
        received = agent.wait_for(Received)
        assert (received.response_topic, received.correlation) == ("my/reply", b"7")
        agent.put(Publish("my/reply", b"{}", correlation=b"7"))
        assert ear.wait_for("my/reply").properties.CorrelationData == b"7"


def test_what_the_agent_says_to_itself_comes_back_and_no_command_of_its_own_does(
    broker: Broker, tmp_path: Path
) -> None:
    topic = TOPICS.self_test_echo
    with RunningMqtt(options(broker.port, echo=topic), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        agent.put(Publish(TOPICS.request("status"), b"{}"), Publish(topic, b"hello", expiry=60))
        came = agent.wait_for(Received)
        assert (came.topic, came.payload, came.retain) == (topic, b"hello", False)
        agent.put(Publish(topic, b"bye"))
        assert agent.wait_for(Received, 2).payload == b"bye"


def test_home_assistants_birth_arrives(broker: Broker, tmp_path: Path) -> None:
    wanted = options(broker.port, status_topic="homeassistant/status")
    with Ear(broker.port) as ear, RunningMqtt(wanted, tmp_path) as agent:
        agent.wait_for(BrokerUp)
        ear.say("homeassistant/status", "online")
        assert agent.wait_for(Received).topic == "homeassistant/status"


def test_a_flood_of_commands_is_counted_not_queued(broker: Broker, tmp_path: Path) -> None:
    with (
        Ear(broker.port) as ear,
        RunningMqtt(options(broker.port), tmp_path, inbox=10) as agent,
    ):
        agent.wait_for(BrokerUp)
        for _ in range(100):
            ear.say(TOPICS.beep_play, "PRESS")
        wait_until("all came", lambda: agent.inbox.depth + agent.mqtt.stats.dropped == 100)
        assert agent.inbox.depth == 10
        assert agent.mqtt.stats.connected


def test_pictures_are_not_kept_for_later(broker: Broker, tmp_path: Path) -> None:
    picture = Publish(CAMERA.snapshot, b"\xff\xd8 old \xff\xd9", 0, retain=True)
    agent = RunningMqtt(options(broker.port), tmp_path)
    agent.put(picture)  # before it connects
    with Ear(broker.port) as ear, agent:
        agent.wait_for(BrokerUp)
        shown = Publish(CAMERA.snapshot, b"\xff\xd8 new \xff\xd9", 0, True, "image/jpeg", expiry=60)
        agent.put(shown)
        heard = ear.wait_for(CAMERA.snapshot)
        assert ear.payloads(CAMERA.snapshot) == [shown.payload]
        assert heard.properties.ContentType == "image/jpeg"
        assert heard.properties.MessageExpiryInterval <= 60


def test_on_a_slow_line_each_description_comes_right_behind_its_own_picture(
    broker: Broker, tmp_path: Path
) -> None:
    image, meta = CAMERA.motion_image, CAMERA.motion_image_meta
    last = 0

    def next_picture() -> Publish:
        nonlocal last
        last += 1
        content = last.to_bytes(2) * 2500
        return Publish(image, content, 0, retain=True, description=state(meta, str(last)))

    with (
        FaultyLink(broker.port) as line,
        Ear(broker.port) as ear,
        RunningMqtt(options(line.port), tmp_path) as agent,
    ):
        agent.wait_for(BrokerUp)
        line.rate = 50_000
        for turn in range(2):
            for count in range(1, 7):  # three come while one is on its way: the newest goes next
                agent.put(*(next_picture() for _ in range(3)))
                ear.wait_for(meta, 6 * turn + count)
            if turn == 0:
                agent.put(next_picture())
                line.cut()  # in the middle of it
                agent.wait_for(BrokerUp, 2)
        heard = [message for message in ear.heard if message.topic in {image, meta}]
    described = [n for n, message in enumerate(heard) if message.topic == meta]
    for n in described:
        assert heard[n - 1].payload[:2] == int(heard[n].payload).to_bytes(2)
        assert heard[n - 1].topic == image
    assert len(described) < last


def test_a_picture_that_is_too_large_for_the_broker_is_skipped(tmp_path: Path) -> None:
    broker = Broker(tmp_path, ["allow_anonymous true", "max_packet_size 2000"]).start()
    try:
        with Ear(broker.port) as ear, RunningMqtt(options(broker.port), tmp_path) as agent:
            agent.wait_for(BrokerUp)
            agent.put(Publish(CAMERA.snapshot, bytes(3000), 0, retain=True))
            agent.put(record(1), state(TOPICS.availability, "online"))
            ear.wait_for(CAMERA.event_motion)
            assert not ear.of(CAMERA.snapshot)
            assert agent.mqtt.stats.dropped == 1
            assert not agent.all_told(BrokerDown)
    finally:
        broker.kill()


def test_a_limit_that_the_broker_does_not_tell_is_learnt_from_being_cut_off(
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path, ["allow_anonymous true", "max_packet_size 20000"]).start()
    try:
        wanted = options(broker.port, protocol="3.1.1")
        with Ear(broker.port) as ear, RunningMqtt(wanted, tmp_path) as agent:
            for number, size in enumerate((90_000, 44_000), 1):
                agent.wait_for(BrokerUp, number)
                agent.put(Publish(CAMERA.snapshot, bytes(size), 0, retain=True))
                assert agent.wait_for(BrokerDown, number).code == "packet_too_large"
            agent.wait_for(BrokerUp, 3)
            agent.put(Publish(CAMERA.snapshot, bytes(44_000), 0, retain=True))
            agent.put(state(CAMERA.motion, "ON"))
            ear.wait_for(CAMERA.motion)
            wait_until("it is named", lambda: CAMERA.snapshot in dict(agent.mqtt.stats.withheld))
            assert ear.of(CAMERA.snapshot) == []
    finally:
        broker.kill()


def test_a_state_that_costs_the_connection_again_is_left_out(tmp_path: Path) -> None:
    # PUBACK with 0x95, which paho takes for a protocol error
    broker = Broker(tmp_path, ["allow_anonymous true", "message_size_limit 20000"]).start()
    large = state(CAMERA.motion_attributes, bytes(90_000))
    try:
        with Ear(broker.port) as ear, RunningMqtt(options(broker.port), tmp_path) as agent:
            for number, code in enumerate(("lost", "packet_too_large"), 1):
                agent.wait_for(BrokerUp, number)
                agent.put(large)
                assert agent.wait_for(BrokerDown, number).code == code
            agent.wait_for(BrokerUp, 3)
            agent.put(large, state(CAMERA.motion, "ON"))
            ear.wait_for(CAMERA.motion)
            assert [topic for topic, _ in agent.mqtt.stats.withheld] == [large.topic]
    finally:
        broker.kill()


def test_a_missed_stretch_of_events_is_answered_from_the_journal(
    broker: Broker, tmp_path: Path
) -> None:
    with Ear(broker.port) as ear, RunningMqtt(options(broker.port), tmp_path) as agent:
        agent.wait_for(BrokerUp)
        agent.put(state(TOPICS.availability, "online"))
        agent.put(*(record(seq) for seq in range(1, 151)))
        ear.wait_for(CAMERA.event_motion, 150)
        agent.put(EventsQuery("front_door", 20, (TOPICS.response("events"),), "t1", None))
        answer = json.loads(ear.wait_for(TOPICS.response("events")).payload)
        seqs = [event["seq"] for event in answer["data"]["events"]]
        assert seqs == list(range(21, 121))
        assert answer["data"]["more"] is True
        assert answer["transaction"] == "t1"


def test_a_real_broker_says_whether_somebody_sees_the_live_pictures(
    broker: Broker, tmp_path: Path
) -> None:
    image = CAMERA.live_image
    about = state(CAMERA.live_meta, "{}")
    picture = Publish(image, b"picture", 0, retain=True, description=about)

    with RunningMqtt(options(broker.port), tmp_path) as agent:

        def show() -> None:
            wait_until("the next one is taken", lambda: agent.live.takes(image))
            agent.put(picture)

        def asks_again() -> bool:
            show()
            return agent.live.asks(image)

        agent.wait_for(BrokerUp)
        wait_until("nobody hears of them: the next one asks", asks_again)
        with Ear(broker.port, image) as ear:
            wait_until("one that asked was seen", lambda: not asks_again())
            assert ear.of(image)
