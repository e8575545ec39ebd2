"""Each invariant can fail: a run in which all was well, doctored in one place."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.resilience.gather import store_seen
from tests.resilience.invariants import INVARIANTS, violations
from tests.resilience.observation import (
    Clip,
    Footprint,
    Health,
    Interval,
    Life,
    Observation,
    SentFrame,
    StoreSeen,
    Taken,
    Told,
)
from tests.resilience.visits import to_be_seen
from tests.support.agent_process import CAMERA, TOPICS, YARD

ZERO = datetime(2026, 11, 23, 9, tzinfo=UTC)
SHA = "ab" * 32


def frames(until: float = 12.0) -> list[SentFrame]:
    """Six a second from 2 s on; somebody is there in the second half of each 4 s."""
    times = [2.0 + n / 6 for n in range(int((until - 2.0) * 6))]
    return [SentFrame(at, True, at % 4 >= 2 and at > 4, (1, 1)) for at in times]


def motion(seq: int, kind: str, event: str, at: float, begun: float) -> Told:
    utc = (ZERO + timedelta(seconds=at)).isoformat()
    what = {
        "event_type": kind,
        "id": event,
        "seq": seq,
        "ts": utc,
        "started_at": (ZERO + timedelta(seconds=begun)).isoformat(),
        "duration_s": at - begun,
        "reason": "cleared",
        "late": False,
    }
    return Told(at + 0.1, what)


def recording(seq: int, event: str, kind: str = "recording_saved") -> Told:
    what = {
        "event_type": kind,
        "id": event,
        "seq": seq,
        "path": f"yard/2026-11-23/events/{event}.mp4",
        "size_bytes": 1000,
        "frames": 12,
        "error": None,
        "truncated": False,
    }
    return Told(20.0, what)


def line(event: str) -> dict[str, Any]:
    named = {"name": f"events/{event}.mp4", "size": 1000, "sha256": SHA}
    place = [{"file": "2026-11-23.mp4", "position_ms": 0, "length_ms": 2000}]
    files = {"clip": named}
    begun = ZERO + timedelta(seconds=6.2 if event == "A" else 10.2)
    ended = begun + timedelta(seconds=2.1)
    when = {"date": "2026-11-23", "started": begun.isoformat(), "ended": ended.isoformat()}
    return {"id": event, **when, "frames": 12, "day": place, "files": files}


def good() -> Observation:
    """Two visits, two events, two clips."""
    clips = {e: Clip(f"events/{e}.mp4", True, 1000, SHA, 12) for e in "AB"}
    return Observation(
        frames=frames(),
        lives=[Life(Interval(0.0, 14.0), "SIGTERM", 0)],
        motion=[
            motion(1, "motion_started", "A", 6.2, 6.2),
            motion(2, "motion_ended", "A", 8.3, 6.2),
            motion(3, "motion_started", "B", 10.2, 10.2),
            motion(4, "motion_ended", "B", 12.3, 10.2),
        ],
        recordings=[recording(1, "A"), recording(2, "B")],
        offsets=[(0.0, 0.0)],
        utc_of_zero=ZERO,
        healths=[Health(13.8, {"ts": (ZERO + timedelta(seconds=13.7)).isoformat(), "frames": 60})],
        calm={
            TOPICS.availability: b"online",
            YARD.availability: b"online",
            YARD.motion: b"OFF",
            YARD.root + "/recording/state": b"OFF",
            YARD.setting_state("armed"): b"ON",
            TOPICS.health: b'{"status": "ok", "problems": []}',
            YARD.health: b'{"status": "ok", "problems": []}',
            TOPICS.error: b'{"code": "ok"}',
        },
        gone={
            TOPICS.availability: b"offline",
            YARD.availability: b"offline",
            YARD.motion: b"OFF",
        },
        status={"storage": {"state": "ok"}, "mqtt": {"state": "connected"}, "problems": []},
        store=StoreSeen([line("A"), line("B")], [], clips, {"2026-11-23": 24}, []),
        pair=(Footprint(8, 11, 1, 170.0), Footprint(8, 11, 1, 171.0)),
        idle_share=0.03,
    )


def _without_an_event(seen: Observation) -> None:
    seen.motion = [replace(t, what={**t.what, "seq": t.what["seq"] - 2}) for t in seen.motion[2:]]


def _with_an_event_of_nobody(seen: Observation) -> None:
    seen.motion[1] = motion(2, "motion_ended", "A", 4.8, 4.0)


def _with_a_missing_number(seen: Observation) -> None:
    del seen.motion[1]


def _with_a_fetched_number(seen: Observation) -> None:
    seen.motion[0] = replace(seen.motion[0], fetched=True)


def _with_a_missing_recording(seen: Observation) -> None:
    del seen.recordings[0]


def _out_of_order(seen: Observation) -> None:
    seen.motion[1], seen.motion[2] = seen.motion[2], seen.motion[1]


def _told_in_two_ways(seen: Observation) -> None:
    seen.motion.append(replace(seen.motion[3], what={**seen.motion[3].what, "id": "C"}))


def _without_an_end(seen: Observation) -> None:
    del seen.motion[3]


def _without_a_word_about_the_clip(seen: Observation) -> None:
    del seen.recordings[1]


def _saved_but_not_in_the_manifest(seen: Observation) -> None:
    del seen.store.lines[1]


def _without_the_clip(seen: Observation) -> None:
    seen.store.clips["A"] = replace(seen.store.clips["A"], exists=False)


def _with_a_flipped_bit(seen: Observation) -> None:
    seen.store.clips["A"] = replace(seen.store.clips["A"], sha256="cd" * 32)


def _with_a_picture_less(seen: Observation) -> None:
    seen.store.clips["A"] = replace(seen.store.clips["A"], pictures=11)


def _with_a_short_day(seen: Observation) -> None:
    seen.store.day_pictures["2026-11-23"] = 23


def _without_a_place(seen: Observation) -> None:
    seen.store.lines[0]["day"] = []


def _damaged(seen: Observation) -> None:
    seen.store.verified = ["yard/2026-11-23/2026-11-23.mp4: fragment 3"]


def _twice_in_the_manifest(seen: Observation) -> None:
    seen.store.lines.append(line("A"))


def _with_motion_on(seen: Observation) -> None:
    seen.calm[YARD.motion] = b"ON"


def _with_bad_health(seen: Observation) -> None:
    seen.calm[TOPICS.health] = b'{"status": "degraded", "problems": ["store_stalled"]}'


def _with_an_old_error(seen: Observation) -> None:
    seen.calm[TOPICS.error] = b'{"code": "store_stalled"}'


def _online_though_gone(seen: Observation) -> None:
    seen.gone[YARD.availability] = b"online"


def _with_a_store_in_trouble(seen: Observation) -> None:
    seen.status["storage"]["state"] = "stalled"


def _without_status(seen: Observation) -> None:
    seen.status = {}


def _saved_without_a_picture(seen: Observation) -> None:
    seen.recordings[0].what["frames"] = 0


def _with_a_clip_of_half_the_event(seen: Observation) -> None:
    seen.recordings[0].what["frames"] = 6
    seen.store.clips["A"] = replace(seen.store.clips["A"], pictures=6)


def _with_frames_that_never_arrived(seen: Observation) -> None:
    seen.healths[0].of["frames"] = 40


def _failed_without_a_code(seen: Observation) -> None:
    seen.recordings[0] = recording(1, "A", "recording_failed")


def _blind_though_live(seen: Observation) -> None:
    seen.healths[0].of["problems"] = ["not_judged"]


def _disarmed_by_an_old_command(seen: Observation) -> None:
    seen.disarmed = [Interval(9.0, 9.1)]


def _with_an_event_that_home_assistant_never_had(seen: Observation) -> None:
    seen.listening = [Interval(9.0, float("inf"))]
    seen.offered = [replace(told, at=9.5) for told in seen.motion[1:]]


def _with_something_taken_and_not_told(seen: Observation) -> None:
    seen.taken = [Taken(9.0, Path("taken"))]
    seen.recordings[1] = replace(seen.recordings[1], at=13.0)


def _with_a_stray(seen: Observation) -> None:
    seen.strays = ["tmp/x"]


def _with_a_thread_more(seen: Observation) -> None:
    seen.pair = (Footprint(8, 11, 1, 170.0), Footprint(10, 11, 1, 170.0))


def _with_more_memory(seen: Observation) -> None:
    seen.pair = (Footprint(8, 11, 1, 170.0), Footprint(8, 11, 1, 230.0))


def _with_much_memory_for_a_while(seen: Observation) -> None:
    seen.pair = (Footprint(8, 11, 1, 170.0), Footprint(8, 11, 1, 171.0, 90.0, 700.0))


def _busy(seen: Observation) -> None:
    seen.idle_share = 0.9


def _ended_by_itself(seen: Observation) -> None:
    seen.lives.insert(0, Life(Interval(-5.0, -1.0), None, 70))


def _with_a_traceback(seen: Observation) -> None:
    seen.log = "ERROR worker store: failed | Traceback (most recent call last): ..."


def _with_a_bad_payload(seen: Observation) -> None:
    seen.complaints = ["surveillance/pi/health: $.status"]


def _unanswered(seen: Observation) -> None:
    seen.unanswered = ["snapshot: None"]


def _unrecovered(seen: Observation) -> None:
    seen.unrecovered = ["not within 10 s: live"]


DOCTORED: dict[Callable[[Observation], None], str] = {
    _without_an_event: "every_visit_is_an_event",
    _with_an_event_of_nobody: "every_event_is_a_visit",
    _with_a_missing_number: "numbers_are_complete",
    _with_a_fetched_number: "numbers_are_complete",
    _with_a_missing_recording: "numbers_are_complete",
    _out_of_order: "numbers_come_in_order",
    _told_in_two_ways: "repeated_numbers_say_the_same",
    _without_an_end: "every_event_ends",
    _without_a_word_about_the_clip: "every_event_has_a_clip_or_a_reason",
    _saved_but_not_in_the_manifest: "every_event_has_a_clip_or_a_reason",
    _without_the_clip: "every_saved_clip_plays",
    _with_a_flipped_bit: "every_saved_clip_plays",
    _with_a_picture_less: "every_saved_clip_plays",
    _with_a_short_day: "every_day_shows_its_events",
    _without_a_place: "every_day_shows_its_events",
    _damaged: "the_store_verifies",
    _twice_in_the_manifest: "the_store_verifies",
    _with_motion_on: "states_are_true",
    _with_bad_health: "states_are_true",
    _with_an_old_error: "states_are_true",
    _online_though_gone: "farewell_is_true",
    _with_a_store_in_trouble: "health_agrees",
    _without_status: "health_agrees",
    _saved_without_a_picture: "no_loss_is_silent",
    _with_a_clip_of_half_the_event: "no_loss_is_silent",
    _with_frames_that_never_arrived: "no_loss_is_silent",
    _failed_without_a_code: "no_loss_is_silent",
    _blind_though_live: "live_and_armed_is_judged",
    _disarmed_by_an_old_command: "only_a_new_command_disarms_it",
    _with_an_event_that_home_assistant_never_had: "home_assistant_has_each_event",
    _with_something_taken_and_not_told: "what_was_taken_is_told",
    _with_a_stray: "no_file_is_astray",
    _with_a_thread_more: "nothing_grew",
    _with_more_memory: "nothing_grew",
    _with_much_memory_for_a_while: "nothing_grew",
    _busy: "it_is_idle_again",
    _ended_by_itself: "it_ended_only_as_it_was_told",
    _with_a_traceback: "nothing_was_raised",
    _with_a_bad_payload: "payloads_fit_their_schemas",
    _unanswered: "commands_are_answered",
    _unrecovered: "it_recovers",
}


def test_a_run_in_which_all_was_well_has_no_violation() -> None:
    assert violations(good()) == []
    assert len(to_be_seen(good())) == 2


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__.strip("_"))
def test_what_is_doctored_is_found(doctor: Callable[[Observation], None]) -> None:
    seen = good()
    doctor(seen)
    assert DOCTORED[doctor] in {violation.split(":")[0] for violation in violations(seen)}


def test_every_invariant_is_among_them() -> None:
    assert set(DOCTORED.values()) == {invariant.__name__ for invariant in INVARIANTS}


def test_a_visit_that_nobody_could_see_is_not_asked_for() -> None:
    lost = good()
    lost.frames = [replace(frame, whole=not frame.visitor) for frame in lost.frames]
    assert to_be_seen(lost) == []
    disarmed = good()
    disarmed.busy = [Interval(9.0, 11.0)]
    assert [visit.begun for visit in to_be_seen(disarmed)] == pytest.approx([6.0], abs=0.1)
    new_session = good()
    new_session.frames = [replace(f, session=(1, 1 + (f.at > 9.8))) for f in new_session.frames]
    assert len(to_be_seen(new_session)) == 1
    killed = good()
    killed.lives = [Life(Interval(0.0, 10.5), "SIGKILL", -9)]
    assert len(to_be_seen(killed)) == 1


def test_what_noise_spoilt_has_to_be_published() -> None:
    seen = good()
    _without_an_event(seen)
    seen.recordings = [replace(seen.recordings[1], what={**seen.recordings[1].what, "seq": 1})]
    seen.frames = [replace(frame, noisy=True) for frame in seen.frames]
    assert [v.split(":")[0] for v in violations(seen)] == ["every_visit_is_an_event"]
    seen.calm[YARD.health] = b'{"status": "ok", "problems": [], "datagrams_bad": 3}'
    assert violations(seen) == []


def test_what_is_lost_and_counted_is_no_silent_loss() -> None:
    cut = good()
    _with_a_clip_of_half_the_event(cut)
    cut.recordings[0].what["truncated"] = True
    assert violations(cut) == []
    dropped = good()
    _with_frames_that_never_arrived(dropped)
    dropped.healths[0].of["fragments_lost"] = 18
    assert violations(dropped) == []
    dropped.healths[0].of["fragments_lost"] = 3
    assert [v.split(":")[0] for v in violations(dropped)] == ["no_loss_is_silent"]


def test_what_waits_in_the_socket_of_an_agent_that_is_told_to_end_is_no_loss() -> None:
    ended = good()
    counted = sum(frame.at < 11.0 for frame in ended.frames)
    ended.healths[0].of["frames"] = counted - 3
    assert [v.split(":")[0] for v in violations(ended)] == ["no_loss_is_silent"]
    ended.lives = [replace(ended.lives[0], told=11.0)]
    assert violations(ended) == []
    ended.healths[0].of["frames"] = counted - 20
    assert [v.split(":")[0] for v in violations(ended)] == ["no_loss_is_silent"]


def test_an_event_is_found_by_the_clock_that_it_was_told_by() -> None:
    stepped = good()
    stepped.offsets = [(0.0, 0.0), (9.0, -3600.0)]
    assert "every_visit_is_an_event" in {v.split(":")[0] for v in violations(stepped)}
    for number in (2, 3):  # the event of the second visit
        what = dict(stepped.motion[number].what)
        for name in ("ts", "started_at"):
            what[name] = (datetime.fromisoformat(what[name]) - timedelta(hours=1)).isoformat()
        stepped.motion[number] = replace(stepped.motion[number], what=what)
    assert violations(stepped) == []


def test_what_a_forgetful_broker_lost_may_be_fetched() -> None:
    seen = good()
    seen.motion[0] = replace(seen.motion[0], fetched=True)
    seen.forgot = [7.0]
    assert violations(seen) == []


def test_home_assistant_has_an_event_only_while_it_is_there() -> None:
    seen = good()
    seen.listening = [Interval(3.0, 7.0), Interval(9.0, float("inf"))]
    seen.offered = list(seen.motion)  # the end of A came while it was away
    assert [v.split(":")[0] for v in violations(seen)] == ["home_assistant_has_each_event"]
    seen.offered.append(replace(seen.motion[1], at=13.0))
    assert violations(seen) == []


def test_what_was_taken_is_told_by_the_process_that_recorded_into_it() -> None:
    seen = good()
    _with_something_taken_and_not_told(seen)
    seen.repairs = [12.0]
    assert violations(seen) == []
    seen.repairs = []
    seen.lives = [Life(Interval(0.0, 9.5), "SIGKILL", -9), Life(Interval(9.6, 14.0), "SIGTERM", 0)]
    assert "what_was_taken_is_told" not in {each.split(":")[0] for each in violations(seen)}


def test_a_film_that_was_taken_away_need_not_show_what_it_was_just_given() -> None:
    seen = good()
    _with_a_short_day(seen)
    seen.taken = [Taken(13.0, Path("taken"))]
    assert [v.split(":")[0] for v in violations(seen)] == ["every_day_shows_its_events"]
    seen.repairs = [13.5]
    assert violations(seen) == []
    seen.taken = [Taken(23.0, Path("taken"))]
    seen.repairs = [23.5]
    assert [v.split(":")[0] for v in violations(seen)] == ["every_day_shows_its_events"]


def test_only_the_bad_camera_may_have_problems() -> None:
    seen = good()
    seen.leaves = ("shed_",)
    error = {"code": "camera_stalled", "message": "camera shed_slow: no whole picture"}
    seen.calm[TOPICS.error] = json.dumps(error).encode()
    health = {"status": "degraded", "problems": ["shed_slow_camera_stalled"]}
    seen.calm[TOPICS.health] = json.dumps(health).encode()
    assert violations(seen) == []
    error["message"] = "camera yard: no whole picture"
    health["problems"] = ["yard_camera_stalled"]
    seen.calm[TOPICS.error] = json.dumps(error).encode()
    seen.calm[TOPICS.health] = json.dumps(health).encode()
    assert [v.split(":")[0] for v in violations(seen)] == ["states_are_true"] * 2


def test_who_was_told_to_may_be_disarmed() -> None:
    seen = good()
    _disarmed_by_an_old_command(seen)
    seen.disarmings = [8.9]
    assert violations(seen) == []


def _day(place: Path, name: str = "2026-11-23") -> Path:
    day = place / CAMERA / name
    (day / "events").mkdir(parents=True)
    return day


def _told_in(day: Path, event: str) -> None:
    clip = {"name": f"events/090000_{event}.mp4", "size": 1, "sha256": SHA}
    with (day / "events.jsonl").open("a") as file:
        text = json.dumps({"id": event, "frames": 0, "files": {"clip": clip}})[:-1]
        file.write(f'{text},"crc":"{zlib.crc32(text.encode()):08x}"}}\n')


def test_what_the_owner_moved_away_is_looked_at_too(tmp_path: Path) -> None:
    day, taken = _day(tmp_path / "store"), _day(tmp_path / "taken")
    _told_in(day, "A")
    _told_in(day, "B")
    _told_in(taken, "A")  # once more after its line had been moved away
    (taken / "events/090000_A.mp4").write_bytes(b"x")
    seen = store_seen(tmp_path / "store", tmp_path / "taken")
    assert [line["id"] for line in seen.lines] == ["A", "B"]
    assert [seen.clips[event].exists for event in "AB"] == [True, False]
    missing = [said for said in seen.verified if said.endswith(".mp4")]
    assert missing == ["yard/2026-11-23/events/090000_B.mp4"]
    _told_in(day, "A")
    assert [line["id"] for line in store_seen(tmp_path / "store").lines] == ["A", "B", "A"]
