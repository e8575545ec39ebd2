"""The engine: the broker, Home Assistant, time, and what health says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.effects import (
    Leave,
    PublishDiscovery,
    SaveSettings,
    Say,
    ToVision,
    WriteHealth,
)
from agent.core.engine import HEALTH_EVERY
from agent.core.messages import (
    AudioState,
    BeepDone,
    BrokerDown,
    BrokerUp,
    CameraCode,
    HaOnline,
    Parsed,
    RecordingFailed,
    RecordingLink,
    RecordingSaved,
    Refused,
    StoreCode,
    StoreState,
)
from agent.core.orders import LimitPictures
from agent.core.problem import by_id
from agent.core.problems import LATELY, agent_problems
from agent.core.state import Gauges, Stopped, Stopping, Tick
from agent.core.state_messages import burial, everything, retained_topics
from agent.core.stats import CameraStats, MqttStats
from schemas.commands import (
    CommandError,
    GetEvents,
    ReplyTo,
    Restart,
    SendDiscovery,
    SetSetting,
)
from schemas.messages import EventsQuery, Publish
from schemas.settings import CameraSettings, StoredSettings, StoredValue
from tests.support.engine_rig import (
    ROOT,
    START,
    YARD,
    Rig,
    camera,
    ended,
    shown,
    started,
)


def test_reconnecting_says_what_is_true_now_with_online_last_and_pictures_after(rig: Rig) -> None:
    rig.live()
    rig.do(started())
    rig.do(BrokerUp(100.0, "5", 0))
    assert isinstance(rig.effects[0], PublishDiscovery)
    topics = [e.topic for e in rig.effects if isinstance(e, Publish)]
    online = topics.index(f"{ROOT}/availability")
    pictures = [n for n, topic in enumerate(topics) if topic.endswith(("/image", "/delta"))]
    assert all(n > online for n in pictures)
    assert all(n < online for n, topic in enumerate(topics) if topic.endswith("/state"))
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    assert all(e.retain for e in rig.effects if isinstance(e, Publish))
    assert rig.records() == []


def test_nothing_that_is_said_again_has_changed(rig: Rig) -> None:
    rig.live()
    rig.do(started())
    rig.do(shown())
    said = []
    for _ in range(2):
        rig.do(BrokerUp(100.0, "5", 0), after=5.0)
        messages = [e for e in rig.effects if isinstance(e, Publish)]
        # health is of now: its time, its figures
        said.append([m for m in messages if not m.topic.endswith("/health")])
    assert said[0] == said[1]
    assert any(message.description for message in said[0])


def test_home_assistants_birth_brings_no_picture_that_it_has_already(rig: Rig) -> None:
    rig.live()
    rig.do(started())
    rig.do(shown())
    rig.do(HaOnline(rig.at))
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.kinds(PublishDiscovery) == [PublishDiscovery(born=True)]
    assert not [e for e in rig.effects if isinstance(e, Publish) and e.description]


def test_an_error_of_the_process_before_is_not_left_standing(rig: Rig) -> None:
    rig.do(BrokerUp(100.0, "5", 0))
    (error,) = rig.published(f"{ROOT}/error")
    assert json.loads(error)["code"] == "ok"


def test_every_setting_is_shown_on_connect(rig: Rig) -> None:
    rig.do(BrokerUp(100.0, "5", 0))
    for name in CameraSettings.model_fields:
        assert len(rig.published(f"{YARD}/{name}/state")) == 1
    assert rig.published(f"{ROOT}/beep_enabled/state") == [b"ON"]


def test_home_assistants_birth_is_answered_after_the_delay_and_once(rig: Rig) -> None:
    rig.do(HaOnline(100.0))
    assert rig.effects == []
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.kinds(PublishDiscovery) == [PublishDiscovery(born=True)]
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.kinds(PublishDiscovery) == []


def test_a_lost_broker_is_an_error_and_no_problem_of_the_camera(rig: Rig) -> None:
    rig.live()
    rig.do(BrokerDown(100.0, "refused", "bad user name or password"))
    assert rig.state.connected is False
    assert any(isinstance(e, Say) and "bad user name" in e.text for e in rig.effects)


def test_a_found_broker_ends_the_error_and_the_problem(rig: Rig) -> None:
    rig.live()
    rig.do(BrokerDown(100.0, "lost", "gone"))
    rig.do(Tick(Gauges()))
    assert "broker_lost" in by_id(rig.state.problems)
    rig.do(BrokerUp(101.0, "5", 1, "host:1883", 3))
    assert json.loads(rig.published(f"{ROOT}/error")[0])["code"] == "ok"
    assert Say("INFO", "broker host:1883: connected, MQTT 5 after 3 failed attempts") in rig.effects
    rig.do(Tick(Gauges()))
    assert rig.state.problems == ()


@pytest.mark.parametrize("code", ["taken_over", "quota", "packet_too_large"])
def test_what_somebody_must_look_into_stays_in_health_for_a_while(rig: Rig, code: str) -> None:
    rig.live()
    rig.do(BrokerDown(100.0, code, "in words"))
    rig.do(BrokerUp(101.0, "5", 1))
    health = json.loads(rig.published(f"{ROOT}/health")[0])
    assert health["mqtt"]["state"] == "connected"
    assert (health["mqtt"]["last_trouble"], health["mqtt"]["last_trouble_reason"]) == (
        code,
        "in words",
    )
    assert health["problems"] == [f"broker_{code}"]
    rig.do(Tick(Gauges()), after=LATELY + 1)
    assert rig.state.problems == ()


def test_records_that_are_not_on_disk_are_a_problem(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges(mqtt=MqttStats(journal_failed=1, journal_failing=True))))
    health = json.loads(rig.published(f"{ROOT}/health")[0])
    assert health["problems"] == ["journal_failing"]
    assert health["mqtt"]["journal_failed"] == 1
    rig.do(Tick(Gauges(mqtt=MqttStats(journal_failed=1))))  # the disk takes them again
    assert json.loads(rig.published(f"{ROOT}/health")[0])["problems"] == []


def test_what_was_counted_last_is_said_at_the_end(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges()))
    rig.do(Stopped(Gauges(cameras={"yard": CameraStats(frames_damaged=3)})), after=0.1)
    assert json.loads(rig.published(f"{YARD}/health")[0])["frames_damaged"] == 3


def test_a_refused_live_command_with_the_retain_flag_is_cleared_too(rig: Rig) -> None:
    error = CommandError(code="out_of_range", message="no")
    topic = f"{YARD}/armed/set"
    rig.do(Refused(error, ReplyTo(noun="armed", camera="yard"), 100.0, "armed", topic))
    assert rig.published(topic) == [b""]


def test_the_recording_stream_is_said_once_for_each_state(rig: Rig) -> None:
    lines = []
    for code in (CameraCode.CONNECTING, CameraCode.UNREACHABLE, CameraCode.UNREACHABLE):
        effects = rig.do(RecordingLink(camera(code)))
        lines += [e.level for e in effects if isinstance(e, Say) and "recording stream" in e.text]
    assert lines == ["INFO", "WARNING"]


def test_a_new_problem_is_a_warning_and_one_that_goes_is_none(rig: Rig) -> None:
    rig.live()
    lines = []
    for silent in (("store",), ("store", "mqtt"), ("mqtt",), ()):
        effects = rig.do(Tick(Gauges(silent=silent)), after=1.0)
        lines += [(e.level, e.text) for e in effects if isinstance(e, Say)]
    assert lines == [
        ("WARNING", "agent: problems: store_silent"),
        ("WARNING", "agent: problems: store_silent, mqtt_silent"),
        ("INFO", "agent: problems: mqtt_silent"),
        ("INFO", "agent: problems: none"),
    ]


@pytest.mark.parametrize(
    ("cause", "level"),
    [
        (AudioState(ok=True, code="ok", reason="", at=1.0), "INFO"),
        (AudioState(ok=False, code="disabled", reason="", at=1.0), "INFO"),
        (AudioState(ok=False, code="failed", reason="", at=1.0), "WARNING"),
        (StoreState(StoreCode.OK, "", 1.0), "INFO"),
        (StoreState(StoreCode.NONE, "", 1.0), "INFO"),
        (StoreState(StoreCode.STARTING, "", 1.0), "INFO"),
        (StoreState(StoreCode.FULL, "", 1.0), "WARNING"),
    ],
)
def test_where_store_and_speaker_stand_is_a_warning_where_somebody_must_look(
    rig: Rig, cause: AudioState | StoreState, level: str
) -> None:
    rig.live()
    rig.do(cause)
    owner = "speaker: " if isinstance(cause, AudioState) else "store: "
    said = [e.level for e in rig.effects if isinstance(e, Say) and e.text.startswith(owner)]
    assert said == [level]
    assert (rig.state.error is not None) is (level == "WARNING")


def test_what_was_done_is_counted_one_by_one(rig: Rig) -> None:
    rig.live()
    for _ in range(2):
        rig.do(started())
        rig.do(ended())
    for event in ("01A", "01B", "01C"):
        rig.do(RecordingSaved("yard", event, START, 9.5, "a", "d", 3.0, 1000, "h264", 95))
    for event in ("01D", "01E"):
        rig.do(RecordingFailed("yard", event, "spool_full", "no room"))
    for _ in range(2):
        rig.do(BeepDone(ok=True, message="", request=None, at=rig.at))
    now = rig.state.cameras["yard"]
    assert (now.events, now.saved, now.failed, rig.state.beeps) == (2, 3, 2, 2)


def test_the_attributes_of_an_event_that_ended_have_its_own_peak(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    rig.do(ended())
    (attributes,) = rig.published(f"{YARD}/motion/attributes")
    told = json.loads(attributes)
    assert (told["score"], told["peak_score"]) == (0.0, 7.9)


def test_the_packets_of_the_last_session_that_failed_stay_named(rig: Rig) -> None:
    rig.do(replace(camera(CameraCode.UNREACHABLE), log="yard/sessions/1.jsonl"))
    rig.do(camera(CameraCode.UNREACHABLE))
    assert rig.state.cameras["yard"].session_log == "yard/sessions/1.jsonl"
    rig.do(replace(camera(CameraCode.UNREACHABLE), log="yard/sessions/2.jsonl"))
    assert rig.state.cameras["yard"].session_log == "yard/sessions/2.jsonl"


def test_a_camera_is_said_once_for_each_state(rig: Rig) -> None:
    lines = []
    for code in (CameraCode.UNREACHABLE, CameraCode.UNREACHABLE, CameraCode.LIVE):
        lines += [e.level for e in rig.do(camera(code)) if isinstance(e, Say) and "why" in e.text]
    assert lines == ["WARNING", "INFO"]


def test_health_says_at_once_where_store_and_speaker_stand(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges()))
    rig.do(StoreState(StoreCode.OK, "", 100.0))
    (health,) = rig.published(f"{ROOT}/health")
    assert json.loads(health)["storage"]["state"] == "ok"
    rig.do(AudioState(ok=True, code="ok", reason="", at=100.0))
    assert rig.published(f"{ROOT}/health")
    rig.do(StoreState(StoreCode.OK, "", 101.0, 500.0, 10.0))
    assert not rig.published(f"{ROOT}/health")  # figures wait for the minute


def test_health_is_said_every_minute_and_no_more(rig: Rig) -> None:
    rig.do(Tick(Gauges()))
    assert rig.kinds(WriteHealth)
    said = 0
    for _ in range(int(HEALTH_EVERY * 3)):
        rig.do(Tick(Gauges()), after=1.0)
        said += len(rig.published(f"{ROOT}/health"))
    assert said == 3


def test_a_silent_worker_is_a_problem(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges(silent=("store",))))
    assert json.loads(rig.published(f"{ROOT}/health")[0])["problems"] == ["store_silent"]


def test_a_stored_switch_that_is_none_falls_back_to_the_configuration() -> None:
    """The settings file is small and old; a start must not fail over it."""
    broken = StoredValue(value=7, since=START)
    rig = Rig(stored=StoredSettings(agent={"beep_enabled": broken}))
    assert rig.state.settings.beep_enabled
    (said,) = rig.kinds(Say)
    assert isinstance(said, Say)
    assert "do not fit" in said.text


def test_still_alive_is_logged_every_five_minutes(rig: Rig) -> None:
    lines = []
    for _ in range(601):
        rig.do(Tick(Gauges()), after=1.0)
        lines += [e for e in rig.effects if isinstance(e, Say) and "still alive" in e.text]
    assert len(lines) == 2


def test_restart_is_answered_before_the_process_leaves(rig: Rig) -> None:
    rig.do(Parsed(Restart(), ReplyTo(noun="restart"), rig.at))
    assert isinstance(rig.effects[-1], Leave)
    assert rig.effects[-1].again
    assert rig.published(f"{ROOT}/response/restart")


def test_the_discovery_request_publishes_everything(rig: Rig) -> None:
    rig.do(Parsed(SendDiscovery(), ReplyTo(noun="discovery"), rig.at))
    assert rig.kinds(PublishDiscovery)
    assert rig.published(f"{ROOT}/availability") == [b"online"]


def test_discovery_on_demand_is_rate_limited(rig: Rig) -> None:
    """A message of 2 bytes makes a megabyte: a stuck client must not fill the network."""
    topic = f"{ROOT}/response/discovery"
    said = []
    for after in (0.0, 1.0, 5.0):
        rig.do(Parsed(SendDiscovery(), ReplyTo(noun="discovery"), rig.at), after=after)
        said.append(len(rig.kinds(PublishDiscovery)))
        (answer,) = rig.published(topic)
        assert (b"rate_limited" in answer) is (said[-1] == 0)
    assert said == [1, 0, 1]


@pytest.mark.parametrize("end", [Tick(Gauges()), Stopping(), "restart"])
def test_a_burst_of_changes_is_saved_twice_and_wholly(rig: Rig, end: Tick | Stopping | str) -> None:
    """An automation that toggles ten times a second must not sync the SD card as often."""
    saved = []
    for number in range(20):
        rig.command(SetSetting(camera="yard", name="post_frames", value=number + 1), "post_frames")
        saved += rig.kinds(SaveSettings)
        rig.do(Tick(Gauges()), after=0.05)
        saved += rig.kinds(SaveSettings)
    assert len(saved) == 1
    if isinstance(end, Tick):
        rig.do(end, after=2.0)
    else:
        rig.do(end if isinstance(end, Stopping) else Parsed(Restart(), ReplyTo(noun="x"), rig.at))
    (last,) = rig.kinds(SaveSettings)
    assert isinstance(last, SaveSettings)
    assert last.stored.cameras["yard"]["post_frames"].value == 20
    rig.do(Tick(Gauges()), after=5.0)
    assert rig.kinds(SaveSettings) == []


def test_past_events_are_asked_of_the_journal(rig: Rig) -> None:
    rig.command(GetEvents(camera="yard", since=3), "events", transaction="e")
    (query,) = rig.kinds(EventsQuery)
    assert isinstance(query, EventsQuery)
    assert (query.camera, query.since, query.transaction) == ("yard", 3, "e")
    assert query.topics == (f"{YARD}/response/events",)


def test_stopping_leaves_for_good(rig: Rig) -> None:
    rig.do(Stopping())
    assert rig.effects == [Leave(again=False)]


def test_a_clip_that_the_recorder_had_no_room_for_is_not_said_to_be_recorded(rig: Rig) -> None:
    rig.do(started())
    assert rig.published(f"{YARD}/recording/state") == [b"ON"]
    rig.do(RecordingFailed("yard", "01A", "recorder_full", "no room"))
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]
    assert json.loads(rig.records()[0].publish.payload)["error"] == "recorder_full"


def test_every_retained_topic_of_a_camera_that_is_gone_is_emptied(rig: Rig) -> None:
    yard = rig.state.cameras["yard"]
    emptied = {e.topic for e in burial(yard.topics) if isinstance(e, Publish)}
    topics = yard.topics
    assert {topics.overlay, topics.overlay_meta, topics.heatmap, topics.heatmap_meta} <= emptied
    assert {topics.motion, topics.health, topics.availability, topics.snapshot} <= emptied


def test_what_an_agent_may_keep_at_the_broker_is_known(rig: Rig) -> None:
    known = retained_topics(rig.state.setup.topics, rig.state.cameras)
    said = [e for e in everything(rig.state, rig.now) if isinstance(e, Publish) and e.retain]
    assert {e.topic for e in said} <= set(known)
    without = retained_topics(rig.state.setup.topics, rig.state.cameras, images=False)
    assert not any("/image" in topic or topic.endswith(("/delta", "/meta")) for topic in without)


def test_a_camera_that_is_being_opened_is_a_problem_but_no_warning() -> None:
    rig = Rig()
    told = [e for e in rig.do(camera(CameraCode.CONNECTING)) if isinstance(e, Say)]
    assert list(by_id(rig.state.problems)) == ["yard_camera_connecting"]
    assert {say.level for say in told} == {"INFO"}
    told = [e for e in rig.do(camera(CameraCode.STALLED)) if isinstance(e, Say)]
    assert "WARNING" in {say.level for say in told}


def test_pictures_are_made_to_fit_what_the_broker_takes(rig: Rig) -> None:
    told = Tick(Gauges(mqtt=MqttStats(picture_limit=9000)))
    assert [e for e in rig.do(told) if isinstance(e, ToVision)] == [
        ToVision(name, LimitPictures(9000)) for name in rig.state.cameras
    ]
    assert not [e for e in rig.do(told) if isinstance(e, ToVision)]
    again = [e for e in rig.do(Tick(Gauges())) if isinstance(e, ToVision)]
    assert {e.order for e in again} == {LimitPictures(None)}


def test_what_is_too_large_for_the_broker_is_a_problem_that_names_it(rig: Rig) -> None:
    withheld = (("homeassistant/device/x/config", 16_000),)
    rig.do(Tick(Gauges(mqtt=MqttStats(withheld=withheld))))
    words = by_id(agent_problems(rig.state, rig.at))["broker_packet_too_large"]
    assert "homeassistant/device/x/config (16000 bytes)" in words
    assert "max_packet_size" in words
