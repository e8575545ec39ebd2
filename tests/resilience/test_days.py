"""Thirty days of visits in seconds, by a clock that is told: engine, journal, store and purge.

Both changes of summer time are among them, a clock that goes back an hour, one that goes forward a
day and back, and a start before the clock is synchronised.
"""

from __future__ import annotations

import gc
import json
import socket
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.core import engine
from agent.core.messages import Detection, EndReason, MotionEnded, MotionStarted, Reason
from agent.core.state import CameraSetup, Now, Setup
from agent.mqtt.journal import Journal
from agent.runtime.framing import Message
from agent.storage.day.recording_result import outcome
from agent.storage.records import encode
from agent.storage.store.child import Child
from agent.storage.store.claims import identity_of
from agent.storage.store.clock_file import Calendar, as_json
from agent.storage.store.options import StoreOptions
from agent.storage.verify.store import verify_store
from schemas.messages import Record
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics
from tests.support import recordings
from tests.support.clock import START, FakeClock
from tests.support.recordings import name_of, whole_event

BERLIN = ZoneInfo("Europe/Berlin")
DAYS, VISITS, RETENTION = 30, 8, 4
HOUR = 3600.0
#: Of the clock, by the day on which it happens.
STEPS = {10: -HOUR, 20: 24 * HOUR, 21: -24 * HOUR}
#: From this day on the kernel calls the clock synchronised.
TRUSTED_FROM = 6


class Days:
    """The agent's deciding and storing parts, without threads, processes and waiting."""

    def __init__(self, folder: Path, begin: datetime) -> None:
        self.clock = FakeClock(utc=begin)
        self.journal = Journal(folder / "journal.sqlite", self.clock)
        self.store = folder / "store"
        self.store.mkdir()
        self.calendar = Calendar(folder / "state", self.clock, BERLIN)
        self.calendar.look()
        self._ends = socket.socketpair()
        self.child = Child(self._ends[0], self.clock)
        state = folder / "state"
        terms = StoreOptions(self.store, "me").terms(state, identity_of(state))
        self.child._answer(Message({"do": "open", "terms": asdict(terms)}))
        topics = AgentTopics("surveillance", "me")
        cameras = (CameraSetup("front", CameraSettings()),)
        setup = Setup(topics=topics, name="Me", version="1", started_utc=begin, cameras=cameras)
        self.state, _ = engine.begin(setup, StoredSettings(), {}, (), self.now)
        self.told: list[Record] = []
        self.days: dict[str, str] = {}  # event -> the local date on which it began
        self.number = 0
        self.removed: list[str] = []

    @property
    def now(self) -> Now:
        return Now(self.clock.monotonic(), self.clock.utc())

    def close(self) -> None:
        self.child._answer(Message({"do": "finish"}))
        self.journal.close()
        for end in self._ends:
            end.close()

    def step(self, cause: engine.Input) -> None:
        self.state, effects = engine.step(self.state, cause, self.now)
        records = [effect for effect in effects if isinstance(effect, Record)]
        for entry in self.journal.append(records):
            self.journal.acknowledge(entry.id)
        self.told += records

    def visit(self) -> None:
        """Somebody comes, is recorded, and goes."""
        event = name_of(self.number * 20)
        begun = self.now
        found = Detection(1, begun.at, motion=True, reason=Reason.MOTION, score=2.0)
        self.step(MotionStarted("front", event, begun.at, begun.utc, found))
        started = begun.utc.astimezone(BERLIN)
        self.days[event] = f"{started:%Y-%m-%d}"
        for record in whole_event(event, self.number * 20 % 4000, 10, started=started):
            self.answer({"do": "record", "number": self.number * 100}, encode(record))
        self.clock.advance(12.0)
        gone = self.now
        about = {"detection": found, "peak": found, "judged": 10, "frames": 10}
        self.step(
            MotionEnded(
                "front",
                event,
                gone.at,
                gone.utc,
                begun.utc,
                12.0,
                reason=EndReason.CLEARED,
                **about,  # type: ignore[arg-type]
            )
        )
        self.answer({"do": "tick"})
        self.number += 1

    def answer(self, says: dict[str, object], body: bytes = b"") -> None:
        answer = self.child._answer(Message(says, body))
        with suppress(BlockingIOError):  # its signs of life: somebody has to take them
            self._ends[1].recv(1 << 16, socket.MSG_DONTWAIT)
        for entry in answer["finished"]:
            self.step(outcome(entry))

    def purge(self, *, trusted: bool) -> None:
        today = self.clock.utc().astimezone(BERLIN).date()
        self.calendar.look()
        about = {
            "today": today.isoformat(),
            "days": RETENTION,
            "clock_trusted": trusted,
            "cameras": ["front"],
        }
        misdated = as_json(self.calendar.misdated)
        done = self.child._answer(Message({"do": "purge", **about, "misdated": misdated}))
        self.removed += [path for path, _, _ in done["removed"]]

    def stored(self) -> dict[str, str]:
        """Event -> day of each line of the manifests."""
        lines = {}
        for manifest in sorted(self.store.glob("front/*/events.jsonl")):
            for text in manifest.read_text().splitlines():
                line = json.loads(text)
                if "id" in line:
                    lines[line["id"]] = manifest.parent.name
        return lines


