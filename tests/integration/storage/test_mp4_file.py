"""The day's file on a real file system: it grows, plays at every moment, survives damage."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.storage.container.fragments import StoredFragment, walk
from agent.storage.day import day_part, mp4_file
from agent.storage.day.checkpoint import FIRST_SLOT, first_pair
from agent.storage.day.day_part import Mismatch
from agent.storage.day.mp4_file import open_day_file
from agent.storage.day.recovery import Found
from agent.storage.filesystem.files import Locked
from agent.storage.records import Fragment
from tests.support.clock import FakeClock
from tests.support.power import Log, after_power_cut, noting
from tests.support.recordings import event, expected, name_of, played
from tests.support.shelf import NAME, Shelf

SEED = 20261122
#: Crash states and truncations; `RESILIENCE=500` for the long form.
STATES = int(os.environ.get("RESILIENCE", "60"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    os.close(shelf.fd)


def events(count: int) -> list[tuple[Fragment, ...]]:
    return [event(name_of(number * 20), number * 20) for number in range(count)]


def test_every_picture_is_there_at_its_time_after_reopening_for_each_event(shelf: Shelf) -> None:
    for fragments in events(6):
        shelf.add(fragments)
    assert played(shelf.file) == expected(*events(6))
    assert shelf.add().found is Found.CHECKPOINT


def test_a_fragment_that_comes_twice_changes_nothing(shelf: Shelf) -> None:
    first, second = events(2)
    shelf.add(first, second)
    before = shelf.file.read_bytes()
    day = shelf.open()
    assert [day.append(fragment) for fragment in (*first, *second)] == [False] * len(first + second)
    day.close()
    assert shelf.file.read_bytes() == before


def test_an_event_shows_when_it_ends_and_the_next_one_after_a_pause(shelf: Shelf) -> None:
    first, second = events(2)
    day = shelf.open()
    for fragment in first:
        day.append(fragment)
    day.finish_event()
    assert day.shows(first[0].event)
    for fragment in second:
        day.append(fragment)
    day.finish_event()
    assert not day.shows(second[0].event)
    assert day.durable
    assert played(shelf.file) == expected(first)
    shelf.clock.advance(mp4_file.GAP)
    assert day.tick()
    assert played(shelf.file) == expected(first, second)
    day.close()


def test_a_long_event_shows_while_it_goes_on(shelf: Shelf) -> None:
    day = shelf.open()
    (fragments,) = events(1)
    for fragment in fragments[:-1]:
        day.append(fragment)
        shelf.clock.advance(mp4_file.LIVE_AFTER / 4)
    assert len(played(shelf.file)) >= 4
    day.close()


def test_a_running_event_costs_no_checkpoint_before_it_is_long(shelf: Shelf) -> None:
    first, second = events(2)
    day = shelf.open()
    for fragment in first:
        day.append(fragment)
    day.finish_event()
    for fragment in second[:-1]:
        day.append(fragment)
    shelf.clock.advance(mp4_file.GAP)
    assert not day.tick()
    assert day.durable
    assert played(shelf.file) == expected(first)
    day.append(second[-1])
    day.finish_event()
    assert played(shelf.file) == expected(first, second)
    day.close()


def test_checkpoints_write_no_more_than_their_share(shelf: Shelf) -> None:
    day = shelf.open()
    for fragments in events(3):
        day.append(fragments[0])
    day.checkpoint()
    day._checkpoint_size = mp4_file.CHECKPOINT_RATE * 100
    day.append(events(4)[3][0])
    day.finish_event()
    shelf.clock.advance(99)
    assert not day.tick()
    shelf.clock.advance(1)
    assert day.tick()
    day.close()


def test_other_parameters_do_not_fit_into_the_file(shelf: Shelf) -> None:
    shelf.add(*events(1))
    day = shelf.open()
    wider = event(name_of(500), 500, width=192)
    assert not day.takes(wider[0])
    with pytest.raises(Mismatch):
        day.append(wider[0])
    day.close()


def test_a_full_file_takes_nothing_from_the_next_key_picture_on(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.add(*events(1))
    monkeypatch.setattr(day_part, "ROLL_BYTES", shelf.file.stat().st_size)
    day = shelf.open()
    assert not day.takes(events(2)[1][0])
    inside = next(f for f in events(2)[1] if not f.samples[0].key)
    assert day.takes(inside)
    day.close()


def test_a_second_writer_is_refused(shelf: Shelf) -> None:
    day = shelf.open()
    with pytest.raises(Locked):
        shelf.open()
    day.close()


def test_the_table_moves_when_it_outgrows_its_slot(tmp_path: Path) -> None:
    clock = FakeClock()
    folder = os.open(tmp_path, os.O_RDONLY)
    for fragments in events(8):
        clock.advance(60)
        day = open_day_file(folder, NAME, clock, first_slot=1024)
        assert day.recovery.found is not Found.DAMAGED
        for fragment in fragments:
            assert day.append(fragment)
        day.finish_event()
        day.close()
    assert (tmp_path / NAME).stat().st_size > sum(len(f.body) for e in events(8) for f in e) + 8192
    assert played(tmp_path / NAME) == expected(*events(8))
    os.close(folder)


def test_after_a_cut_at_any_byte_every_whole_fragment_before_it_is_kept(shelf: Shelf) -> None:
    whole = events(5)
    shelf.add(*whole)
    content = shelf.file.read_bytes()
    pair = first_pair(FIRST_SLOT)
    read = lambda size, at: content[at : at + size]  # noqa: E731
    ends = [f.end for f in walk(read, pair.end, len(content), resync=False)]
    shown = expected(*whole)
    extra = events(7)[6]
    chance = random.Random(SEED)
    cuts = [chance.randrange(1, len(content)) for _ in range(STATES // 3)]
    cuts += [chance.randrange(pair.end, len(content)) for _ in range(STATES - STATES // 3)]
    cuts += [0, 1, 31, 32, 47, 48, ends[0], ends[-1] - 1]
    fragments = [fragment for each in whole for fragment in each]
    for cut in cuts:
        shelf.file.write_bytes(content[:cut])
        shelf.add(extra)
        kept = sum(len(f.samples) for f in fragments[: sum(end <= cut for end in ends)])
        shows = played(shelf.file)
        assert [n for _, n in shows[:kept]] == [n for _, n in shown[:kept]], (SEED, cut)
        assert [n for _, n in shows[kept:]] == list(range(120, 140)), (SEED, cut)
    assert [path.name for path in shelf.path.iterdir()] == [NAME]


@pytest.mark.parametrize("length", [100, 512, 262_200])
@pytest.mark.parametrize("noise", [False, True])
def test_a_destroyed_head_is_rebuilt_from_the_data(
    shelf: Shelf,
    length: int,
    noise: bool,  # noqa: FBT001
) -> None:
    shelf.add(*events(4))
    with shelf.file.open("r+b") as file:
        file.write(random.Random(SEED).randbytes(length) if noise else bytes(length))
    recovery = shelf.add(events(5)[4])
    assert recovery.found in {Found.DATA, Found.SLOTS}
    assert played(shelf.file) == expected(*events(5))


def test_with_a_destroyed_head_what_lies_behind_further_damage_is_kept(shelf: Shelf) -> None:
    shelf.add(*events(4))
    day = shelf.open()
    second = day.events[1]
    day.close()
    content = bytearray(shelf.file.read_bytes())
    content[0:262_200] = bytes(262_200)
    content[second.at : second.end] = bytes(second.end - second.at)
    shelf.file.write_bytes(content)
    shelf.add()
    assert played(shelf.file) == expected(events(4)[0], *events(4)[2:])


def test_an_unknown_file_is_put_aside_and_never_deleted(shelf: Shelf) -> None:
    for number in (1, 2):
        foreign = f"somebody's film {number}".encode() * 50_000
        shelf.file.write_bytes(foreign)
        assert shelf.add(events(1)[0]).found is Found.DAMAGED
        assert (shelf.path / f"{NAME}.damaged-{number}").read_bytes() == foreign
        assert played(shelf.file) == expected(events(1)[0])


def test_whole_fragments_behind_a_torn_one_are_put_aside_before_the_cut(shelf: Shelf) -> None:
    shelf.add(events(1)[0])
    day = shelf.open()
    at = day.size
    for fragment in events(2)[1]:
        day.append(fragment)
    end = day.size
    day.close(checkpoint=False)
    with shelf.file.open("r+b") as file:
        file.seek(at + 10)
        file.write(b"rotten")
    tail = shelf.file.read_bytes()[at:]
    recovery = shelf.add()
    assert recovery.keep_cut
    assert recovery.cut == end - at
    assert (shelf.path / f"{NAME}.damaged-1").read_bytes() == tail
    assert played(shelf.file) == expected(events(1)[0])


def test_what_was_appended_and_not_shown_is_there_after_a_kill(shelf: Shelf) -> None:
    first, second = events(2)
    shelf.add(first)
    day = shelf.open()
    for fragment in second[:3]:
        day.append(fragment)
    day.close(checkpoint=False)
    recovery = shelf.add()
    assert (recovery.found, recovery.tail) == (Found.CHECKPOINT, 3)
    assert len(played(shelf.file)) == 20 + sum(len(f.samples) for f in second[:3])
    day = shelf.open()
    assert [day.append(fragment) for fragment in second] == [False] * 3 + [True] * (len(second) - 3)
    day.close()
    assert played(shelf.file) == expected(first, second)


@pytest.mark.parametrize("first_slot", [1024, FIRST_SLOT])
def test_after_a_power_cut_the_unrepaired_file_plays_every_event_that_was_shown(
    tmp_path: Path, first_slot: int
) -> None:
    clock, log = FakeClock(), Log()
    folder = os.open(tmp_path, os.O_RDONLY)
    whole = events(5)
    day = open_day_file(
        folder, "w.mp4", clock, opener=lambda fd, name: noting(log, fd, name), first_slot=first_slot
    )
    marks = []
    for fragments in whole:
        clock.advance(60)
        for fragment in fragments:
            day.append(fragment)
            clock.advance(1)
        day.finish_event()
        assert day.shows(fragments[0].event)
        marks.append(len(log.done))
    day.close()
    chance = random.Random(SEED)
    extra = events(7)[6]
    for _ in range(STATES):
        cut = chance.randrange(1, len(log.done) + 1)
        (tmp_path / NAME).write_bytes(after_power_cut(log, cut, chance))
        done = sum(mark <= cut for mark in marks)
        if done:
            shown = played(tmp_path / NAME)
            assert shown[: done * 20] == expected(*whole[:done]), (SEED, cut)
        again = open_day_file(folder, NAME, clock, first_slot=first_slot)
        for fragment in extra:
            again.append(fragment)
        again.close()
        numbers = [number for _, number in played(tmp_path / NAME)]
        assert numbers[: done * 20] == list(range(done * 20)), (SEED, cut)
        assert numbers[-20:] == list(range(120, 140)), (SEED, cut)
        for aside in tmp_path.glob("*.damaged-*"):
            aside.unlink()
    os.close(folder)


def test_fragments_of_an_event_are_read_back_checked(shelf: Shelf) -> None:
    shelf.add(*events(3))
    day = shelf.open()
    second = events(3)[1]
    found: list[StoredFragment] = list(day.fragments(second[0].event))
    assert [f.samples for f in found] == [f.samples for f in second]
    assert b"".join(day.read(len(f.body), g.data_at) for f, g in zip(second, found, strict=True))
    assert [f.about.first_ms for f in found] == [f.first_ms for f in second]
    day.close()


def test_an_event_that_comes_back_after_another_is_counted_on(shelf: Shelf) -> None:
    first, second = events(2)
    shelf.add(first[:2], second)
    day = shelf.open()
    assert day.append(first[2])
    assert [f.about.k for f in day.fragments(first[0].event)] == [0, 1, 2]
    day.close()
