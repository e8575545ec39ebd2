from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from agent.core.messages import Parsed, Received, Refused
from agent.mqtt.command_topics import command_filters, command_topics, slip_filters
from agent.mqtt.payloads import MAX_PAYLOAD
from agent.mqtt.router import Ignored, birth, parse
from schemas.commands import (
    Command,
    Explain,
    GetDigest,
    GetEvents,
    GetStatus,
    KeepRecording,
    MarkMistake,
    PatchSettings,
    PlayBeep,
    PlaySound,
    PlayWav,
    RecordNow,
    ResetSetting,
    Response,
    Restart,
    RunSelfTest,
    SendDiscovery,
    SetSetting,
    ShowLive,
    Silence,
    Snooze,
    TakeSnapshot,
)
from schemas.topics import OPERATIONS, AgentTopics

TOPICS = AgentTopics("surveillance", "pi")
DOOR = TOPICS.camera("door")
CAMERAS = ("door", "yard")


def read(
    topic: str,
    payload: bytes | str | dict[str, Any],
    cameras: tuple[str, ...] = CAMERAS,
    **flags: Any,  # noqa: ANN401  fields of Received
) -> Parsed | Refused | Ignored:
    raw = json.dumps(payload) if isinstance(payload, dict) else payload
    content = raw.encode() if isinstance(raw, str) else raw
    received = Received(topic, content, **{"retain": False, "at": 5.0, "live": True, **flags})
    return parse(received, TOPICS, cameras)


def command(topic: str, payload: bytes | str | dict[str, Any], **flags: Any) -> Command:  # noqa: ANN401
    parsed = read(topic, payload, **flags)
    assert isinstance(parsed, Parsed), parsed
    return parsed.command


def refusal(topic: str, payload: bytes | str | dict[str, Any], **flags: Any) -> Refused:  # noqa: ANN401
    refused = read(topic, payload, **flags)
    assert isinstance(refused, Refused), refused
    return refused


def disarm(camera: str) -> SetSetting:
    return SetSetting(camera=camera, name="armed", value=False)


@pytest.mark.parametrize(
    ("payload", "value"),
    [("ON", True), (" off\n", False), ("True", True), ("0", False), ('{"value": true}', True)],
)
def test_a_switch_takes_the_usual_words(payload: str, value: bool) -> None:  # noqa: FBT001
    wanted = SetSetting(camera="door", name="armed", value=value)
    assert command(DOOR.setting_set("armed"), payload) == wanted


@pytest.mark.parametrize(
    ("payload", "value"), [("0.5", 0.5), ("30", 30), ('{"value": "0.25"}', 0.25)]
)
def test_a_number_is_read_with_a_dot(payload: str, value: float) -> None:
    wanted = SetSetting(camera="door", name="min_changed", value=value)
    assert command(DOOR.setting_set("min_changed"), payload) == wanted


@pytest.mark.parametrize("payload", ["reset", " RESET ", '{"value": "reset"}', '{"value": null}'])
def test_reset_gives_a_setting_back(payload: str) -> None:
    wanted = ResetSetting(camera="door", name="armed")
    assert command(DOOR.setting_set("armed"), payload) == wanted


def test_the_agents_own_setting_has_no_camera() -> None:
    wanted = SetSetting(camera=None, name="beep_enabled", value=False)
    assert command(TOPICS.setting_set("beep_enabled"), "OFF") == wanted


@pytest.mark.parametrize(
    ("name", "payload", "range_text"),
    [
        ("pixel_threshold", "300", "1..255"),
        ("pixel_threshold", "50.5", "1..255"),
        ("min_changed", "-1", "0..100"),
        ("min_changed", "nan", "0..100"),
        ("max_changed", "inf", "0..100"),
        ("post_frames", "many", "1..1000"),
        ("armed", "maybe", "ON or OFF"),
        ("armed", "   ", "ON or OFF"),
        ("armed", '{"value": 1}', "ON or OFF"),
        ("post_frames", '{"value": true}', "1..1000"),
        ("post_frames", '{"value": [1]}', "1..1000"),
        ("clear_delay", '{"value": 1' + "0" * 400 + "}", "0..600"),
    ],
)
def test_a_refusal_names_the_allowed_range(name: str, payload: str, range_text: str) -> None:
    refused = refusal(DOOR.setting_set(name), payload)
    assert refused.error.code == "out_of_range"
    assert range_text in refused.error.message
    assert (refused.setting, refused.reply.camera, refused.reply.noun) == (name, "door", name)


