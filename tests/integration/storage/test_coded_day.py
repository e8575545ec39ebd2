"""The day's file and clips of pictures as cameras coded them: same promises, nothing decoded."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.imaging.orientation import Orientation
from agent.storage.container.fragments import walk
from agent.storage.day.camera_day import CameraDay, Outcome
from agent.storage.day.checkpoint import FIRST_SLOT, first_pair
from agent.storage.day.mp4_file import open_day_file
from agent.storage.day.recovery import Found
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.records import EventClosed, Fragment, Record
from agent.storage.verify.store import verify_store
from tests.support.clock import FakeClock
from tests.support.coded import camera_video, coded_event, coded_records, frames_of, shown
from tests.support.power import Log, after_power_cut, noting
from tests.support.recordings import event, name_of, played
from tests.support.shelf import NAME, Shelf

SEED = 20261129
#: Crash states and truncations of each kind; `RESILIENCE=200` for the long form.
STATES = int(os.environ.get("RESILIENCE", "20"))
KINDS = [("h264", 0), ("h264", 3), ("hevc", 0), ("hevc", 3)]


class CodedShelf(Shelf):
    """With events of one kind of stream."""

    def __init__(self, path: Path, codec: str, b_frames: int) -> None:
        super().__init__(path)
        self._kind = codec, b_frames

    def events(self, count: int) -> list[tuple[Fragment, ...]]:
        return [coded_event(name_of(n * 20), n * 20, 20, *self._kind) for n in range(count)]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}b")
def shelf(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CodedShelf]:
    shelf = CodedShelf(tmp_path, *request.param)
    yield shelf
    os.close(shelf.fd)


def test_every_picture_is_there_at_its_time_after_reopening_for_each_event(
    shelf: CodedShelf,
) -> None:
    for fragments in shelf.events(4):
        shelf.add(fragments)
    assert played(shelf.file) == shown(*shelf.events(4))
    assert shelf.add().found is Found.CHECKPOINT


def test_after_a_cut_at_any_byte_every_whole_fragment_before_it_is_kept(shelf: CodedShelf) -> None:
    whole = shelf.events(4)
    shelf.add(*whole)
    content = shelf.file.read_bytes()
    pair = first_pair(FIRST_SLOT)
    read = lambda size, at: content[at : at + size]  # noqa: E731
    ends = [f.end for f in walk(read, pair.end, len(content), resync=False)]
    extra = shelf.events(5)[4]
    chance = random.Random(SEED)
    cuts = [chance.randrange(pair.end, len(content)) for _ in range(STATES)]
    cuts += [0, 1, 31, 47, chance.randrange(pair.end), ends[0], ends[-1] - 1]
    fragments = [fragment for each in whole for fragment in each]
    for cut in cuts:
        shelf.file.write_bytes(content[:cut])
        shelf.add(extra)
        kept = sum(len(f.samples) for f in fragments[: sum(end <= cut for end in ends)])
        numbers = [number for _, number in played(shelf.file)]
        # within a group of pictures out of order the last one may lack those shown before it
        assert len(numbers) == kept + 20, (SEED, cut)
        assert numbers[: kept // 20 * 20] == list(range(kept // 20 * 20)), (SEED, cut)
        assert numbers[-20:] == list(range(80, 100)), (SEED, cut)


@pytest.mark.parametrize("noise", [False, True])
def test_a_destroyed_head_is_rebuilt_from_the_data(shelf: CodedShelf, *, noise: bool) -> None:
    shelf.add(*shelf.events(3))
    with shelf.file.open("r+b") as file:
        file.write(random.Random(SEED).randbytes(262_200) if noise else bytes(262_200))
    recovery = shelf.add(shelf.events(4)[3])
    assert recovery.found in {Found.DATA, Found.SLOTS}
    assert played(shelf.file) == shown(*shelf.events(4))


def test_after_a_power_cut_the_unrepaired_file_plays_every_event_that_was_shown(
    shelf: CodedShelf, tmp_path: Path
) -> None:
    log = Log()
    whole = shelf.events(4)
    day = open_day_file(
        shelf.fd,
        "w.mp4",
        shelf.clock,
        opener=lambda fd, name: noting(log, fd, name),
        first_slot=1024,
    )
    marks = []
    for fragments in whole:
        shelf.clock.advance(60)
        for fragment in fragments:
            day.append(fragment)
            shelf.clock.advance(1)
        day.finish_event()
        marks.append(len(log.done))
    day.close()
    chance = random.Random(SEED)
    for _ in range(STATES):
        cut = chance.randrange(1, len(log.done) + 1)
        shelf.file.write_bytes(after_power_cut(log, cut, chance))
        done = sum(mark <= cut for mark in marks)
        if done:
            assert played(shelf.file)[: done * 20] == shown(*whole[:done]), (SEED, cut)
        again = open_day_file(shelf.fd, NAME, shelf.clock, first_slot=1024)
        again.close()
        for aside in tmp_path.glob("*.damaged-*"):
            aside.unlink()


def test_encoded_pictures_and_coded_ones_do_not_mix_in_a_file(shelf: CodedShelf) -> None:
    shelf.add(*shelf.events(1))
    day = shelf.open()
    assert not day.takes(event(name_of(500), 500)[0])
    assert not day.takes(replace(shelf.events(2)[1][0], turn=180))
    day.close()


class Store:
    """One camera's day."""

    def __init__(self, path: Path) -> None:
        self.path = path / "front/2026-11-22"
        self.outcome = Outcome()
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._day = CameraDay(
            folder,
            "front",
            "2026-11-22",
            clock=FakeClock(),
            outcome=self.outcome,
            alive=lambda: None,
        )

    def store(self, records: list[Record]) -> dict[str, Any]:
        """Writes them and closes the day; the event's line."""
        for number, record in enumerate(records):
            self._day.write(number, record)
        self._day.close()
        return self.outcome.finished[0]

    @property
    def clip(self) -> Path:
        (clip,) = (self.path / "events").glob("*.mp4")
        return clip


