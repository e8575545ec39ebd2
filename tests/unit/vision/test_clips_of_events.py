"""Clips on demand and of events, in one vision worker."""

from __future__ import annotations

from dataclasses import replace

from agent.core.messages import (
    ClipClosed,
    ClipEnd,
    ClipFrame,
    ClipOpened,
    ClipRefused,
    ClipStart,
    EndReason,
    MotionEnded,
    MotionStarted,
    PictureTaken,
)
from agent.core.orders import CloseClip, Configure, RecordClip, TakePicture
from agent.runtime.worker import Worker
from tests.support.vision import SETTINGS
from tests.unit.vision.test_worker import Rig

UNRECORDED = replace(SETTINGS, record=False)


def test_motion_that_is_not_recorded_does_not_end_a_clip_on_demand() -> None:
    rig = Rig(UNRECORDED)
    rig.play("qqq")
    rig.order(RecordClip("r1", 5.0))
    rig.play("qMqqqqqqqMMqqqqqqqqqqqqqqqq", start=3)

    assert len(rig.heard(MotionEnded)) == 2
    (opened,), (end,) = rig.heard(ClipOpened), rig.recorded(ClipEnd)
    assert (end.event_id, end.reason) == (opened.event_id, EndReason.MANUAL)
    assert {it.event_id for it in rig.recorded(ClipFrame)} == {opened.event_id}
    assert [it.frame.seq for it in rig.recorded(ClipFrame)] == list(range(3, 23))


def test_a_clip_on_demand_begins_during_an_event_that_is_not_recorded() -> None:
    rig = Rig(UNRECORDED)
    rig.play("qqqM")
    rig.order(RecordClip("r1", 1.0))
    assert [it.request for it in rig.heard(ClipOpened)] == ["r1"]
    assert rig.heard(MotionStarted)[0].recorded is False
    rig.order(RecordClip("r2", 1.0))
    assert [it.request for it in rig.heard(ClipRefused)] == ["r2"]


def test_none_begins_while_the_events_own_clip_is_open() -> None:
    rig = Rig()
    rig.play("qqqM")
    assert rig.heard(MotionStarted)[0].recorded is True
    rig.order(RecordClip("r1", 1.0))
    assert [it.request for it in rig.heard(ClipRefused)] == ["r1"]


def test_an_event_that_the_recorder_had_no_room_for_leaves_the_next_room_to_who_asks() -> None:
    rig = Rig()
    rig.play("qqq")
    rig.room = False
    rig.play("M", start=3)
    rig.room = True
    rig.order(RecordClip("r1", 1.0))
    assert [it.request for it in rig.heard(ClipOpened)] == ["r1"]


def test_a_recorded_event_ends_a_clip_on_demand_and_goes_on_from_there() -> None:
    rig = Rig()
    rig.play("qqq")
    rig.order(RecordClip("r1", 60.0))
    rig.play("qMqqqqqq", start=3)
    first, second = rig.recorded(ClipStart)
    assert [it.event_id for it in rig.recorded(ClipEnd)] == [first.event_id, second.event_id]
    assert [it.event_id for it in rig.heard(ClipClosed)] == [first.event_id]


def test_disarming_does_not_end_a_clip_on_demand() -> None:
    rig = Rig(UNRECORDED)
    rig.play("qqqM")
    rig.order(RecordClip("r1", 60.0))
    rig.order(Configure(replace(UNRECORDED, armed=False)))
    assert rig.heard(MotionEnded)[0].reason is EndReason.DISARMED
    assert rig.recorded(ClipEnd) == []


def test_a_recording_that_is_lost_makes_room_for_another_one_while_its_event_goes_on() -> None:
    rig = Rig()
    rig.play("qqqM")
    (start,) = rig.recorded(ClipStart)
    rig.order(CloseClip("another"))
    assert rig.recorded(ClipEnd) == []
    rig.order(CloseClip(start.event_id))
    assert [it.event_id for it in rig.recorded(ClipEnd)] == [start.event_id]
    assert rig.heard(MotionEnded) == []
    rig.order(RecordClip("r1", 60.0))
    (opened,) = rig.heard(ClipOpened)
    rig.order(CloseClip(opened.event_id))
    assert [it.event_id for it in rig.heard(ClipClosed)] == [opened.event_id]
    rig.play("qqqqqq", start=4)
    assert len(rig.heard(MotionEnded)) == 1
    assert len(rig.recorded(ClipEnd)) == 2


def test_what_was_asked_for_just_before_the_end_is_answered() -> None:
    rig = Rig()
    rig.play("qqq")
    rig.orders.put(RecordClip("r1", 5.0))
    rig.orders.put(TakePicture("p1"))
    worker = Worker("vision", rig.vision.run, rig.clock, lambda *_: None)
    worker.stop.set()
    rig.vision.run(worker)
    assert [it.request for it in rig.heard(ClipRefused)] == ["r1"]
    assert [it.request for it in rig.heard(PictureTaken)] == ["p1"]
