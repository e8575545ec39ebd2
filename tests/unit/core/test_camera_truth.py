from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.core import engine
from agent.core.absent_cameras import MOST_ABSENT
from agent.core.anchors import CameraAnchor
from agent.core.cameras import change_cameras
from agent.core.effects import Effect
from agent.core.health import agent_health, camera_health
from agent.core.messages import (
    CameraCode,
    CameraState,
    ClipClosed,
    ClipOpened,
    EndReason,
    StoreAnchored,
)
from agent.core.owner_answers import ProposalMade
from agent.core.state import AgentNow, CameraSetup, Gauges, Picture, Setup, Tick
from agent.core.stats import CameraStats, StoreStats, VisionStats
from schemas.messages import Publish
from schemas.modes import StoredModes, StoredSnooze
from schemas.proposal import Proposal
from schemas.settings import CameraSettings, StoredSettings, StoredValue
from schemas.state import PictureMeta
from tests.support.engine import START, TOPICS, at, begun

YARD = CameraSetup("yard", CameraSettings(), power_cycle_after=3)
LANE = CameraSetup("lane", CameraSettings())


def hear(
    state: AgentNow,
    code: CameraCode,
    second: float,
    retry: float | None = None,
    *,
    found: bool = True,
    answers: bool = False,
) -> AgentNow:
    at_second = 100.0 + second
    cause = CameraState("yard", code, "why", at_second, 1, retry, found=found, answers=answers)
    return engine.step(state, cause, at(second))[0]


def health(state: AgentNow, second: float) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        camera_health(state, state.cameras["yard"], at(second)).to_json()
    )
    return told


def test_every_counter_of_the_owners_is_in_health() -> None:
    camera = CameraStats(fragments_lost=1, fragments_reordered=2, datagrams_short=3)
    vision = VisionStats(clips_truncated=4, preroll_dropped=5)
    gauges = Gauges(cameras={"yard": camera}, vision={"yard": vision})
    state, _ = engine.step(begun(YARD), Tick(gauges), at(1))
    told = health(state, 1)
    names = ("fragments_lost", "fragments_reordered", "datagrams_short")
    assert [told[name] for name in (*names, "clips_truncated", "preroll_dropped")] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_every_counter_of_the_store_is_in_health() -> None:
    gauges = Gauges(
        store=StoreStats(spool_records=1, spool_bytes=2048, lost_events=3, lost_records=4)
    )
    state, _ = engine.step(begun(YARD), Tick(gauges), at(1))
    told = json.loads(agent_health(state, at(1)).to_json())["storage"]
    names = ("spool_records", "spool_kib", "lost_events", "lost_records")
    assert [told[name] for name in names] == [1, 2, 3, 4]


def test_after_so_many_failed_attempts_the_camera_needs_a_power_cycle_until_frames_come() -> None:
    state = begun(YARD)
    for second in range(2):
        state = hear(state, CameraCode.UNREACHABLE, second, 1.0)
    assert not health(state, 2)["needs_power_cycle"]
    state = hear(state, CameraCode.STALLED, 3, 0.0)
    told = health(state, 3)
    assert (told["needs_power_cycle"], told["failed_attempts"]) == (True, 3)
    assert "needs_power_cycle" in told["problems"]
    state = hear(state, CameraCode.CONNECTING, 4)
    assert health(state, 4)["needs_power_cycle"]
    state = hear(state, CameraCode.LIVE, 5)
    assert not health(state, 5)["needs_power_cycle"]


def test_after_frames_came_all_attempts_count_anew() -> None:
    state = begun(YARD)
    for code in (CameraCode.STALLED, CameraCode.LIVE, CameraCode.STALLED, CameraCode.STALLED):
        state = hear(state, code, 0, None if code is CameraCode.LIVE else 1.0)
    assert health(state, 1)["failed_attempts"] == 2
    assert not health(state, 1)["needs_power_cycle"]


def test_a_refusal_is_no_case_for_the_plug() -> None:
    state = begun(YARD)
    for second in range(9):
        state = hear(state, CameraCode.REFUSED, second, 60.0)
    assert not health(state, 9)["needs_power_cycle"]


@pytest.mark.parametrize(
    "code", [CameraCode.UNREACHABLE, CameraCode.STALLED, CameraCode.CONNECTING]
)
def test_a_camera_that_answers_is_no_case_for_the_plug(code: CameraCode) -> None:
    state = begun(YARD)
    for second in range(9):
        state = hear(state, code, second, 15.0, answers=True)
    told = health(state, 9)
    assert (told["needs_power_cycle"], told["failed_attempts"]) == (False, 0)