def probed(path: Path) -> list[dict[str, Any]]:
    """What ffprobe says of its streams; it complains of nothing."""
    shows = ["-show_streams", "-show_entries", "stream_side_data=rotation", "-of", "json"]
    asked = ["ffprobe", "-v", "warning", *shows, str(path)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    streams: list[dict[str, Any]] = json.loads(done.stdout)["streams"]
    return streams


@pytest.mark.parametrize(("codec", "b_frames"), KINDS)
@pytest.mark.parametrize("turn", [0, 180])
def test_the_clip_is_the_cameras_stream_with_turn_and_time(
    tmp_path: Path, codec: str, b_frames: int, turn: int
) -> None:
    options = RecorderOptions(Orientation(turn), coded=True)
    frames = frames_of(camera_video(40, codec, b_frames=b_frames))
    records = coded_records(name_of(0), frames, options)
    store = Store(tmp_path)
    entry = store.store(records)
    fragments = [it for it in records if isinstance(it, Fragment)]
    assert played(store.clip) == played(store.path / NAME) == shown(fragments)
    assert (entry["frames"], entry["truncated"], entry["clip_s"]) == (40, False, 4.0)
    video, times = probed(store.clip)
    assert video["codec_tag_string"] == {"h264": "avc1", "hevc": "hvc1"}[codec]
    rotation = [abs(it["rotation"]) for it in video.get("side_data_list", [])]
    assert rotation == ([180] if turn else [])
    assert (times["codec_name"], times["nb_frames"]) == ("mov_text", "5")
    report = verify_store(tmp_path)
    assert not report.damaged, report


def test_the_subtitles_say_the_local_time_of_each_second(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.store(coded_records(name_of(0), frames_of(camera_video(40))))
    command = ["ffmpeg", "-v", "error", "-i", str(store.clip), "-map", "0:s", "-f", "srt", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # the event began at 08:15:01.3
    assert "00:00:00,700 --> 00:00:01,700" in said
    assert [f"08:15:0{n} +00:00" in said for n in range(1, 7)] == [True] * 5 + [False]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_stream_that_changes_its_size_goes_on_in_the_next_part_and_in_the_same_clip(
    tmp_path: Path, codec: str
) -> None:
    wide = camera_video(20, codec, first=20, size=(640, 480), b_frames=2)
    moved = [replace(it, pts=(it.pts or 0.0) + 2.0) for it in wide]
    back = [
        replace(it, pts=(it.pts or 0.0) + 4.0)
        for it in camera_video(20, codec, first=40, b_frames=2)
    ]
    stream = [*camera_video(20, codec, b_frames=2), *moved, *back]
    store = Store(tmp_path)
    entry = store.store(coded_records(name_of(0), frames_of(stream)))
    numbers = [
        [number for _, number in played(store.path / name)]
        for name in (NAME, "2026-11-22-2.mp4", "2026-11-22-3.mp4")
    ]
    assert numbers == [list(range(20)), list(range(20, 40)), list(range(40, 60))]
    assert played(store.clip) == [(n * 100, n) for n in range(60)]
    assert (entry["frames"], entry["truncated"], len(entry["day"])) == (60, False, 3)


def test_a_clip_that_goes_on_in_another_codec_ends_there_and_says_so(tmp_path: Path) -> None:
    other = [replace(it, pts=(it.pts or 0.0) + 2.0) for it in camera_video(20, "h264", first=20)]
    store = Store(tmp_path)
    entry = store.store(coded_records(name_of(0), frames_of([*camera_video(20, "hevc"), *other])))
    assert [number for _, number in played(store.clip)] == list(range(20))
    assert entry["truncated"]
    assert [number for _, number in played(store.path / "2026-11-22-2.mp4")] == list(range(20, 40))


def test_a_clip_deleted_before_it_was_said_is_made_once_more(tmp_path: Path) -> None:
    records = coded_records(name_of(0), frames_of(camera_video(20)))
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    outcome, clock = Outcome(), FakeClock()
    day = CameraDay(folder, "front", "2026-11-22", clock=clock, outcome=outcome, alive=lambda: None)
    other = coded_records(name_of(100), frames_of(camera_video(20, first=100)))
    for number, record in enumerate([*other, *records]):
        day.write(number, record)
    closing = records[-1]
    assert isinstance(closing, EventClosed)
    (clip,) = (tmp_path / "front/2026-11-22/events").glob(f"*{name_of(0)}.mp4")
    before = clip.read_bytes()
    clip.unlink()
    day.close()
    assert clip.read_bytes() == before
    assert [lossless for *_, lossless in outcome.repaired] == [True]
