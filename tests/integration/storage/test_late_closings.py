"""Ends of events that come late: recorder, spool, child process and store together."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.core.messages import ClipPart, StoreCode
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.recording.recorder import RecorderWorker
from agent.storage.records import EventOpened, Record
from tests.support.clock import FakeClock
from tests.support.recordings import STARTED, name_of, whole_event
from tests.support.spooled import spooled
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until
from tests.unit.storage.recording.test_recorder import EVENT, end, start

A, B = name_of(0), name_of(20)
BEFORE_MIDNIGHT = STARTED.replace(hour=23, minute=59, second=50)


def _records(name: str, first: int, after: timedelta = timedelta(0)) -> list[Record]:
    opened, *rest = whole_event(name, first, started=BEFORE_MIDNIGHT + after)
    assert isinstance(opened, EventOpened)
    return [replace(opened, explanation={"reason": name}), *rest]


def _saved_once(rig: StoreRig, caplog: pytest.LogCaptureFixture, *events: str) -> None:
    """Stores what is in the spool; another start finds nothing that is left to do."""
    with rig:
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    assert rig.spool.depth == 0
    with StoreRig(rig.path) as again:
        again.wait_for(StoreCode.OK)
    assert sorted(saved.event_id for saved in rig.saved + again.saved) == sorted(events)
    assert not [line for line in caplog.messages if "interrupted" in line]


@pytest.mark.parametrize("hours", [0, 1], ids=["same_day", "across_midnight"])
def test_a_closing_behind_the_next_opening_still_ends_its_event_once(
    place: Path, caplog: pytest.LogCaptureFixture, hours: int
) -> None:
    first, second = _records(A, 0), _records(B, 20, timedelta(hours=hours))
    rig = StoreRig(place)
    rig.put(*first[:-1], second[0], second[1], first[-1], *second[2:])
    with caplog.at_level(logging.INFO):
        _saved_once(rig, caplog, A, B)
    lines = rig.manifest()
    lines += rig.manifest("2026-11-23") if hours else []
    starts = {line["id"]: line["explanation"]["start"] for line in lines}
    assert starts == {A: {"reason": A}, B: {"reason": B}}
    assert {line["id"]: (line["frames"], line["truncated"]) for line in lines} == {
        A: (20, False),
        B: (20, False),
    }


@pytest.mark.parametrize("overtaken", [False, True])
def test_what_a_recorder_had_no_room_to_end_is_ended_once_there_is_room(
    place: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    *,
    overtaken: bool,
) -> None:
    rig = StoreRig(place)
    parts: Mailbox[ClipPart] = Mailbox("parts", 8, WhenFull.REFUSE)
    recorder = RecorderWorker("front", RecorderOptions(), parts, rig.spool, FakeClock())
    other = EVENT[:-1] + "X"
    rest: list[ClipPart] = [start(other), end(other)]
    recorder._take(start())
    with monkeypatch.context() as full:
        put = rig.spool.put
        full.setattr(rig.spool, "put", lambda each: each.word != "closed" and put(each))
        recorder._take(end())
        if overtaken:
            recorder._take(rest.pop(0))
    for part in rest:
        recorder._take(part)
    words = [(record.event, record.word) for record in spooled(rig.spool)]
    late = words.index((EVENT, "closed")) > words.index((other, "opened"))
    assert late is overtaken
    _saved_once(rig, caplog, EVENT, other)
    assert all(line["explanation"]["start"] for line in rig.manifest())