@pytest.mark.parametrize("payload", ["PRESS", "press ", "{}", '{"transaction": 7}'])
def test_buttons_are_pressed_with_a_word_or_an_object(payload: str) -> None:
    assert command(DOOR.snapshot_take, payload) == TakeSnapshot(camera="door")
    assert command(TOPICS.beep_play, payload) == PlayBeep()
    assert command(TOPICS.restart, payload) == Restart()


@pytest.mark.parametrize("payload", ["go", "0", '{"tone": 1}', "[]"])
def test_a_button_is_not_pressed_by_anything_else(payload: str) -> None:
    refused = refusal(TOPICS.restart, payload)
    assert refused.error.code == "invalid_payload"
    assert "PRESS" in refused.error.message


@pytest.mark.parametrize("topic", command_topics(TOPICS, CAMERAS))
def test_an_empty_payload_does_nothing_anywhere(topic: str) -> None:
    assert read(topic, b"") == Ignored("empty")
    assert read(topic, b"", retain=True, live=False) == Ignored("empty")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_empty_payload_is_no_request(operation: str) -> None:
    assert read(TOPICS.request(operation), b"") == Ignored("empty")


@pytest.mark.parametrize(
    "topic",
    [
        "homeassistant/status",
        "surveillance/pi2/door/armed/set",
        "surveillance/pi",
        DOOR.motion,
        DOOR.setting_state("armed"),
        f"{TOPICS.root}/set",
        f"{DOOR.root}/a/b/set",
        f"{DOOR.root}/beep/play",
        TOPICS.response("set"),
        DOOR.response("set"),
        "",
    ],
)
def test_other_topics_are_not_ours(topic: str) -> None:
    assert read(topic, "PRESS") == Ignored("foreign")


def test_a_replayed_command_is_refused_with_the_way_to_clear_it() -> None:
    topic = DOOR.setting_set("armed")
    refused = refusal(topic, "OFF", retain=True, live=False)
    assert refused.error.code == "retained_command"
    assert f"mosquitto_pub -r -n -t {topic}" in refused.error.message
    assert (refused.setting, refused.clear_retained) == ("armed", topic)


@pytest.mark.parametrize("topic", command_topics(TOPICS, CAMERAS))
@pytest.mark.parametrize("live", [True, False])
def test_no_command_with_the_retain_flag_is_obeyed(topic: str, *, live: bool) -> None:
    for payload in ("PRESS", "ON", "{}", '{"transaction": 1}'):
        refused = refusal(topic, payload, retain=True, live=live)
        assert refused.error.code == "retained_command"
        assert refused.clear_retained == topic


def test_who_wants_it_has_live_ones_obeyed_and_cleared() -> None:
    topic = TOPICS.beep_play
    received = Received(topic, b"PRESS", retain=True, at=5.0, live=True)
    parsed = parse(received, TOPICS, CAMERAS, obey_retained=True)
    assert isinstance(parsed, Parsed)
    assert parsed.clear_retained == topic
    replayed = replace(received, live=False)
    assert isinstance(parse(replayed, TOPICS, CAMERAS, obey_retained=True), Refused)


def test_a_plain_command_needs_no_clearing() -> None:
    parsed = read(TOPICS.beep_play, "PRESS")
    assert isinstance(parsed, Parsed)
    assert (parsed.clear_retained, parsed.at) == (None, 5.0)


@pytest.mark.parametrize(
    ("operation", "payload", "wanted"),
    [
        ("snapshot", {"camera": "yard"}, TakeSnapshot(camera="yard")),
        ("beep", {}, PlayBeep()),
        ("status", {}, GetStatus()),
        ("discovery", {}, SendDiscovery()),
        ("arm", {"camera": "yard", "value": "OFF"}, disarm("yard")),
        ("arm", {"camera": "yard", "value": False}, disarm("yard")),
        ("arm", {"camera": "yard", "value": None}, ResetSetting(camera="yard", name="armed")),
        ("events", {"camera": "door", "since": 0}, GetEvents(camera="door", since=0)),
        (
            "settings",
            {"camera": "door", "values": {"armed": "on", "post_frames": 5, "clear_delay": None}},
            PatchSettings(
                camera="door", values={"armed": True, "post_frames": 5, "clear_delay": None}
            ),
        ),
        (
            "settings",
            {"values": {"beep_enabled": "reset"}},
            PatchSettings(camera=None, values={"beep_enabled": None}),
        ),
    ],
)  # fmt: skip
def test_requests_are_understood(operation: str, payload: dict[str, Any], wanted: Command) -> None:
    assert command(TOPICS.request(operation), payload) == wanted