def test_a_name_that_does_not_resolve_is_no_case_for_the_plug() -> None:
    state = begun(YARD)
    for second in range(9):
        state = hear(state, CameraCode.UNREACHABLE, second, 15.0, found=False)
    told = health(state, 9)
    assert (told["needs_power_cycle"], told["failed_attempts"]) == (False, 0)


def test_a_changed_camera_begins_at_no_failed_attempts() -> None:
    state = begun(YARD)
    for second in range(3):
        state = hear(state, CameraCode.UNREACHABLE, second, 1.0)
    assert health(state, 3)["needs_power_cycle"]
    state, _ = change(state, (YARD,), {"yard"})
    told = health(state, 4)
    assert (told["needs_power_cycle"], told["failed_attempts"]) == (False, 0)


def test_since_is_the_time_of_the_first_failure_not_of_the_last() -> None:
    state = hear(begun(YARD), CameraCode.UNREACHABLE, 1, 1.0)
    first = health(state, 1)["state_since"]
    state = hear(state, CameraCode.UNREACHABLE, 9, 1.0)
    assert health(state, 9)["state_since"] == first
    state = hear(state, CameraCode.LIVE, 12)
    assert health(state, 12)["state_since"] != first


def change(
    state: AgentNow, cameras: tuple[CameraSetup, ...], renewed: set[str]
) -> tuple[AgentNow, list[Effect]]:
    seqs = {("lane", "motion"): 7}
    return change_cameras(state, cameras, renewed, seqs, at(20))


def topics(effects: list[Effect], payload: bytes | None = None) -> set[str]:
    published = [effect for effect in effects if isinstance(effect, Publish)]
    return {p.topic for p in published if payload is None or p.payload == payload}


def test_a_camera_that_stays_is_the_very_same_when_another_comes() -> None:
    before = hear(begun(YARD), CameraCode.LIVE, 1)
    after, effects = change(before, (YARD, LANE), {"lane"})
    assert after.cameras["yard"] is before.cameras["yard"]
    assert after.cameras["lane"].motion_seq == 7
    assert TOPICS.camera("lane").availability in topics(effects)
    assert TOPICS.camera("yard").availability not in topics(effects)


@pytest.mark.parametrize("told", ["before", "meanwhile", "at the start"])
def test_a_camera_that_comes_back_has_its_anchor_and_its_proposal(told: str) -> None:
    anchor = CameraAnchor("store", "agent", "yard", "2026-11-22T08:00:00Z", settled=True)
    made = Proposal(camera="yard", text="less sensitive")
    owners = StoreAnchored("yard", anchor), ProposalMade("yard", made)

    def heard(state: AgentNow) -> AgentNow:
        for cause in owners:
            state = engine.step(state, cause, at(2))[0]
        return state

    state = begun(LANE) if told == "at the start" else begun(YARD, LANE)
    state = heard(state) if told != "meanwhile" else state
    state, _ = change(state, (LANE,), set())
    state = heard(state) if told == "meanwhile" else state
    state, effects = change(state, (YARD, LANE), {"yard"})
    yard = state.cameras["yard"]
    assert (yard.anchor, yard.proposal) == (anchor, made)
    said = {it.topic: it.payload for it in effects if isinstance(it, Publish)}
    topics_ = TOPICS.camera("yard")
    assert json.loads(said[topics_.store_anchor])["camera"] == "yard"
    assert json.loads(said[topics_.proposal])["text"] == "less sensitive"


def test_what_was_told_of_cameras_that_never_come_back_is_bounded() -> None:
    state = begun(YARD)
    for number in range(3 * MOST_ABSENT):
        name = f"c{number}"
        anchor = CameraAnchor("store", "agent", name, "2026-11-22T08:00:00Z", settled=True)
        for cause in (StoreAnchored(name, anchor), ProposalMade(name, Proposal(camera=name))):
            state = engine.step(state, cause, at(2))[0]
    assert len(state.absent_anchors) == len(state.absent_proposals) == MOST_ABSENT
    assert f"c{3 * MOST_ABSENT - 1}" in state.absent_anchors


def test_a_changed_camera_keeps_its_counts_and_what_commands_set() -> None:
    state = hear(begun(YARD), CameraCode.LIVE, 1)
    state = state.with_camera(replace(state.cameras["yard"], motion_seq=4, events=2))
    changed = CameraSetup("yard", CameraSettings(clear_delay=5.0))
    after, _ = change(state, (changed,), {"yard"})
    yard = after.cameras["yard"]
    assert (yard.motion_seq, yard.events, yard.link) == (4, 2, None)
    assert yard.settings.clear_delay == 5.0


