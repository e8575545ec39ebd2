"""Closings wait for room, in order, within a bound."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.storage.records import EventClosed, EventOpened
from agent.storage.spool.pending_closings import AGAIN, MOST, Closings
from agent.storage.spool.spool import Spool
from tests.support.clock import FakeClock
from tests.support.spooled import spooled

STARTED = datetime(2026, 11, 22, 8, 15, 1, tzinfo=UTC)


class Rig:
    """A spool on a disk that `full` makes refuse everything."""

    def __init__(self, path: Path) -> None:
        self.folder, self.away = path / "spool", path / "away"
        self.clock = FakeClock()
        self.spool = Spool(self.folder)
        self.closings = Closings(self.spool, self.clock)

    def full(self, *, full: bool) -> None:
        if full:
            self.folder.rename(self.away)
        else:
            self.away.rename(self.folder)

    def add(self, *events: str) -> None:
        for event in events:
            self.closings.add(
                EventClosed(camera="front", event=event, started=STARTED, reason="cleared")
            )

    def closed(self) -> list[str]:
        return [each.event for each in spooled(self.spool) if isinstance(each, EventClosed)]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_with_room_a_closing_is_written_at_once(rig: Rig) -> None:
    rig.add("A")
    assert rig.closed() == ["A"]


def test_closings_that_waited_are_written_in_order_when_it_is_time(rig: Rig) -> None:
    rig.full(full=True)
    rig.add("A", "B")
    rig.full(full=False)
    rig.closings.look()
    assert rig.closed() == []
    rig.clock.advance(AGAIN)
    rig.closings.look()
    assert rig.closed() == ["A", "B"]


def test_a_new_closing_comes_behind_those_that_waited(rig: Rig) -> None:
    rig.full(full=True)
    rig.add("A")
    rig.full(full=False)
    rig.add("B")
    assert rig.closed() == ["A", "B"]


def test_the_oldest_of_too_many_is_counted_and_named(rig: Rig) -> None:
    names = [f"E{number}" for number in range(MOST + 2)]
    rig.spool.put(EventOpened(camera="front", event=names[0], started=STARTED))
    rig.full(full=True)
    rig.add(*names)
    assert [lost.event for lost in rig.spool.take_lost()] == names[1:2], "E0: by the next start"
    assert rig.spool.lost_events == 2
    rig.full(full=False)
    rig.closings.write()
    assert rig.closed() == names[2:]


def test_who_writes_next_takes_over_what_a_recorder_had_to_leave(rig: Rig) -> None:
    rig.full(full=True)
    rig.add("A", "B")
    rig.closings.finish()
    rig.closings = Closings(rig.spool, rig.clock)
    rig.add("C")
    rig.full(full=False)
    rig.closings.write()
    rig.closings.finish()
    assert rig.closed() == ["C", "A", "B"]


def test_of_what_is_taken_over_the_oldest_of_too_many_is_named_too(rig: Rig) -> None:
    names = [f"E{number}" for number in range(MOST)]
    rig.full(full=True)
    rig.add(*names)
    rig.closings.finish()
    rig.add("A", "B")
    assert [lost.event for lost in rig.spool.take_lost()] == ["A", "E0"]


def test_an_event_is_ended_whose_end_had_no_room_at_the_start(rig: Rig) -> None:
    rig.spool.put(EventOpened(camera="front", event="A", started=STARTED))
    with pytest.MonkeyPatch.context() as full:
        full.setattr(Spool, "put", lambda *_: False)
        rig.spool = Spool(rig.folder)
    Closings(rig.spool, rig.clock).look()
    (_, end) = spooled(rig.spool)
    assert isinstance(end, EventClosed)
    assert (end.event, end.reason) == ("A", "interrupted")