@pytest.mark.parametrize("payload", ["{}", " ", '""'])
def test_a_request_without_needs_takes_nothing(payload: str) -> None:
    assert command(TOPICS.request("status"), payload) == GetStatus()


def test_the_camera_may_be_left_out_where_there_is_one() -> None:
    payload = {"values": {"armed": False}}
    assert command(TOPICS.request("snapshot"), {}, cameras=("door",)) == TakeSnapshot(camera="door")
    patch = command(TOPICS.request("settings"), payload, cameras=("door",))
    assert patch == PatchSettings(camera="door", values={"armed": False})


@pytest.mark.parametrize(
    ("topic", "payload", "camera", "minutes"),
    [
        (DOOR.snooze_set, "30", "door", 30),
        (DOOR.snooze_set, " 0 ", "door", 0),
        (DOOR.snooze_set, "30.0", "door", 30),
        (DOOR.snooze_set, {"minutes": 1440, "transaction": "t"}, "door", 1440),
        (TOPICS.snooze_set, "15", None, 15),
        (TOPICS.request("snooze"), {"minutes": 5}, None, 5),
        (TOPICS.request("snooze"), {"camera": "yard", "minutes": 5}, "yard", 5),
    ],
)
def test_a_snooze_is_of_one_camera_or_of_all(
    topic: str, payload: str | dict[str, Any], camera: str | None, minutes: int
) -> None:
    assert command(topic, payload) == Snooze(camera=camera, minutes=minutes)


def test_a_reset_of_all_settings_leaves_privacy_alone() -> None:
    patch = command(DOOR.settings_reset, "PRESS")
    assert isinstance(patch, PatchSettings)
    assert "armed" in patch.values
    assert "privacy" not in patch.values


