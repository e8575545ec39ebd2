"""Schedules and snoozes of a running agent, over a reload, a restart and a day that goes by."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.test_page import looking, state
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House, Process
from tests.support.waiting import wait_until
from tests.support.wallclock import CLOCK, put_ahead, seconds_ahead, wallclock

MORNING = "2028-02-29T06:59:00+00:00"
RULES = [
    {"at": "22:00", "armed": True},
    {"at": "07:00", "armed": False, "sensitivity": "low"},
]


@pytest.fixture
def house(house: House) -> House:
    house.config["agent"]["trust_clock"] = "always"
    house.config["cameras"] = {"yard": {"source": "demo:"}}
    return house


def last(ear: Ear, topic: str) -> bytes:
    heard = ear.payloads(topic)
    return heard[-1] if heard else b"nothing yet"


def wait_state(ear: Ear, topic: str, value: bytes) -> None:
    wait_until(f"{topic} = {value!r}", lambda: last(ear, topic) == value)


def said(ear: Ear, topic: str) -> dict[str, Any]:
    heard = ear.payloads(topic)
    found: dict[str, Any] = json.loads(heard[-1]) if heard else {}
    return found


def events(ear: Ear) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in ear.payloads(YARD.event_motion)]


def reload(house: House, agent: Process) -> None:
    (house.folder / "config.yaml").write_text(yaml.safe_dump(house.config))
    agent.signal(signal.SIGHUP)


def test_a_time_of_the_day_disarms_a_command_wins_until_the_next_and_a_restart_keeps_it(
    house: House, ear: Ear, tmp_path: Path
) -> None:
    (tmp_path / CLOCK).write_bytes(bytes(8))
    put_ahead(tmp_path, seconds_ahead(MORNING, datetime.now(UTC)))
    house.config["schedule"] = RULES
    agent = house.agent(**wallclock(tmp_path))
    wait_state(ear, YARD.setting_state("armed"), b"ON")
    wait_until("a plan", lambda: "until Tue 07:00" in said(ear, YARD.schedule).get("text", ""))
    put_ahead(tmp_path, seconds_ahead("2028-02-29T07:00:10+00:00", datetime.now(UTC)))
    wait_state(ear, YARD.setting_state("armed"), b"OFF")
    wait_state(ear, YARD.setting_state("sensitivity"), b"low")
    agent.wait_for_line("armed = OFF.*by schedule")
    wait_until("who", lambda: said(ear, YARD.schedule)["modes"]["armed"]["by"] == "schedule")

    ear.say(YARD.setting_set("armed"), "ON")
    wait_until("who", lambda: said(ear, YARD.schedule)["modes"]["armed"]["by"] == "command")
    assert said(ear, YARD.schedule)["modes"]["armed"]["until"] == "2028-02-29T22:00:00.000+00:00"
    assert agent.stop() == 0
    again = house.agent(**wallclock(tmp_path))
    ear.wait_in_order(TOPICS.availability, b"online", b"offline", b"online")
    wait_state(ear, YARD.setting_state("armed"), b"ON")
    assert said(ear, YARD.schedule)["modes"]["armed"]["by"] == "command"
    assert again.stop() == 0
    put_ahead(tmp_path, seconds_ahead("2028-03-01T08:00:00+00:00", datetime.now(UTC)))
    last_one = house.agent(**wallclock(tmp_path))
    wait_state(ear, YARD.setting_state("armed"), b"OFF")
    assert last_one.stop() == 0


def test_a_schedule_is_taken_over_by_sighup_without_a_new_session(house: House, ear: Ear) -> None:
    agent = house.agent()
    agent.wait_for_line("camera yard: live")
    every = [{"at": "00:00", "privacy": False, "armed": False}]
    house.config["schedule"] = every
    reload(house, agent)
    wait_state(ear, YARD.setting_state("armed"), b"OFF")
    agent.wait_for_line("configuration: read again: changed the schedule")
    assert agent.log.count("camera yard: live") == 1
    assert "needs a restart" not in agent.log
    house.config["cameras"]["yard"]["schedule"] = []
    reload(house, agent)
    wait_state(ear, YARD.setting_state("armed"), b"ON")
    assert agent.log.count("camera yard: live") == 1
    assert agent.stop() == 0


def test_a_bad_rule_is_named_by_check_config_and_changes_nothing(house: House, ear: Ear) -> None:
    agent = house.agent()
    wait_state(ear, YARD.setting_state("armed"), b"ON")
    house.config["schedule"] = [{"at": "sunrise", "armed": False}]
    reload(house, agent)
    agent.wait_for_line("nothing is taken over")
    assert "'sunrise' needs a place: add `location:" in agent.log
    checked = house.command("check-config")
    assert checked.returncode == 2
    assert "schedule: 'sunrise' needs a place" in checked.stderr
    assert last(ear, YARD.setting_state("armed")) == b"ON"
    assert agent.stop() == 0


def test_a_snooze_is_in_every_event_outlives_a_kill_and_ends_by_command(
    house: House, ear: Ear
) -> None:
    agent = house.agent()
    wait_until("an event", lambda: events(ear))
    assert events(ear)[0]["snoozed"] is False
    ear.say(TOPICS.snooze_set, "30")
    wait_until("snoozed", lambda: said(ear, TOPICS.snooze).get("minutes") == 30)
    until = said(ear, YARD.snooze)["until"]
    seen = len(events(ear))
    wait_until("another event", lambda: len(events(ear)) > seen + 1)
    assert events(ear)[-1]["snoozed"] is True
    kept = house.folder / "state" / "modes.json"
    wait_until("it is kept", lambda: kept.exists() and "minutes" in kept.read_text())
    agent.kill()
    wait_state(ear, TOPICS.availability, b"offline")
    again = house.agent()
    wait_state(ear, TOPICS.availability, b"online")
    assert said(ear, YARD.snooze) == {"v": 1, "until": until, "minutes": 30}
    answers = len(ear.payloads(YARD.response("snooze")))
    ear.say(YARD.snooze_set, "0")
    wait_until("an answer", lambda: len(ear.payloads(YARD.response("snooze"))) > answers)
    assert said(ear, YARD.snooze)["until"] is None
    ear.say(YARD.snooze_set, "1441")
    wait_until("a refusal", lambda: b"out_of_range" in last(ear, YARD.response("snooze")))
    assert again.stop() == 0


def test_the_page_shows_the_grey_card_and_until_when_it_is_quiet(
    house: House, tmp_path: Path
) -> None:
    grey = """(() => { const it = document.createElement('canvas').getContext('2d');
      it.drawImage(document.querySelector('.camera img'), 0, 0);
      return [...it.getImageData(2, 2, 1, 1).data].slice(0, 3).every((v) => v > 120 && v < 136);
      })()"""
    rules = [{"at": "00:00", "beep_on_motion": False}]
    with looking(house, tmp_path, schedule=rules) as (browser, agent, _):
        browser.wait("document.querySelector('.camera img').naturalWidth > 100")
        assert "does not beep" in browser.run("document.querySelector('.schedule').textContent")
        browser.click(".private")
        browser.wait("document.querySelector('.private').getAttribute('aria-checked') === 'true'")
        browser.wait("document.querySelector('.state').dataset.state === 'private'")
        browser.wait(grey)
        browser.wait("document.querySelector('figcaption').textContent.includes('Privacy mode')")
        assert browser.run("document.querySelector('.snapshot').disabled") is True
        browser.click(".snooze")
        browser.wait("document.querySelector('.snooze').textContent.startsWith('Quiet until')")
        told: Any = state(browser)["cameras"]
        assert told[0]["snoozed_until"] is not None
        agent.wait_for_line("snoozed for 30 minutes")
        browser.run("document.querySelector('.camera').focus()")
        browser.key("q")
        browser.wait("document.querySelector('.snooze').getAttribute('aria-checked') === 'false'")
        browser.key("p")
        browser.wait("document.querySelector('.state').dataset.state === 'live'")
        browser.wait(f"!{grey}")