@pytest.mark.parametrize(
    "begin",
    [datetime(2026, 10, 12, 22, 5, tzinfo=UTC), datetime(2027, 3, 14, 23, 5, tzinfo=UTC)],
    ids=["summer time ends", "summer time begins"],
)
def test_thirty_days_keep_what_they_promise(begin: datetime, tmp_path: Path) -> None:
    days = Days(tmp_path, begin)
    offsets = set()
    for day in range(DAYS):
        days.clock.step_utc(STEPS.get(day, 0.0))
        for _ in range(VISITS):
            days.visit()
            offsets.add(days.clock.utc().astimezone(BERLIN).utcoffset())
            days.clock.advance(24 * HOUR / VISITS - 12.0)
            days.purge(trusted=day >= TRUSTED_FROM)
            if day < TRUSTED_FROM:
                assert days.removed == []
    last = days.clock.utc().astimezone(BERLIN).date()
    days.close()
    assert len(offsets) == 2  # the summer time changed

    stored, report = days.stored(), verify_store(days.store)
    assert report.good, list(report.lines())
    assert all(days.days[event] == day for event, day in stored.items())
    oldest = last - timedelta(days=RETENTION)
    kept = {event for event, day in days.days.items() if date.fromisoformat(day) > oldest}
    assert kept <= stored.keys()
    assert all(date.fromisoformat(day) >= oldest for day in stored.values())
    for stream, each in (("motion", 2), ("recording", 1)):
        told = [record.seq for record in days.told if record.stream == stream]
        assert told == list(range(1, each * DAYS * VISITS + 1))
    assert days.journal.lost == 0
    assert days.state.cameras["front"].saved == DAYS * VISITS


@pytest.mark.parametrize("always", [True, False], ids=["trust_clock always", "trust_clock auto"])
def test_what_was_recorded_before_the_clock_was_set_is_kept_as_long_as_all(
    always: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    days = Days(tmp_path, datetime(2000, 1, 1, 22, 55, tzinfo=UTC))
    for _ in range(3):  # 23:55 on the first and twice on the second of January
        days.visit()
        days.clock.advance(600.0)
        days.purge(trusted=always)
    old = {"2000-01-01", "2000-01-02"}
    assert set(days.days.values()) == old
    days.clock.step_utc((START - days.clock.utc()).total_seconds())
    for age in range(RETENTION + 1):
        days.visit()
        days.purge(trusted=True)
        assert days.removed == [], f"after {age} days"
        days.clock.advance(24 * HOUR - 12.0)
    days.visit()
    days.purge(trusted=True)
    first = {"2000-01-01", f"{START:%Y-%m-%d}"}
    assert {path.split("/")[1] for path in days.removed} == first
    days.clock.advance(24 * HOUR)  # at what hours of a date something was made is not known
    days.purge(trusted=True)
    days.close()
    second = f"{START + timedelta(days=1):%Y-%m-%d}"
    assert {path.split("/")[1] for path in days.removed} == {*first, *old, second}
    assert verify_store(days.store).good


def test_nothing_but_the_days_index_grows_with_events(tmp_path: Path) -> None:
    days = Days(tmp_path, datetime(2026, 11, 22, 23, 5, tzinfo=UTC))

    def objects_after(visits: int) -> int:
        for _ in range(visits):
            days.visit()
            days.clock.advance(20.0)
        days.told.clear()
        days.days.clear()
        recordings.encoded.cache_clear()
        recordings.numbered_jpeg.cache_clear()
        gc.collect()
        return len(gc.get_objects())

    before = objects_after(250)  # caches of the libraries fill once
    assert objects_after(250) - before < 1.5 * 250  # an event's place in the day's file
    days.answer({"do": "finish"})
    gc.collect()
    assert len(gc.get_objects()) < before + 50
    days.close()