@pytest.mark.parametrize(
    ("operation", "payload", "words"),
    [
        ("snapshot", {}, "door, yard"),
        ("snapshot", {"camera": "garage"}, "no camera 'garage'; cameras: door, yard"),
        ("snapshot", {"camera": ["door"]}, "no camera"),
        ("beep", {"loud": 1, "tone": 2}, "unknown: 'loud', 'tone'"),
        ("arm", {"camera": "door"}, "ON or OFF"),
        ("settings", {"camera": "door"}, "values must be an object"),
        ("settings", {"camera": "door", "values": {}}, "values must be an object"),
        ("settings", {"camera": "door", "values": {"armd": 1}}, "did you mean armed?"),
        (
            "settings",
            {"camera": "door", "values": {"xyz": 1}},
            "known: armed, privacy, pixel_threshold",
        ),
        ("settings", {"camera": "door", "values": {"armed": True, "post_frames": 0}}, "1..1000"),
        ("settings", {"values": {"armed": True}}, "camera is missing"),
        ("snooze", {"camera": "door"}, "minutes must be a whole number 0..1440"),
        ("snooze", {"camera": "garage", "minutes": 5}, "no camera 'garage'"),
        ("snooze", {"minutes": 1441}, "0 ends it; not '1441'"),
        ("snooze", {"minutes": True}, "minutes must be"),
        ("snooze", {"minutes": 1.5}, "minutes must be"),
        ("events", {"camera": "door"}, "since must be"),
        ("events", {"camera": "door", "since": -1}, "since must be"),
        ("events", {"camera": "door", "since": True}, "since must be"),
        ("status", {"transaction": [1]}, "transaction must be"),
        ("status", {"transaction": True}, "transaction must be"),
        ("status", {"transaction": "x" * 101}, "more than 100"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    operation: str, payload: dict[str, Any], words: str
) -> None:
    refused = refusal(TOPICS.request(operation), payload)
    assert words in refused.error.message
    assert (refused.reply.noun, refused.reply.camera, refused.setting) == (operation, None, None)


def test_an_unknown_operation_is_told_the_known_ones() -> None:
    refused = refusal(TOPICS.request("dance+#/now"), "{}")
    assert refused.error.code == "unknown_command"
    assert ", ".join(OPERATIONS) in refused.error.message
    assert refused.reply.noun == "dancenow"


@pytest.mark.parametrize(
    ("topic", "nearest", "noun", "camera"),
    [
        ("door/amred/set", "door/armed/set", "amred", "door"),
        ("dor/armed/set", "door/armed/set", "armed", None),
        ("armed/set", "yard/armed/set", "armed", None),
        ("yard/snap/take", "yard/snapshot/take", "snap", "yard"),
        ("door/beep_enabled/set", "beep_enabled/set", "beep_enabled", "door"),
        ("sound/play", "beep/play", "sound", None),
        ("door/set", "door/armed/set", "door", None),
        ("//set", "snooze/set", "unknown", None),
        ("door/armed", "door/armed/set", "armed", "door"),
        ("dor/armed", "door/armed/set", "armed", None),
        ("door/monitoring_interval", "door/monitoring_interval/set", "monitoring_interval", "door"),
        ("beep_enabled", "beep_enabled/set", "beep_enabled", None),
    ],
)
def test_a_command_that_does_not_exist_is_told_the_nearest(
    topic: str, nearest: str, noun: str, camera: str | None
) -> None:
    refused = refusal(f"{TOPICS.root}/{topic}", '{"value": "ON", "transaction": 7}')
    assert refused.error.code == "unknown_command"
    assert f"there is no topic '{TOPICS.root}/{topic}'" in refused.error.message
    assert refused.error.message.endswith(f"the nearest is {TOPICS.root}/{nearest}")
    assert (refused.reply.noun, refused.reply.camera) == (noun, camera)
    assert (refused.reply.transaction, refused.setting) == (7, None)


def test_a_topic_of_any_length_is_told_in_a_line() -> None:
    message = refusal(f"{TOPICS.root}/{'x' * 60_000}/set", "ON").error.message
    assert len(message) < 300


def test_an_old_message_to_a_topic_that_does_not_exist_is_told_how_to_clear_it() -> None:
    topic = f"{TOPICS.root}/garden/armed/set"
    assert refusal(topic, "ON", retain=True, live=False).error.code == "retained_command"
    assert refusal(topic, "ON", retain=True).clear_retained == topic


@pytest.mark.parametrize(
    "payload",
    [b"\xff\xfe", b"{", b'{"a": NaN}', b'{"a":' * 700, b'{"transaction": "\\ud800"}', b"x" * 5000],
)
def test_what_cannot_be_read_is_refused(payload: bytes) -> None:
    assert refusal(TOPICS.request("status"), payload).error.code == "invalid_payload"


@pytest.mark.parametrize(
    "payload", [b'{"camera":"a","camera":"b"}', b'{"a":{"camera":1,"camera":1}}']
)
def test_a_key_that_is_given_twice_is_named(payload: bytes) -> None:
    error = refusal(TOPICS.request("status"), payload).error
    assert error.code == "invalid_payload"
    assert 'the key "camera" is given twice: keep one' in error.message


def test_the_transaction_comes_back_also_with_a_refusal() -> None:
    refused = refusal(DOOR.setting_set("armed"), {"value": "what", "transaction": "t1"})
    assert refused.reply.transaction == "t1"


def test_mqtt_5_answers_go_where_they_are_wanted() -> None:
    parsed = read(TOPICS.request("status"), "{}", response_topic="my/reply", correlation=b"\x01")
    assert isinstance(parsed, Parsed)
    assert (parsed.reply.response_topic, parsed.reply.correlation) == ("my/reply", b"\x01")


@pytest.mark.parametrize(
    ("topic", "taken"),
    [
        (TOPICS.response("mine"), True),
        (TOPICS.availability, False),
        (TOPICS.restart, False),
        (f"{TOPICS.root}2/x", True),
    ],
)
def test_an_answer_is_not_published_as_a_state_or_a_command_of_ours(
    topic: str,
    taken: bool,  # noqa: FBT001
) -> None:
    parsed = read(TOPICS.request("status"), "{}", response_topic=topic)
    assert isinstance(parsed, Parsed)
    assert (parsed.reply.response_topic == topic) is taken


def test_correlation_data_of_kilobytes_is_not_echoed() -> None:
    parsed = read(TOPICS.request("status"), "{}", correlation=bytes(257))
    assert isinstance(parsed, Parsed)
    assert parsed.reply.correlation is None


@pytest.mark.parametrize(
    ("text", "event", "keep"),
    [
        ('{"camera": "door"}', None, True),
        ('{"camera": "door", "id": "last"}', None, True),
        (
            '{"camera": "door", "id": "01JD9Z3V5X8Q2M4N6P7R9S0T1W"}',
            "01JD9Z3V5X8Q2M4N6P7R9S0T1W",
            True,
        ),
        ('{"camera": "door", "id": "E1", "keep": false}', "E1", False),
    ],
)
def test_an_event_can_be_kept(text: str, event: str | None, keep: bool) -> None:  # noqa: FBT001
    assert command(TOPICS.request("keep"), text) == KeepRecording(
        camera="door", id=event, keep=keep
    )


def test_the_button_keeps_the_last_event() -> None:
    assert command(DOOR.recording_keep, "PRESS") == KeepRecording(camera="door")


@pytest.mark.parametrize(("event", "id_"), [("01JD", "01JD"), ("last", None)])
def test_a_false_alarm_can_be_marked(event: str, id_: str | None) -> None:
    text = f'{{"camera": "door", "event": "{event}", "false_alarm": false}}'
    wanted = MarkMistake(camera="door", event=id_, false_alarm=False)
    assert command(TOPICS.request("mark"), text) == wanted
    assert command(DOOR.false_alarm_mark, "PRESS") == MarkMistake(camera="door", false_alarm=True)


def test_a_wrong_label_is_marked_by_the_same_request() -> None:
    text = '{"camera": "door", "event": "01JD", "wrong_label": true}'
    wanted = MarkMistake(camera="door", event="01JD", wrong_label=True)
    assert command(TOPICS.request("mark"), text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"false_alarm": true, "wrong_label": true}',
        '{"false_alarm": 1}',
        '{"event": "../x", "false_alarm": true}',
    ],
)
def test_what_is_no_mark_is_refused(text: str) -> None:
    assert isinstance(read(TOPICS.request("mark"), text), Refused)


