"""Clips that somebody asks for while motion comes and goes; the real agent, broker and store."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.test_agent import events, last, wait_event, wait_state
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.waiting import wait_until


def _ask(ear: Ear, transaction: str, seconds: int) -> dict[str, Any]:
    """The answer to a request for a clip."""
    ear.say(YARD.recording_start, json.dumps({"transaction": transaction, "seconds": seconds}))

    def answers() -> list[dict[str, Any]]:
        told = [json.loads(payload) for payload in ear.payloads(YARD.response("record"))]
        return [answer for answer in told if answer["transaction"] == transaction]

    wait_until("an answer", answers)
    (answer,) = answers()
    return answer


def test_a_clip_is_had_whole_while_motion_that_is_not_recorded_comes_and_goes(
    house: House, ear: Ear
) -> None:
    house.simulate()
    house.agent()
    wait_state(ear, YARD.availability, "online")
    ear.say(YARD.setting_set("record_on_motion"), "OFF")
    wait_state(ear, YARD.setting_state("record_on_motion"), "OFF")
    wait_state(ear, YARD.motion, "ON")
    wait_state(ear, YARD.motion, "OFF")
    before = len(events(ear, "motion_ended"))
    first = _ask(ear, "t1", 14)
    assert first["ok"], first
    assert not _ask(ear, "t2", 5)["ok"], "one at a time"
    wait_event(ear, "motion_ended", before + 1)
    saved = wait_event(ear, "recording_saved")
    assert (saved["id"], saved["motion_id"]) == (first["data"]["id"], None)
    assert saved["duration_s"] >= 13
    assert not saved["truncated"]
    wait_state(ear, YARD.recording, "OFF")


def test_a_clip_is_begun_while_an_event_runs_that_is_not_recorded(house: House, ear: Ear) -> None:
    house.simulate()
    house.agent()
    wait_state(ear, YARD.availability, "online")
    ear.say(YARD.setting_set("record_on_motion"), "OFF")
    wait_state(ear, YARD.setting_state("record_on_motion"), "OFF")
    wait_state(ear, YARD.motion, "OFF")
    wait_state(ear, YARD.motion, "ON")
    assert last(ear, YARD.recording) == "OFF"
    answer = _ask(ear, "t1", 2)
    assert answer["ok"], answer
    saved = wait_event(ear, "recording_saved")
    assert saved["id"] == answer["data"]["id"]
    assert events(ear, "recording_failed") == []
