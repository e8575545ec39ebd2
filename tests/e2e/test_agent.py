"""The real agent process, the real Mosquitto, frames over the real UDP protocol."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import av
import pytest

from agent.core.problems import HELP
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import CAMERA, TOPICS, YARD, House, Process
from tests.support.alsa import SoundCard, need_portaudio
from tests.support.broker import Broker, free_port
from tests.support.waiting import PATIENCE, wait_until

#: A walker comes by within this time.
VISIT = PATIENCE  # a walker comes every ten seconds


def events(ear: Ear, kind: str) -> list[dict[str, Any]]:
    topic = YARD.event_motion if kind.startswith("motion") else YARD.event_recording
    told = [json.loads(payload) for payload in ear.payloads(topic)]
    return [event for event in told if event["event_type"] == kind]


def wait_event(ear: Ear, kind: str, count: int = 1, seconds: float = VISIT) -> dict[str, Any]:
    wait_until(f"{count} x {kind}", lambda: len(events(ear, kind)) >= count, seconds)
    return events(ear, kind)[count - 1]


def without_end(house: House) -> None:
    """The next event runs for minutes, however long this test takes to do something meanwhile."""
    house.config["cameras"][CAMERA]["recording"] = {"post_frames": 1000}


def pictures_in(film: Path) -> int:
    """How many pictures a player shows; a decoding error raises."""
    with av.open(str(film)) as container:
        return sum(1 for _ in container.decode(video=0))


def last(ear: Ear, topic: str) -> str:
    return ear.payloads(topic)[-1].decode()


def wait_state(ear: Ear, topic: str, value: str, seconds: float = PATIENCE) -> None:
    wait_until(f"{topic} = {value}", lambda: ear.of(topic) and last(ear, topic) == value, seconds)


def test_a_visit_becomes_an_event_pictures_a_clip_and_a_part_of_the_days_film(
    house: House, ear: Ear
) -> None:
    house.simulate()
    agent = house.agent()
    started = wait_event(ear, "motion_started")
    ear.wait_in_order(YARD.motion, b"OFF", b"ON")
    assert started["explanation"]["rule"] == "motion"
    assert started["late"] is False
    ended = wait_event(ear, "motion_ended")
    saved = wait_event(ear, "recording_saved")
    assert started["id"] == ended["id"] == saved["id"]
    assert (started["seq"], ended["seq"], saved["seq"]) == (1, 2, 1)
    assert ear.payloads(YARD.motion_image)[0].startswith(b"\xff\xd8")
    assert ear.payloads(YARD.motion_delta)[0].startswith(b"\x89PNG")

    clip = house.store / saved["path"]
    assert clip.stat().st_size == saved["size_bytes"]
    assert pictures_in(clip) == saved["frames"]
    film = house.store / CAMERA / clip.parts[-3] / f"{clip.parts[-3]}.mp4"
    assert pictures_in(film) >= saved["frames"]
    stem = clip.with_suffix("").name
    names = {path.name.removeprefix(stem) for path in clip.parent.glob(f"{stem}*")}
    assert names == {".mp4", ".jpg", "_n-2.jpg", "_n-1.jpg", "_n.jpg", "_delta.png"}
    line = (film.parent / "events.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["id"] == saved["id"]
    assert list((film.parent / "monitoring").glob("*.jpg"))

    health = house.command("health")
    assert (health.returncode, "ok" in health.stdout) == (0, True), health
    assert agent.stop() == 0
    assert "Traceback" not in agent.log
    wait_state(ear, TOPICS.availability, "offline")
    assert house.command("health").returncode == 1


def test_everything_is_said_before_online(house: House, ear: Ear) -> None:
    house.agent()
    wait_state(ear, TOPICS.availability, "online")
    before = [heard.topic for heard in ear.heard]
    before = before[: before.index(TOPICS.availability)]
    for topic in (
        TOPICS.info,
        TOPICS.health,
        TOPICS.setting_state("beep_enabled"),
        YARD.availability,
        YARD.motion,
        YARD.setting_state("armed"),
        YARD.health,
        TOPICS.discovery("homeassistant"),
        TOPICS.discovery("homeassistant", CAMERA),
    ):
        assert topic in before
    assert last(ear, YARD.availability) == "offline"  # no camera answers


def test_disarmed_there_are_no_events_but_pictures_on_demand(house: House, ear: Ear) -> None:
    house.simulate()
    house.agent()
    wait_event(ear, "motion_started")
    ear.say(YARD.setting_set("armed"), "off")
    ended = wait_event(ear, "motion_ended")
    assert ended["reason"] in {"disarmed", "cleared"}
    wait_state(ear, YARD.setting_state("armed"), "OFF")
    wait_state(ear, YARD.motion, "OFF")
    count = len(events(ear, "motion_started"))
    before = len(ear.heard)
    ear.say(YARD.snapshot_take, '{"transaction": "t1"}')
    answer = json.loads(ear.wait_for(YARD.response("snapshot")).payload)
    assert answer["ok"] is True
    assert answer["transaction"] == "t1"
    topics = [heard.topic for heard in ear.heard[before:]]
    assert YARD.snapshot in topics[: topics.index(YARD.response("snapshot"))]
    time.sleep(12.0)  # longer than the walker stays away: this test waits for nothing to happen
    assert len(events(ear, "motion_started")) == count
    ear.say(TOPICS.request("status"), "{}")
    ear.wait_for(TOPICS.response("status"))
    ear.say(YARD.setting_set("armed"), "ON")
    wait_event(ear, "motion_started", count + 1)


def test_settings_survive_a_restart_and_are_given_back_by_reset(house: House, ear: Ear) -> None:
    agent = house.agent()
    wait_state(ear, TOPICS.availability, "online")
    ear.say(YARD.setting_set("pixel_threshold"), " 33 ")
    wait_state(ear, YARD.setting_state("pixel_threshold"), "33")
    assert agent.stop() == 0
    ear.heard.clear()
    house.agent()
    wait_state(ear, YARD.setting_state("pixel_threshold"), "33")
    ear.say(YARD.setting_set("pixel_threshold"), "reset")
    wait_state(ear, YARD.setting_state("pixel_threshold"), "50")


def test_bad_payloads_are_answered_with_the_allowed_range(house: House, ear: Ear) -> None:
    house.agent()
    wait_state(ear, TOPICS.availability, "online")
    ear.say(YARD.setting_set("pixel_threshold"), "300")
    answer = json.loads(ear.wait_for(YARD.response("pixel_threshold")).payload)
    assert answer["ok"] is False
    assert "1..255" in answer["error"]["message"]
    assert last(ear, YARD.setting_state("pixel_threshold")) == "50"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ("yrad/armed/set", TOPICS.response("armed")),
        ("yard/armed", YARD.response("armed")),
    ],
)
def test_a_misspelt_command_is_answered_once_and_counted(
    house: House, broker: Broker, protocol: str, slip: str, told: str
) -> None:
    house.config["mqtt"]["protocol"] = protocol
    house.agent()
    with Ear(broker.port) as ear:  # no observer: it knows no such topic
        wait_state(ear, TOPICS.availability, "online")
        ear.say(f"{TOPICS.root}/{slip}", "OFF")
        ear.say(TOPICS.request("status"), "{}")
        answer = json.loads(ear.wait_for(told).payload)
        assert answer["error"]["message"].endswith(f"the nearest is {YARD.setting_set('armed')}")
        status = json.loads(ear.wait_for(TOPICS.response("status")).payload)
        assert status["data"]["commands_refused"] == 1
        assert len(ear.of(told)) == 1
        assert last(ear, YARD.setting_state("armed")) == "ON"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_retained_command_of_yesterday_is_not_obeyed(
    house: House, ear: Ear, protocol: str
) -> None:
    ear.say(YARD.setting_set("armed"), "OFF", retain=True)
    house.config["mqtt"]["protocol"] = protocol
    agent = house.agent()
    wait_state(ear, TOPICS.availability, "online")
    ear.say(TOPICS.request("status"), '{"transaction": 1}')
    ear.wait_for(TOPICS.response("status"))
    assert last(ear, YARD.setting_state("armed")) == "ON"
    assert agent.stop() == 0


def test_sigterm_in_mid_event_ends_it_and_saves_it(house: House, ear: Ear) -> None:
    house.simulate()
    without_end(house)
    agent = house.agent()
    wait_event(ear, "motion_started")
    assert agent.stop() == 0
    ended = wait_event(ear, "motion_ended")
    assert ended["reason"] == "shutdown"
    saved = wait_event(ear, "recording_saved")
    assert pictures_in(house.store / saved["path"]) == saved["frames"]
    wait_state(ear, TOPICS.availability, "offline")
    order = [heard.topic for heard in ear.heard]
    assert order[-1] == TOPICS.availability  # Home Assistant hears no event of one who is offline
    assert last(ear, YARD.motion) == "OFF"
    assert last(ear, YARD.availability) == "offline"


def test_a_killed_agent_loses_no_stored_event_and_keeps_what_was_on_disk_of_the_broken_one(
    house: House, ear: Ear
) -> None:
    house.simulate()
    agent = house.agent()
    first = wait_event(ear, "recording_saved")
    assert agent.stop() == 0
    wait_state(ear, TOPICS.availability, "offline")
    film = next(house.store.glob(f"{CAMERA}/*/*.mp4"))
    count = len(events(ear, "motion_started"))
    without_end(house)
    agent = house.agent()
    broken = wait_event(ear, "motion_started", count + 1)
    size = film.stat().st_size
    wait_until("some of it is on disk", lambda: film.stat().st_size > size)
    wait_state(ear, TOPICS.availability, "online")
    agent.kill()
    wait_state(ear, TOPICS.availability, "offline")  # the will
    unrepaired = pictures_in(film)
    assert unrepaired >= first["frames"]

    del house.config["cameras"][CAMERA]["recording"]
    house.agent()
    ended = wait_until(
        "the end of the broken event",
        lambda: [e for e in events(ear, "motion_ended") if e["id"] == broken["id"]],
    )
    assert ended[0]["reason"] == "interrupted"
    assert ended[0]["changed_pixels"] == broken["changed_pixels"] > 0
    assert ended[0]["duration_s"] is None  # nobody saw its end
    saved = wait_until(
        "the clip of the broken event",
        lambda: [e for e in events(ear, "recording_saved") if e["id"] == broken["id"]],
    )
    assert saved[0]["frames"] > 0
    assert pictures_in(house.store / saved[0]["path"]) == saved[0]["frames"]
    assert pictures_in(film) >= unrepaired
    later = len(events(ear, "recording_saved"))
    wait_event(ear, "recording_saved", later + 1)
    assert pictures_in(film) > unrepaired
    seqs = [json.loads(p)["seq"] for p in ear.payloads(YARD.event_motion)]
    assert sorted(set(seqs)) == list(range(1, max(seqs) + 1))


def test_events_of_a_time_without_a_broker_come_late_and_in_order(
    house: House, broker: Broker
) -> None:
    broker.kill()
    house.simulate()
    agent = house.agent()
    agent.wait_for_line("motion .* ended")
    agent.signal(signal.SIGSTOP)  # it must not be there before the one who listens
    broker.start()
    with Ear(broker.port, YARD.event_motion) as ear:
        agent.signal(signal.SIGCONT)
        started = wait_event(ear, "motion_started")
        ended = wait_event(ear, "motion_ended")
    assert started["late"] is True
    assert ended["seq"] == started["seq"] + 1


def test_a_restart_command_starts_the_agent_anew_in_the_same_process(
    house: House, ear: Ear
) -> None:
    agent = house.agent()
    wait_state(ear, TOPICS.availability, "online")
    ear.say(TOPICS.restart, "PRESS")
    ear.wait_in_order(TOPICS.availability, b"online", b"offline", b"online")
    assert json.loads(ear.payloads(TOPICS.response("restart"))[0])["ok"] is True
    assert agent.log.count("starting, version") == 2
    assert agent.log.count(f", state in {house.folder / 'state'}") == 2
    assert agent.stop() == 0


def test_a_lost_camera_ends_the_event_and_is_reported_and_comes_back(
    house: House, ear: Ear
) -> None:
    camera = house.simulate()
    without_end(house)
    house.agent()
    wait_event(ear, "motion_started")
    camera.signal(signal.SIGSTOP)
    ended = wait_event(ear, "motion_ended")
    assert ended["reason"] == "camera_lost"
    wait_state(ear, YARD.availability, "offline")
    (problem,) = house.command("health").stdout.splitlines()[1:]
    assert problem.startswith(f"  {CAMERA}_camera_")
    assert problem.endswith(tuple(HELP.values()))
    camera.signal(signal.SIGCONT)
    wait_state(ear, YARD.availability, "online")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cameras": {}}, "cameras"),
        ({"beep": {"sound": "/nowhere/beep.wav"}}, "beep.wav"),
        ({"cameras": {"yard": {"source": "telnet://1.2.3.4"}}}, "scheme"),
        ({"cameras": {"yard": {"source": "hk://1.2.3.4", "mask": "/nowhere.png"}}}, "nowhere.png"),
    ],
)
def test_a_bad_configuration_ends_with_2_and_names_the_mistake(
    house: House, change: dict[str, Any], expected: str
) -> None:
    house.config.update(change)
    agent = house.agent()
    assert agent.wait() == 2
    assert expected in agent.log
    assert "Traceback" not in agent.log


def test_run_tells_all_mistakes_in_one_go(house: House) -> None:
    yard = {"source": "telnet://1.2.3.4", "mask": "/nowhere.png"}
    house.config |= {"cameras": {"yard": yard}, "beep": {"volum": 1}}
    agent = house.agent()
    assert agent.wait() == 2
    for key in ("cameras.yard.source", "cameras.yard.mask", "beep.volum"):
        assert key in agent.log


def test_the_discovery_command_prints_and_cleans(house: House, ear: Ear) -> None:
    agent = house.agent()
    wait_state(ear, TOPICS.availability, "online")
    assert agent.stop() == 0
    printed = house.command("discovery")
    assert printed.returncode == 0
    assert TOPICS.discovery("homeassistant", CAMERA) in printed.stdout
    assert house.command("discovery", "--clean").returncode == 0
    topic = TOPICS.discovery("homeassistant", CAMERA)
    wait_until("the payload is removed", lambda: ear.payloads(topic)[-1] == b"")
    house.config["mqtt"]["port"] = free_port()
    nobody = house.command("discovery", "--clean")
    where = f"broker 127.0.0.1:{house.config['mqtt']['port']}"
    assert nobody.returncode == 2
    assert nobody.stderr.startswith(f"{where}: nobody listens there: does a broker run? check")


def test_two_agents_do_not_share_one_state_folder(house: House, ear: Ear) -> None:
    house.agent()
    wait_state(ear, TOPICS.availability, "online")
    second = Process(
        house.folder / "second.log", "run", "--config", str(house.folder / "config.yaml")
    )
    assert second.wait() == 2
    assert "another agent" in second.log


def test_the_first_motion_is_heard_and_the_next_within_a_minute_is_not(
    house: House, ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_portaudio()
    card = SoundCard(tmp_path, monkeypatch)
    card.plug_in()
    house.config["beep"] = {"enabled": True}
    house.simulate()
    house.agent()
    wait_event(ear, "motion_ended")
    wait_event(ear, "motion_started", 2)
    wait_until("the beep is heard", card.heard)
    ear.say(TOPICS.beep_play, '{"transaction": 7}')
    answer = json.loads(ear.wait_for(TOPICS.response("beep")).payload)
    assert (answer["ok"], answer["transaction"]) == (True, 7)
    assert len(card.heard()) == 2  # the first motion's and the one asked for


def test_without_a_sound_card_everything_else_goes_on(
    house: House, ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_portaudio()
    SoundCard(tmp_path, monkeypatch)
    house.config["beep"] = {"enabled": True}
    house.simulate()
    agent = house.agent()
    wait_event(ear, "motion_ended")
    wait_until(
        "the missing speaker is a problem in health",
        lambda: "audio_no_device" in last(ear, TOPICS.health),
    )
    assert json.loads(last(ear, TOPICS.health))["status"] == "ok"
    assert agent.log.count("speaker: no_device") == 1