def test_a_moment_can_be_asked_for() -> None:
    text = '{"camera": "door", "at": "14:03"}'
    assert command(TOPICS.request("explain"), text) == Explain(camera="door", at="14:03")


def test_a_self_test_is_asked_for_with_or_without_a_camera() -> None:
    assert command(TOPICS.request("self_test"), "{}") == RunSelfTest()
    text = '{"camera": "door"}'
    assert command(TOPICS.request("self_test"), text) == RunSelfTest(camera="door")
    refused = refusal(TOPICS.request("self_test"), '{"camera": "cellar"}')
    assert "cellar" in refused.error.message
    assert isinstance(read(TOPICS.request("self_test"), '{"x": 1}'), Refused)


@pytest.mark.parametrize("text", ["{}", '{"at": 14}', '{"at": " "}', f'{{"at": "{"1" * 41}"}}'])
def test_what_names_no_moment_is_refused(text: str) -> None:
    refused = refusal(TOPICS.request("explain"), text)
    assert "14:03" in refused.error.message


@pytest.mark.parametrize("text", ['{"id": "../x"}', '{"id": 7}', '{"keep": "yes"}', '{"x": 1}'])
def test_what_names_no_event_is_refused(text: str) -> None:
    assert isinstance(read(TOPICS.request("keep"), text), Refused)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"camera":[', '{"values":{"x":'])
def test_json_of_any_depth_is_answered(opening: str) -> None:
    for depth in (*range(1, 20), *range(900, 1010)):  # about Python's own limit
        text = '{"camera":' + opening * depth
        for topic in (TOPICS.request("arm"), TOPICS.request("settings")):
            assert isinstance(read(topic, text), Refused)


@pytest.mark.parametrize("topic", ["", "a/#", "a/+/b", "$SYS/x", "x" * 300])
def test_a_response_topic_where_nobody_may_publish_is_left_out(topic: str) -> None:
    parsed = read(TOPICS.request("status"), "{}", response_topic=topic)
    assert isinstance(parsed, Parsed)
    assert parsed.reply.response_topic is None


TOPIC = (
    st.sampled_from(command_topics(TOPICS, CAMERAS))
    | st.text().map(TOPICS.request)
    | st.text().map(DOOR.setting_set)
    | st.text().map(TOPICS.setting_set)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["value", "values", "transaction", "camera", "since", "armed", "x"])
OBJECT = st.dictionaries(FIELDS, JSON, max_size=4).map(lambda value: json.dumps(value).encode())


@given(topic=TOPIC, payload=st.binary(max_size=MAX_PAYLOAD + 9) | OBJECT, retain=st.booleans())
def test_nothing_that_arrives_raises_and_every_answer_can_be_sent(
    topic: str, payload: bytes, *, retain: bool
) -> None:
    result = parse(Received(topic, payload, retain=retain, at=0.0), TOPICS, CAMERAS)
    if not isinstance(result, Ignored):
        error = result.error if isinstance(result, Refused) else None
        answer = Response.model_validate(
            {
                "ok": error is None,
                "command": result.reply.noun,
                "error": error,
                "transaction": result.reply.transaction,
                "ts": "2026-11-22T08:15:31+00:00",
            }
        )
        assert len(answer.to_json()) < 2 * MAX_PAYLOAD


@pytest.mark.parametrize(
    ("topic", "payload", "born"),
    [
        ("homeassistant/status", b"online", True),
        ("homeassistant/status", b" Online\n", True),
        ("homeassistant/status", b"offline", False),
        ("homeassistant/status", b"", False),
        ("other/status", b"online", False),
    ],
)
def test_home_assistants_birth_is_understood(topic: str, payload: bytes, *, born: bool) -> None:
    received = Received(topic, payload, retain=False, at=5.0)
    assert (birth(received, "homeassistant/status") is not None) is born


def test_a_refused_live_message_with_the_retain_flag_is_to_be_cleared() -> None:
    topic = DOOR.setting_set("pixel_threshold")
    assert refusal(topic, "300", retain=True).clear_retained == topic
    assert refusal(topic, "300").clear_retained is None


def test_a_clip_is_recorded_on_demand_for_as_long_as_wanted() -> None:
    assert command(DOOR.recording_start, "PRESS") == RecordNow(camera="door", seconds=30.0)
    assert command(DOOR.recording_start, {"seconds": 5, "transaction": "t"}) == RecordNow(
        camera="door", seconds=5.0
    )
    request = {"camera": "yard", "seconds": 2.5}
    assert command(TOPICS.request("record"), request) == RecordNow(camera="yard", seconds=2.5)
    assert command(TOPICS.request("record"), {"camera": "yard"}).kind == "record"


@pytest.mark.parametrize("seconds", [0, 301, True, "5", None, [1], 1e400])
def test_a_clip_of_no_or_endless_length_is_refused(seconds: object) -> None:
    for topic in (DOOR.recording_start, TOPICS.request("record")):
        payload = json.dumps({"camera": "door", "seconds": seconds})
        assert refusal(topic, payload).error.code in {"out_of_range", "invalid_payload"}


def test_what_a_press_does_not_know_is_refused() -> None:
    assert refusal(DOOR.recording_start, {"second": 5}).error.code == "invalid_payload"
    assert refusal(DOOR.settings_reset, {"seconds": 5}).error.code == "invalid_payload"


def test_a_cameras_settings_are_reset_all_at_once() -> None:
    reset = command(DOOR.settings_reset, "PRESS")
    assert isinstance(reset, PatchSettings)
    assert reset.camera == "door"
    assert reset.values["armed"] is None
    assert set(reset.values.values()) == {None}


NO_NUMBERS = [
    *("4_0", "+40", "4e1", "1e3", "inf", "-inf", "nan", "infinity", "0x28", "0b1", "1,5", "4 0"),
    *("\u0664\u0660", "\uff14\uff10", "\u096a\u0966", "\u00a040", "40\u2003", "--40", "4.0.0", "."),
]


@pytest.mark.parametrize("word", NO_NUMBERS)
@pytest.mark.parametrize("name", ["pixel_threshold", "min_changed", "clear_delay"])
def test_only_plain_digits_are_a_number(name: str, word: str) -> None:
    for payload in (word, json.dumps({"value": word}, ensure_ascii=False)):
        refused = refusal(DOOR.setting_set(name), payload)
        assert refused.error.code == "out_of_range"
    whole = {"camera": "door", "values": {name: word}}
    assert refusal(TOPICS.request("settings"), json.dumps(whole)).error.code == "out_of_range"


@pytest.mark.parametrize(
    ("word", "value"), [("40", 40), (" 40\n", 40), ("40.0", 40), ("040", 40), ("0.5", 0.5)]
)
def test_a_number_is_read_as_people_write_it(word: str, value: float) -> None:
    got = command(DOOR.setting_set("min_changed"), word)
    assert got == SetSetting(camera="door", name="min_changed", value=value)


BELL = "http://nas/bell.wav"


@pytest.mark.parametrize(
    ("topic", "payload", "wanted"),
    [
        (TOPICS.beep_play, b"RIFF\0\xff", PlayWav(wav=b"RIFF\0\xff")),
        (TOPICS.beep_play, b"RIFF" + 60_000 * b"x", PlayWav(wav=b"RIFF" + 60_000 * b"x")),
        (TOPICS.beep_play, f" {BELL}\n", PlaySound(url=BELL)),
        (TOPICS.beep_play, {"url": BELL, "transaction": 1}, PlaySound(url=BELL)),
        (TOPICS.request("sound"), {"url": BELL, "volume": 0}, PlaySound(url=BELL, volume=0)),
        (TOPICS.request("silence"), "{}", Silence()),
        (TOPICS.beep_play, "press", PlayBeep()),
    ],
)
def test_a_sound_is_asked_for_by_its_url_or_by_itself(
    topic: str, payload: bytes | str | dict[str, Any], wanted: Command
) -> None:
    assert command(topic, payload) == wanted


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("file:///etc/shadow", "invalid_payload"),
        ({"url": "bell.wav"}, "invalid_payload"),
        ({"url": 7}, "invalid_payload"),
        ({"url": BELL + 2_000 * "x"}, "invalid_payload"),
        ({"url": BELL, "volume": 1.5}, "out_of_range"),
        ({"url": BELL, "volume": True}, "out_of_range"),
        ({"url": BELL, "loud": 1}, "invalid_payload"),
        ({"volume": 1}, "invalid_payload"),
        (b"OggS\xff\xfe", "invalid_payload"),
    ],
)
def test_what_names_no_sound_is_refused(payload: bytes | str | dict[str, Any], code: str) -> None:
    assert refusal(TOPICS.beep_play, payload).error.code == code
    assert refusal(TOPICS.request("sound"), payload).error.code in {code, "invalid_payload"}


def test_a_sound_with_the_retain_flag_is_refused_and_cleared() -> None:
    refused = refusal(TOPICS.beep_play, b"RIFF\0", retain=True)
    assert refused.error.code == "retained_command"
    assert refused.clear_retained == TOPICS.beep_play


def test_a_wav_file_is_no_command_anywhere_else() -> None:
    assert refusal(TOPICS.restart, b"RIFF\xff").error.code == "invalid_payload"


def test_a_digest_is_of_one_camera_or_of_all() -> None:
    digest = TOPICS.request("digest")
    assert command(digest, {"hours": 12}) == GetDigest(hours=12)
    assert command(digest, {"camera": "door"}) == GetDigest(camera="door", hours=24)
    assert refusal(digest, {"hours": 0}).error.code == "out_of_range"
    assert refusal(digest, {"camera": "attic"}).error.code == "invalid_payload"


@pytest.mark.parametrize("topic", command_topics(TOPICS, CAMERAS))
def test_no_command_matches_two_subscriptions(topic: str) -> None:
    """Mosquitto would deliver it twice, and it would be carried out twice."""
    filters = [*command_filters(TOPICS), *slip_filters(TOPICS)]
    assert len([name for name in filters if topic_matches_sub(name, topic)]) == 1


@pytest.mark.parametrize(
    ("payload", "seconds"),
    [
        ("ON", 60.0),
        ("off", 0.0),
        ("120", 120.0),
        ({"seconds": 5, "transaction": "t"}, 5.0),
        ({}, 60.0),
    ],
)
def test_a_live_view_is_begun_and_ended(payload: str | dict[str, Any], seconds: float) -> None:
    assert command(DOOR.live_view_set, payload) == ShowLive(camera="door", seconds=seconds)


def test_a_live_view_is_begun_by_a_request_too() -> None:
    request = {"camera": "yard", "seconds": 300}
    assert command(TOPICS.request("live"), request) == ShowLive(camera="yard", seconds=300.0)
    assert command(TOPICS.request("live"), {"camera": "door"}) == ShowLive(camera="door")


@pytest.mark.parametrize("payload", ["bright", "3601", "-1", {"seconds": 9999}, {"minutes": 1}])
def test_a_live_view_of_another_length_is_refused(payload: str | dict[str, Any]) -> None:
    error = refusal(DOOR.live_view_set, payload).error
    assert error.code in {"out_of_range", "invalid_payload"}
    assert error.message
