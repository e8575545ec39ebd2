"""`recording.format: original`: the camera's own bytes, valid at every moment, nothing lost."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import av
import pytest

from agent.core.messages import StoreCode
from agent.storage.container.fragments import StoredFragment
from agent.storage.container.matroska import HEAD_BYTES
from agent.storage.day.mkv_file import OriginalFile
from agent.storage.day.recovery import Found
from agent.storage.filesystem.files import open_data_file
from agent.storage.recording.fragmenter import Cutter
from agent.storage.recording.passthrough import OriginalPictures
from agent.storage.records import EventClosed, EventOpened, Fragment, Record
from agent.storage.verify.store import verify_store
from tests.support.clock import FakeClock
from tests.support.recordings import STARTED, event, name_of, numbered_jpeg, times
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until

COUNT = 20
SEED = 4
NAME = "2026-11-22.mkv"


@cache
def originals(first: int, width: int = 160) -> tuple[Fragment, ...]:
    """An event of 20 pictures numbered from `first` on, as the recorder makes it."""
    pictures, cutter, cuts = OriginalPictures(), Cutter(), []
    for index, at_ms in enumerate(times(COUNT, first)):
        unit = pictures.encode(numbered_jpeg(first + index, width), None, key=index % 8 == 0)
        assert unit is not None
        cuts += cutter.add(unit.sample, at_ms, key=unit.key)
    cuts += cutter.finish()
    begin = round(STARTED.timestamp() * 1000)
    return tuple(
        Fragment(
            camera="front",
            event=name_of(first),
            started=STARTED,
            k=cut.k,
            first_ms=begin + cut.at_ms,
            samples=cut.samples,
            avcc="",
            width=width,
            height=120,
            body=cut.data,
        )
        for cut in cuts
    )


def whole(first: int) -> list[Record]:
    about = {"camera": "front", "event": name_of(first), "started": STARTED}
    closed = EventClosed(**about, reason="cleared", frames=COUNT)  # type: ignore[arg-type]
    return [EventOpened(**about), *originals(first), closed]  # type: ignore[arg-type]


def expected(*firsts: int) -> list[tuple[int, bytes]]:
    shown, at = [], 0
    for first in firsts:
        index = 0
        for fragment in originals(first):
            for sample in fragment.samples:
                shown.append((at, numbered_jpeg(first + index)))
                at += sample.ms
                index += 1
    return shown


def played(path: Path) -> list[tuple[int, bytes]]:
    """(milliseconds, the very bytes) of each picture that a player gets."""
    shown = []
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                shown.append((round(packet.pts * packet.time_base * 1000), bytes(packet)))
                assert packet.decode()
    return shown


class Shelf:
    """A folder with a file of original pictures."""

    def __init__(self, path: Path) -> None:
        self.path = path / NAME
        self.clock = FakeClock()
        self._folder = os.open(path, os.O_RDONLY)

    def open(self) -> OriginalFile:
        self.clock.advance(60)
        return OriginalFile(open_data_file(self._folder, NAME), self.clock, lambda: None)

    def add(self, *firsts: int) -> OriginalFile:
        day = self.open()
        for first in firsts:
            for fragment in originals(first):
                day.append(fragment)
            day.finish_event()
        day.close()
        return day

    def close(self) -> None:
        os.close(self._folder)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.close()


def test_players_get_the_cameras_own_bytes_at_their_times(shelf: Shelf) -> None:
    shelf.add(0, 20)
    shelf.add(40)
    assert played(shelf.path) == expected(0, 20, 40)
    with av.open(str(shelf.path)) as container:
        assert container.streams.video[0].codec_context.name == "mjpeg"
        assert container.duration is not None
        assert container.duration // 1000 > expected(0, 20, 40)[-1][0]


def test_reopening_knows_everything_and_reports_nothing(shelf: Shelf) -> None:
    before = shelf.add(0, 20)
    again = shelf.open()
    assert again.recovery.text is None
    assert again.events == before.events
    assert [again.append(fragment) for fragment in originals(20)] == [False] * len(originals(20))
    again.close()


def test_it_is_valid_while_it_is_written(shelf: Shelf) -> None:
    day = shelf.open()
    for count, fragment in enumerate(originals(0), start=1):
        day.append(fragment)
        pictures = sum(len(each.samples) for each in originals(0)[:count])
        assert played(shelf.path) == expected(0)[:pictures]
    day.close()


@pytest.mark.parametrize("cuts", [int(os.environ.get("RESILIENCE", "60"))])
def test_cut_anywhere_it_keeps_every_whole_cluster_and_goes_on(shelf: Shelf, cuts: int) -> None:
    day = shelf.add(0, 20, 40)
    data = shelf.path.read_bytes()
    ends = [stored.end for each in day.events for stored in day_fragments(shelf, each.event)]
    chance = random.Random(SEED)
    for _ in range(cuts):
        cut = chance.randrange(len(data))
        shelf.path.write_bytes(data[:cut])
        again = shelf.open()
        kept = sum(
            len(f.samples)
            for f, end in zip([*originals(0), *originals(20), *originals(40)], ends, strict=True)
            if end <= cut
        )
        again.append(originals(60)[0])
        again.close()
        shown = [picture for _, picture in played(shelf.path)]
        own = [picture for _, picture in expected(0, 20, 40)][:kept]
        added = [picture for _, picture in expected(60)][: len(originals(60)[0].samples)]
        assert shown == own + added, (SEED, cut)


def day_fragments(shelf: Shelf, name: str) -> list[StoredFragment]:
    day = shelf.open()
    try:
        return list(day.fragments(name))
    finally:
        day.close()


def test_a_destroyed_head_is_written_anew(shelf: Shelf) -> None:
    shelf.add(0)
    data = bytearray(shelf.path.read_bytes())
    data[:HEAD_BYTES] = bytes(HEAD_BYTES)
    shelf.path.write_bytes(data)
    day = shelf.open()
    assert day.recovery.found is Found.DATA
    assert not day.recovery.lossless
    day.close()
    assert played(shelf.path) == expected(0)


def test_damage_in_the_middle_costs_one_cluster(shelf: Shelf) -> None:
    shelf.add(0, 20)
    middle = day_fragments(shelf, name_of(0))[1]
    data = bytearray(shelf.path.read_bytes())
    data[middle.at + 40] ^= 1
    data[200] ^= 1  # and the mark, so that every byte is looked at
    shelf.path.write_bytes(data)
    day = shelf.open()
    assert day.recovery.text
    day.close()
    first, second = ([f.about.k for f in day_fragments(shelf, name_of(n))] for n in (0, 20))
    assert first == [0, *range(2, len(originals(0)))]
    assert second == list(range(len(originals(20))))


def test_the_store_keeps_original_pictures_next_to_encoded_ones(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    encoded = event(name_of(20), 20)
    closed = EventClosed(camera="front", event=name_of(20), started=STARTED, reason="cleared")
    with StoreRig(tmp_path) as rig:
        rig.put(*whole(0), *encoded, closed, *whole(40))
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    assert [Path(saved.day_file).name for saved in rig.saved] == [
        "2026-11-22.mkv",
        "2026-11-22-2.mp4",
        "2026-11-22-3.mkv",
    ]
    assert [saved.codec for saved in rig.saved] == ["mjpeg", "h264", "mjpeg"]
    assert played(tmp_path / "store" / rig.saved[2].path) == expected(40)
    assert played(tmp_path / "store" / rig.saved[2].day_file) == expected(40)
    assert verify_store(tmp_path / "store").good


def test_a_deleted_file_of_original_pictures_is_begun_anew_as_the_next_part(
    tmp_path: Path,
) -> None:
    (tmp_path / "store").mkdir()
    with StoreRig(tmp_path) as rig:
        rig.put(*whole(0))
        wait_until("it is saved", lambda: rig.saved)
        (tmp_path / "store/front/2026-11-22/2026-11-22.mkv").unlink()
        rig.put(*whole(20))
        wait_until("the next is saved", lambda: len(rig.saved) == 2)
    assert Path(rig.saved[1].day_file).name == "2026-11-22-2.mkv"
    assert played(tmp_path / "store" / rig.saved[1].day_file) == expected(20)


def test_pictures_of_another_size_open_the_next_part(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    wide = originals(20, 192)
    with StoreRig(tmp_path) as rig:
        rig.put(*originals(0), *wide)
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    day = tmp_path / "store/front/2026-11-22"
    assert sorted(p.name for p in day.glob("*.mkv")) == ["2026-11-22-2.mkv", "2026-11-22.mkv"]
    assert [p for _, p in played(day / "2026-11-22-2.mkv")] == [
        numbered_jpeg(20 + n, 192) for n in range(COUNT)
    ]
