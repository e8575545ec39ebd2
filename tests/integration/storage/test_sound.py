"""Sound in clips and in the day's file: at its time, after any damage, at no picture's cost."""

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

from agent.core.frame import Sound, SoundUnit, Video
from agent.storage.container.fragments import walk
from agent.storage.day.camera_day import CameraDay, Outcome
from agent.storage.day.checkpoint import FIRST_SLOT, first_pair
from agent.storage.day.recovery import Found
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.records import EventClosed, Fragment, Record, decode, encode
from agent.storage.verify.store import verify_store
from tests.support.clock import FakeClock
from tests.support.coded import camera_video, coded_event, coded_records, frames_of
from tests.support.recordings import name_of, played
from tests.support.shelf import NAME, Shelf
from tests.support.sounding import FORMATS, TONE, sounding, tones, units

HEARD = RecorderOptions(coded=True, sound=True)
SEED = 20261130
#: As near as people hear it as one.
NEAR = 0.05
STATES = int(os.environ.get("RESILIENCE", "20"))


def stored(folder: Path, *events: list[Record]) -> tuple[Path, Path]:
    """The day's file and the last clip; nothing is damaged."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    day = CameraDay(
        fd,
        "front",
        "2026-11-22",
        clock=FakeClock(),
        outcome=Outcome(),
        alive=lambda: None,
    )
    for number, record in enumerate(record for records in events for record in records):
        day.write(number, decode(encode(record)))
    day.close()
    os.close(fd)
    report = verify_store(folder)
    assert not report.damaged, report
    place = folder / "front/2026-11-22"
    return place / NAME, max((place / "events").glob("*.mp4"))


def recorded(codec: str, number: int = 0, *, late: float = 0.0, b_frames: int = 0) -> list[Record]:
    """Two seconds with sound."""
    pictures = camera_video(20, first=number, b_frames=b_frames)
    videos = sounding(pictures, codec, late=late)
    return coded_records(name_of(number), frames_of(videos), HEARD)


def fragments_of(records: list[Record]) -> tuple[Fragment, ...]:
    return tuple(record for record in records if isinstance(record, Fragment))


def probed(path: Path) -> list[dict[str, Any]]:
    """What ffprobe says of its streams; it complains of nothing."""
    asked = ["ffprobe", "-v", "warning", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    streams: list[dict[str, Any]] = json.loads(done.stdout)["streams"]
    return streams


def at_its_time(path: Path, *begins: float) -> None:
    """The tones of events that begin so are where they belong."""
    found = tones(path)
    assert len(found) == len(begins), found
    for (first, last), begin in zip(found, begins, strict=True):
        assert abs(first - begin - TONE[0]) <= NEAR, found
        assert abs(last - begin - TONE[1]) <= NEAR, found


@pytest.mark.parametrize("codec", FORMATS)
def test_the_cameras_sound_is_in_clip_and_film_at_its_time(tmp_path: Path, codec: str) -> None:
    film, clip = stored(tmp_path, recorded(codec))
    for path, others in ((clip, ["mov_text"]), (film, [])):
        streams = probed(path)
        assert [it["codec_name"] for it in streams] == ["h264", "aac", *others]
        assert abs(float(streams[1]["duration"]) - 2.0) < 0.2
        at_its_time(path, 0.0)
        assert [number for _, number in played(path)] == list(range(20))


def test_aac_is_kept_byte_for_byte(tmp_path: Path) -> None:
    _, clip = stored(tmp_path, recorded("aac"))
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-map", "0:a", "-c", "copy", "-f", "data"]
    kept = subprocess.run([*command, "-"], capture_output=True, check=True).stdout
    sent = b"".join(unit.data for unit in units("aac", 2.4) if 0.0 <= unit.pts < 2.0)
    assert sent.startswith(kept)
    assert len(kept) > 0.9 * len(sent)


@pytest.mark.parametrize("codec", ["aac", "pcm_alaw"])
def test_sound_that_comes_behind_its_pictures_stays_at_its_time(tmp_path: Path, codec: str) -> None:
    film, clip = stored(tmp_path, recorded(codec, late=0.6, b_frames=2))
    at_its_time(clip, 0.0)
    at_its_time(film, 0.0)


@pytest.mark.parametrize("codec", ["aac", "pcm_alaw"])
@pytest.mark.parametrize("coded", [False, True])
def test_pictures_that_come_unevenly_leave_the_sound_whole(
    tmp_path: Path,
    codec: str,
    coded: bool,  # noqa: FBT001
) -> None:
    late = (0.0, 0.09, 0.02, 0.08, 0.0, 0.05, 0.09, 0.01, 0.07, 0.03)
    frames = frames_of(sounding(camera_video(40), codec))
    came = tuple(replace(it, at=it.at + late[it.seq % 10]) for it in frames)
    records = coded_records(name_of(0), came, replace(HEARD, coded=coded))
    runs = [it.sound for it in fragments_of(records) if it.sound is not None]
    ticks = [sample.ticks for run in runs for sample in run.samples]
    assert set(ticks) == {1024}, "no unit is left out, and none is drawn out"
    _, clip = stored(tmp_path, records)
    at_its_time(clip, 0.0)


@pytest.mark.parametrize("coded", [False, True])
def test_the_sound_that_comes_with_a_damaged_picture_is_kept(
    coded: bool,  # noqa: FBT001
) -> None:
    videos = list(sounding(camera_video(40), "aac"))
    videos[15] = replace(videos[15], data=b"damaged")
    options = replace(HEARD, coded=coded)
    records = coded_records(name_of(0), frames_of(videos), options)
    assert isinstance(records[-1], EventClosed)
    assert records[-1].skipped
    runs = [it.sound for it in fragments_of(records) if it.sound is not None]
    ticks = [sample.ticks for run in runs for sample in run.samples]
    assert (set(ticks), len(ticks)) == ({1024}, 61)


def test_a_clip_for_which_nothing_was_kept_has_sound_from_its_first_picture_on(
    tmp_path: Path,
) -> None:
    videos = sounding(camera_video(20), "aac")
    _, clip = stored(tmp_path, coded_records(name_of(0), frames_of(videos), HEARD, begin=0))
    at_its_time(clip, 0.0)


def test_events_with_and_without_sound_go_into_one_file(tmp_path: Path) -> None:
    quiet = coded_records(name_of(20), frames_of(camera_video(20, first=20)), HEARD)
    film, clip = stored(tmp_path, recorded("aac"), quiet, recorded("aac", 40))
    at_its_time(film, 0.0, 4.0)
    at_its_time(clip, 0.0)
    assert [number for _, number in played(film)] == list(range(60))
    assert len(list(film.parent.glob("*.mp4"))) == 1
    (without,) = (film.parent / "events").glob(f"*{name_of(20)}.mp4")
    assert [it["codec_name"] for it in probed(without)] == ["h264", "mov_text"]


def test_other_sound_begins_the_next_part(tmp_path: Path) -> None:
    quiet = coded_records(name_of(0), frames_of(camera_video(20)), HEARD)
    film, clip = stored(tmp_path, quiet, recorded("aac", 20), recorded("opus", 40))
    assert [it["codec_name"] for it in probed(film)] == ["h264"]
    for number in (2, 3):
        at_its_time(film.with_name(f"2026-11-22-{number}.mp4"), 0.0)
    at_its_time(clip, 0.0)


def test_a_gap_in_the_sound_is_silence_and_moves_nothing(tmp_path: Path) -> None:
    for codec in ("aac", "pcm_mulaw"):
        heard = tuple(it for it in units(codec, 3.5) if not 0.2 <= it.pts < 0.55)
        videos = sounding(camera_video(30), codec, heard=heard)
        records = coded_records(name_of(0), frames_of(videos), HEARD)
        _, clip = stored(folder_of(tmp_path / codec), records)
        at_its_time(clip, 0.0)


def folder_of(path: Path) -> Path:
    path.mkdir()
    return path


def test_sound_that_begins_late_or_comes_twice_stays_at_its_time(tmp_path: Path) -> None:
    for codec in ("aac", "pcm_alaw"):
        whole = [it for it in units(codec, 2.5) if it.pts >= 0.5]
        heard = tuple(it for unit in whole for it in (unit, unit))
        videos = sounding(camera_video(20), codec, heard=heard)
        records = coded_records(name_of(0), frames_of(videos), HEARD)
        film, clip = stored(folder_of(tmp_path / codec), records)
        at_its_time(clip, 0.0)
        at_its_time(film, 0.0)


def noise(codec: str, chance: random.Random) -> tuple[Video, ...]:
    """Pictures whose sound is none."""

    def made(at: float) -> SoundUnit:
        return SoundUnit(chance.randbytes(chance.randrange(1, 400)), at + chance.uniform(-9, 9))

    sound = FORMATS[codec]
    return tuple(
        replace(it, sound=Sound(sound, tuple(made(it.pts or 0.0) for _ in range(20))))
        for it in camera_video(40)
    )


@pytest.mark.parametrize("codec", FORMATS)
def test_broken_sound_costs_no_picture(tmp_path: Path, codec: str) -> None:
    videos = noise(codec, random.Random(SEED))
    records = coded_records(name_of(0), frames_of(videos), HEARD)
    film, clip = stored(tmp_path, records)
    for path in (film, clip):
        assert [number for _, number in played(path)] == list(range(40))


def test_sound_that_is_not_wanted_is_not_kept(tmp_path: Path) -> None:
    videos = sounding(camera_video(20), "aac")
    records = coded_records(name_of(0), frames_of(videos))
    assert fragments_of(records) == coded_event(name_of(0), 0)
    film, _ = stored(tmp_path, records)
    assert [it["codec_name"] for it in probed(film)] == ["h264"]


@pytest.mark.parametrize("coded", [True, False])
def test_pictures_that_are_encoded_have_sound_too(tmp_path: Path, *, coded: bool) -> None:
    options = RecorderOptions(coded=coded, sound=True)
    videos = sounding(camera_video(20), "pcm_mulaw")
    _, clip = stored(tmp_path, coded_records(name_of(0), frames_of(videos), options))
    at_its_time(clip, 0.0)


class SoundShelf(Shelf):
    """With events that have sound."""

    def events(self, count: int) -> list[tuple[Fragment, ...]]:
        return [fragments_of(recorded("aac", n * 20)) for n in range(count)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[SoundShelf]:
    shelf = SoundShelf(tmp_path)
    yield shelf
    os.close(shelf.fd)


def test_it_is_the_same_file_whether_it_was_opened_for_each_event_or_once(
    shelf: SoundShelf,
) -> None:
    for fragments in shelf.events(3):
        shelf.add(fragments)
    at_its_time(shelf.file, 0.0, 2.0, 4.0)
    one = shelf.open()
    tracks = one._state.tracks if one._state else ()
    one.close()
    shelf.file.unlink()
    shelf.add(*shelf.events(3))
    again = shelf.open()
    assert tracks == (again._state.tracks if again._state else None)
    again.close()


def test_after_a_cut_at_any_byte_the_sound_is_that_of_the_whole_fragments(
    shelf: SoundShelf,
) -> None:
    whole = shelf.events(3)
    shelf.add(*whole)
    content = shelf.file.read_bytes()
    pair = first_pair(FIRST_SLOT)
    read = lambda size, at: content[at : at + size]  # noqa: E731
    ends = [f.end for f in walk(read, pair.end, len(content), resync=False)]
    chance = random.Random(SEED)
    cuts = [chance.randrange(pair.end, len(content)) for _ in range(STATES)]
    fragments = [fragment for each in whole for fragment in each]
    for cut in [*cuts, ends[0], ends[-1] - 1]:
        shelf.file.write_bytes(content[:cut])
        shelf.add(shelf.events(4)[3])
        kept = fragments[: sum(end <= cut for end in ends)]
        begin = sum(fragment.ms for fragment in kept) / 1000
        found = tones(shelf.file)
        assert abs(found[-1][0] - begin - TONE[0]) <= NEAR, (SEED, cut, found)
        assert len(probed(shelf.file)) == 2


def test_a_destroyed_head_is_rebuilt_with_its_sound(shelf: SoundShelf) -> None:
    shelf.add(*shelf.events(3))
    with shelf.file.open("r+b") as file:
        file.write(bytes(262_200))
    assert shelf.add(shelf.events(4)[3]).found in {Found.DATA, Found.SLOTS}
    at_its_time(shelf.file, 0.0, 2.0, 4.0, 6.0)
