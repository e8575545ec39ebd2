"""Of each event one last word, saved or failed, whatever becomes of the spool."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.core.recordings import RecordingFailed, RecordingSaved
from agent.storage.container.moov import Sample
from agent.storage.records import EventClosed, EventOpened, Fragment
from agent.storage.spool.final_results import LastWords, LostEvent
from agent.storage.spool.pending_closings import MOST, Closings
from agent.storage.spool.spool import Spool
from tests.support.clock import FakeClock
from tests.support.recordings import STARTED, name_of

LIMIT = 60_000
A = "A"


def opened(event: str) -> EventOpened:
    return EventOpened(camera="front", event=event, started=STARTED)


def closed(event: str) -> EventClosed:
    return EventClosed(camera="front", event=event, started=STARTED, reason="cleared")


def film(event: str, k: int) -> Fragment:
    return Fragment(
        camera="front",
        event=event,
        started=STARTED,
        k=k,
        first_ms=0,
        samples=(Sample(9000, 1000, True),),
        avcc="",
        width=64,
        height=48,
        body=bytes(9000),
    )


def saved(event: str) -> RecordingSaved:
    return RecordingSaved("front", event, STARTED, 1.0, "p", "d", 0.0, 1, "h264", 1)


def nothing(event: str) -> RecordingFailed:
    return RecordingFailed("front", event, "no_frames", "no picture of the event could be stored")


def lost(event: str = A, code: str = "spool_full") -> LostEvent:
    return LostEvent("front", event, code, "full")


# ---------------------------------------------------------------- the rules, one by one


def test_what_cannot_be_in_the_store_is_said_at_once_and_never_again(tmp_path: Path) -> None:
    words = LastWords(tmp_path / "words")
    assert words.lose(lost(), closable=True)
    assert not words.lose(lost(), closable=True)
    assert words.take_due() == [lost()]
    assert words.take_due() == []
    assert words.closed(nothing(A)) is None


def test_what_may_be_in_the_store_is_said_by_the_store(tmp_path: Path) -> None:
    for told in (saved(A), nothing(A)):
        words = LastWords(tmp_path / "words")
        words.begun(A)
        assert words.lose(lost(), closable=True)
        assert words.take_due() == []
        word = words.closed(told)
        assert isinstance(word, type(told))
        if isinstance(word, RecordingFailed):
            assert word.code == "spool_full", "why there is nothing"
        assert words.closed(told) is None
        assert not words.lose(lost(), closable=False)


def test_what_nobody_will_close_is_said_at_once(tmp_path: Path) -> None:
    words = LastWords(tmp_path / "words")
    words.begun(A)
    words.lose(lost(), closable=True)
    assert not words.lose(lost(code="spool_failed"), closable=False), "counted before"
    assert words.take_due() == [lost()]
    assert words.closed(saved(A)) is None


def test_what_was_said_is_known_after_a_restart_until_the_store_has_closed_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "words"
    words = LastWords(file)
    words.lose(lost(), closable=True)
    data = words.unwritten()
    assert data is not None
    assert words.unwritten() is None
    words.write(data)
    words = LastWords(file)
    assert words.closed(nothing(A)) is None
    data = words.unwritten()
    assert data == b"[]"


def test_a_damaged_file_and_a_disk_that_refuses_are_no_trouble(tmp_path: Path) -> None:
    for content in (b"", b"{", b"7", b"[[1]]", b'{"a": 1}', b"\xff"):
        (tmp_path / "words").write_bytes(content)
        assert LastWords(tmp_path / "words").closed(saved(A)) == saved(A)
    LastWords(tmp_path / "none" / "words").write(b"[]")


def test_an_event_whose_end_is_lost_gets_its_word_all_the_same(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for record in (opened(name_of(1)), film(name_of(1), 0), closed(name_of(1))):
        assert spool.put(record)
    spool.drop(3)
    assert [each.event for each in spool.take_lost()] == [name_of(1)]
    assert (spool.depth, spool.lost_events) == (0, 1)


# ---------------------------------------------------------------- in any order


class AnyOrder(RuleBasedStateMachine):
    """Recorders, a small spool, a store that comes and goes, and restarts; no disk fails."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.spool = Spool(self.folder, LIMIT)
        self.closings = Closings(self.spool, FakeClock())
        self.running: dict[str, int] = {}
        self.begun: list[str] = []
        self.sent = 0
        self.in_store: set[str] = set()  # events with film
        self.numbers: dict[str, list[int]] = {}
        self.words: list[RecordingSaved | RecordingFailed] = []

    @rule(pieces=st.integers(0, 4), ends=st.booleans())
    def an_event_is_recorded(self, pieces: int, *, ends: bool) -> None:
        event = name_of(len(self.begun))
        self.begun.append(event)
        self.spool.put(opened(event))
        self.running[event] = 0
        self._go_on(event, pieces)
        if ends:
            self._end(event)

    @rule(pieces=st.integers(1, 4), ends=st.booleans())
    def the_oldest_that_runs_goes_on(self, pieces: int, *, ends: bool) -> None:
        for event in list(self.running)[:1]:
            self._go_on(event, pieces)
            if ends:
                self._end(event)

    def _go_on(self, event: str, pieces: int) -> None:
        for _ in range(pieces):
            self.spool.put(film(event, self.running[event]))
            self.running[event] += 1

    def _end(self, event: str) -> None:
        del self.running[event]
        self.closings.add(closed(event))

    @rule(records=st.integers(1, 12), acknowledged=st.booleans())
    def the_store_takes_some(self, records: int, *, acknowledged: bool) -> None:
        self._say()
        for _ in range(records):
            number = self.spool.after(self.sent)
            if number is None:
                return
            self.sent = number
            found = self.spool.read(number)
            if found is not None:
                self._store(number, found[0], acknowledged=acknowledged)

    def _store(self, number: int, record: object, *, acknowledged: bool) -> None:
        match record:
            case Fragment():
                self.in_store.add(record.event)
                if acknowledged:
                    self.spool.remove([number])
                else:
                    self.numbers.setdefault(record.event, []).append(number)
            case EventOpened():
                self.numbers.setdefault(record.event, []).append(number)
            case EventClosed():
                there = record.event in self.in_store
                word = self.spool.last_word(saved(record.event) if there else nothing(record.event))
                if word is not None:
                    self.words.append(word)
                self.spool.remove([*self.numbers.pop(record.event, []), number])
                self.spool.keep_words()

    def _say(self) -> None:
        self.words += [
            RecordingFailed(it.camera, it.event, it.code, it.message)
            for it in self.spool.take_lost()
        ]
        self.spool.keep_words()

    @rule()
    def a_record_is_given_up(self) -> None:
        if (number := self.spool.after(self.sent)) is not None:
            self.spool.drop(number)

    @rule()
    def the_agent_is_killed(self) -> None:
        self._say()
        self.numbers.clear()
        self.sent = 0
        self.spool = Spool(self.folder, LIMIT)
        for event in self.running:  # of which the journal knows that they ran
            self.spool.close_unknown("front", event, STARTED)
        self.running.clear()
        self.closings = Closings(self.spool, FakeClock())

    @invariant()
    def nothing_is_said_twice(self) -> None:
        said = Counter(word.event_id for word in self.words)
        assert set(said.values()) <= {1}
        assert self.spool.size <= LIMIT

    def teardown(self) -> None:
        for event in list(self.running):
            self._end(event)
        for _ in range(MOST):
            self.closings.write()
            self.the_store_takes_some(1000, acknowledged=True)
        self._say()
        assert Counter(word.event_id for word in self.words) == Counter(self.begun)
        shutil.rmtree(self.folder)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