def test_pictures_of_before_that_show_what_is_hidden_now_are_cleared() -> None:
    state = hear(begun(YARD), CameraCode.LIVE, 1)
    meta = PictureMeta(id="1", captured_at=START, reason="manual", width=1, height=1, bytes=1)
    shown = Picture(meta, b"a neighbour's window")
    state = state.with_camera(replace(state.cameras["yard"], snapshot=shown, motion_picture=shown))
    same, _ = change(state, (YARD,), {"yard"})
    assert same.cameras["yard"].snapshot is shown
    after, effects = change(state, (replace(YARD, hides="((0, 0), (1, 0), (1, 1))"),), {"yard"})
    assert after.cameras["yard"].snapshot is None
    assert after.cameras["yard"].motion_picture is None
    yard = TOPICS.camera("yard")
    pictures = {yard.snapshot, yard.motion_image, yard.motion_delta, yard.overlay, yard.heatmap}
    about = {yard.snapshot_meta, yard.motion_image_meta, yard.overlay_meta, yard.heatmap_meta}
    assert topics(effects, b"") >= pictures | about | {yard.live_image, yard.live_meta}
    assert yard.motion_attributes not in topics(effects, b"")


def test_a_changed_camera_records_nothing_on_demand_and_late_words_end_no_newer_clip() -> None:
    def opened(state: AgentNow, clip: str) -> AgentNow:
        return engine.step(state, ClipOpened("yard", clip, 1.0, START, None), at(1))[0]

    state, effects = change(opened(begun(YARD), "first"), (YARD,), {"yard"})
    assert state.cameras["yard"].clip is None
    assert TOPICS.camera("yard").recording in topics(effects, b"OFF")
    late = ClipClosed("yard", "first", 2.0, EndReason.SHUTDOWN)
    state = engine.step(opened(state, "second"), late, at(2))[0]
    assert state.cameras["yard"].clip == "second"


def test_everything_retained_of_a_camera_that_went_is_cleared() -> None:
    state = begun(YARD, LANE)
    after, effects = change(state, (LANE,), set())
    assert list(after.cameras) == ["lane"]
    gone = topics(effects, b"")
    yard = TOPICS.camera("yard")
    assert {yard.availability, yard.health, yard.motion, yard.snapshot, yard.motion_delta} <= gone
    assert all(topic.startswith(f"{TOPICS.root}/yard/") for topic in gone)


def errors(effects: list[Effect]) -> list[str]:
    told = [e for e in effects if isinstance(e, Publish) and e.topic == TOPICS.error]
    return [json.loads(each.payload)["code"] for each in told]


def test_the_last_error_is_over_when_its_camera_goes() -> None:
    state = hear(begun(YARD, LANE), CameraCode.UNREACHABLE, 1)
    assert state.error is not None
    assert state.error.code == "camera_unreachable"
    _, effects = change(state, (LANE,), set())
    assert errors(effects)[0] == errors(effects)[-1] == "ok"


@pytest.mark.parametrize("code", [CameraCode.DISABLED, CameraCode.PRIVATE])
def test_the_last_error_is_over_when_nobody_wants_the_camera(code: CameraCode) -> None:
    state = hear(begun(YARD, LANE), CameraCode.UNREACHABLE, 1)
    state = hear(state, code, 2)
    assert state.error is not None
    assert state.error.code == "ok"


def test_what_commands_and_snoozes_set_waits_for_a_camera_that_went_also_over_a_restart() -> None:
    since = START
    private = StoredSettings(cameras={"yard": {"privacy": StoredValue(value=True, since=since)}})
    until = since + timedelta(hours=8)
    snoozed = StoredModes(snoozes={"yard": StoredSnooze(minutes=480, until=until)})
    both, lane = (Setup(TOPICS, "Pi", "1", START, it) for it in ((YARD, LANE), (LANE,)))
    state, _ = engine.begin(both, private, {}, (), at(0), kept=snoozed)

    def comes_back(state: AgentNow) -> None:
        state, _ = change(state, (YARD, LANE), {"yard"})
        yard = state.cameras["yard"]
        assert yard.settings.privacy
        assert yard.snooze is not None
        assert state.stored_settings() == private

    state, _ = change(state, (LANE,), set())
    assert state.stored_settings() == private  # whatever is saved meanwhile
    comes_back(state)
    kept = state.stored_settings(), state.stored_modes()
    state, _ = engine.begin(lane, kept[0], {}, (), at(0), kept=kept[1])
    comes_back(state)


def test_of_cameras_that_went_only_the_newest_are_remembered() -> None:
    off = {"armed": StoredValue(value=False, since=START)}
    many = {f"camera_{number}": off for number in range(150)}
    setup = Setup(TOPICS, "Pi", "1", START, (LANE,))
    state, _ = engine.begin(setup, StoredSettings(cameras=many), {}, (), at(0))
    assert list(state.stored_settings().cameras) == [f"camera_{n}" for n in range(50, 150)]
