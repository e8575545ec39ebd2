"""A camera's own pictures as MP4 has them, and what is left of those that are wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from fractions import Fraction
from typing import cast

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.frame import Frame, Video
from agent.core.messages import ClipEnd, ClipStart, EndReason
from agent.core.store_names import FileKind
from agent.imaging.nal import split
from agent.imaging.orientation import Orientation
from agent.storage.container.h264 import Codec, avcc, parameter_sets
from agent.storage.container.h265 import hvcc, read_sps
from agent.storage.container.sps_rewrite import size
from agent.storage.recording import coded
from agent.storage.recording.coded import BadVideo, CodedClip, Units
from agent.storage.recording.open_clip import OpenClip, RecorderOptions
from agent.storage.records import EventClosed, EventFile, Fragment, Record
from tests.support.coded import FOUND, camera_video, coded_records, frames_of, putting
from tests.support.recordings import STARTED, name_of, numbered_jpeg, read_number

CODED = RecorderOptions(coded=True)


def units_of(video: Video) -> list[bytes]:
    return list(split(video.data))


def again(units: list[bytes], video: Video) -> Video:
    return replace(video, data=b"".join(b"\0\0\0\1" + unit for unit in units))


def fragments(records: object) -> list[Fragment]:
    assert isinstance(records, list)
    return [record for record in records if isinstance(record, Fragment)]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("dimensions", [(320, 240), (322, 182), (640, 360), (1920, 1080)])
def test_the_size_is_that_of_the_picture(codec: str, dimensions: tuple[int, int]) -> None:
    units = Units(0)
    units.take(camera_video(1, codec, size=dimensions)[0])
    assert units.codec is not None
    assert (units.codec.width, units.codec.height) == dimensions


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_record_is_what_a_decoder_needs(codec: str) -> None:
    videos = camera_video(12, codec, b_frames=2)
    units = Units(0)
    decoder = cast(av.VideoCodecContext, av.CodecContext.create(codec, "r"))
    samples = [units.take(video) for video in videos]
    assert units.codec is not None
    decoder.extradata = units.codec.avcc
    pictures = [it for unit in samples for it in decoder.decode(av.Packet(unit.sample))]
    assert len(pictures + decoder.decode(None)) == 12
    in_band = {unit for video in videos for unit in units_of(video)}
    kept = parameter_sets(units.codec)
    assert len(kept) == (2 if codec == "h264" else 3)
    assert set(kept) <= in_band | {kept[0]}, "but for the rate in the first"


def test_parameter_sets_stay_out_of_samples_unless_they_are_new_in_a_picture_between() -> None:
    key, other = camera_video(2)
    units = Units(0)
    first = units.take(key)
    sets = [unit for unit in units_of(key) if unit[0] & 31 in {7, 8}]
    assert not any(unit in first.sample for unit in sets)
    repeated = units.take(again([*sets, *units_of(other)], other))
    assert repeated.sample == Units.take(units, other).sample
    changed = units.take(again([sets[1] + b"\x80", *units_of(other)], other))
    assert len(changed.sample) == len(repeated.sample) + len(sets[1]) + 5


def test_of_two_sets_with_one_number_the_later_one_counts() -> None:
    small, large = camera_video(1)[0], camera_video(1, size=(640, 480))[0]
    stale = [unit for unit in units_of(small) if unit[0] & 31 in {7, 8}]
    units = Units(0)
    units.take(again([*stale, *units_of(large)], large))
    assert units.codec is not None
    assert units.codec.width == 640


def test_a_key_picture_that_repeats_some_sets_changes_nothing() -> None:
    key = camera_video(1)[0]
    units = Units(0)
    units.take(key)
    before = units.codec
    bare = [unit for unit in units_of(key) if unit[0] & 31 != 8]
    assert units.take(again(bare, key)).codec is before
    assert units.take(again(bare[1:], key)).codec is before


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\0\0\0\1",
        b"no start code",
        b"\0\0\1\x67",
        b"\0\0\1\x67\0\0\0",
        b"\0\0\1" * 9,
        b"\xff" * 99,
    ],
)
@pytest.mark.parametrize("key", [True, False])
def test_a_wrong_packet_costs_the_clip_until_the_next_key_picture(
    wrong: bytes, *, key: bool
) -> None:
    videos = list(camera_video(40))
    number = 10 if key else 13
    videos[number] = replace(videos[number], data=wrong)
    records = coded_records(name_of(0), frames_of(videos), CODED, begin=5)
    closed = records[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.frames, closed.skipped) == (40 - (20 - number), 20 - number)
    samples = [sample for each in fragments(records) for sample in each.samples]
    assert sum(sample.ms for sample in samples) == 4000, "times go on behind the hole"


@given(st.binary(max_size=400), st.sampled_from(["h264", "hevc", "vp8"]), st.booleans())
def test_whatever_a_camera_sends_is_taken_or_refused(data: bytes, codec: str, key: bool) -> None:  # noqa: FBT001
    clip = CodedClip(0)
    for head in (b"", b"\0\0\1\x67", b"\0\0\1\x42\1", b"\0\0\1\x68\0\0\1\x67\x64\0\x1f"):
        frame = Frame(b"", 1.0, 1, 1, Video(head + data, codec, key))
        try:
            clip.add(frame)
        except BadVideo:
            continue


@given(st.binary(max_size=80))
def test_sets_that_are_none_are_refused(data: bytes) -> None:
    for read in (size, read_sps):
        try:
            read(data)
        except ValueError:
            continue
    try:
        parameter_sets(Codec(data, 2, 2, "hvc1"))
    except ValueError:
        return


def test_several_sets_of_a_kind_are_kept() -> None:
    record = avcc([b"\x67abc", b"\x67def"], [b"\x68x"])
    assert parameter_sets(Codec(record, 2, 2)) == [b"\x67abc", b"\x67def", b"\x68x"]
    sets = [it for it in units_of(camera_video(1, "hevc")[0]) if 32 <= it[0] >> 1 & 63 <= 34]
    assert parameter_sets(Codec(hvcc(sets), 2, 2, "hvc1")) == sets


def test_other_parameters_begin_another_fragment_and_no_time_is_lost() -> None:
    videos = camera_video(20) + tuple(
        replace(it, pts=it.pts + 2.0 if it.pts is not None else None)
        for it in camera_video(20, first=20, size=(640, 480))
    )
    made = fragments(coded_records(name_of(0), frames_of(videos), CODED))
    assert [(it.width, sum(s.ms for s in it.samples)) for it in made] == [
        (320, 1000),
        (320, 1000),
        (640, 1000),
        (640, 1000),
    ]
    assert all(it.samples[0].key for it in made)


def test_a_clip_whose_parameters_change_without_end_ends() -> None:
    sizes = [(320, 240), (640, 480)]
    videos = [replace(camera_video(1, size=sizes[n % 2])[0], pts=n / 10) for n in range(30)]
    records = coded_records(name_of(0), frames_of(videos), CODED)
    assert len({(it.width, n) for n, it in enumerate(fragments(records))}) == coded._MOST_CHANGES
    closed = records[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.skipped or 0) > 20


def test_what_is_shown_before_the_first_key_picture_is_left_out() -> None:
    videos = camera_video(40, b_frames=3, open_gop=True)
    second = next(n for n, it in enumerate(videos) if it.key and n)
    begin = videos[second].pts or 0.0
    leading = [it for it in videos[second:] if (it.pts or 0.0) < begin]
    assert leading, "the stream has such pictures"
    records = coded_records(name_of(0), frames_of(videos[second:]), CODED)
    samples = [sample for each in fragments(records) for sample in each.samples]
    assert len(samples) == len(videos) - second - len(leading)
    assert min(s.shift for s in samples) < 0 == samples[0].shift


def test_a_stream_whose_parameters_cannot_be_read_is_encoded_anew() -> None:
    videos = [replace(it, codec="mpeg4") for it in _mpeg4(12)]
    records = coded_records(name_of(0), frames_of(videos), CODED, begin=5)
    assert sum(len(it.samples) for it in fragments(records)) == 12
    assert fragments(records)[0].entry == "avc1"


def _mpeg4(count: int) -> list[Video]:
    encoder = av.VideoCodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    blank = av.VideoFrame.from_ndarray(np.full((360, 320), 128, np.uint8), format="yuv420p")
    packets = []
    for number in range(count):
        blank.pts = number
        packets += encoder.encode(blank)
    sets = encoder.extradata or b""
    return [Video(sets * it.is_keyframe + bytes(it), "mpeg4", it.is_keyframe) for it in packets]


def test_a_half_turn_is_left_to_the_player_and_jpegs_between_are_turned_with_it() -> None:
    options = RecorderOptions(Orientation(180), coded=True)
    frames = frames_of(camera_video(20))
    jpeg = numbered_jpeg(20, 320, 240)
    more = tuple(Frame(jpeg, 102.0 + n / 4, 20 + n, 1) for n in range(4))
    made = fragments(coded_records(name_of(0), frames + more, options))
    assert {it.turn for it in made} == {180}
    assert sum(len(it.samples) for it in made) == 24


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_the_best_picture_is_decoded_from_the_stream(codec: str, b_frames: int) -> None:
    videos = camera_video(40, codec, b_frames=b_frames)
    frames = frames_of(videos)
    best = next(it for it in frames if it.video and it.video.pts == 2.3)
    records: list[Record] = []
    start = ClipStart("front", name_of(0), 100.0, STARTED, frames[:1], (), b"", FOUND)
    clip = OpenClip(start, CODED, UTC, putting(records))
    for frame in frames[1:]:
        clip.add(frame, best=frame is best)
    judged = Frame(numbered_jpeg(1), best.at, 1, 1)
    clip.close(ClipEnd(name_of(0), 104.0, EndReason.CLEARED, judged, FOUND, 9))
    (picture,) = [it.body for it in records if isinstance(it, EventFile)]
    shown = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    assert (shown.shape, read_number(np.asarray(shown))) == ((240, 320), 23)


def test_closing_says_that_the_clip_has_its_time_as_subtitles() -> None:
    frames = frames_of(camera_video(20))
    closings = [coded_records(name_of(0), frames, it)[-1] for it in (CODED, RecorderOptions())]
    assert [it.times for it in closings if isinstance(it, EventClosed)] == [True, False]
    assert any(
        isinstance(it, EventFile) and it.kind is FileKind.BEST
        for it in coded_records(name_of(0), frames, CODED)
    )


@pytest.mark.parametrize(("count", "gap"), [(20, 1.0), (5, 0.5)])
@pytest.mark.parametrize("open_gop", [False, True])
def test_a_stream_that_comes_again_at_once_goes_on_behind_what_there_is(
    count: int,
    gap: float,
    open_gop: bool,  # noqa: FBT001
) -> None:
    before = frames_of(camera_video(20, "hevc", b_frames=3, open_gop=open_gop)[:count])
    # its second session begins with the second key picture, and counts from 0 again
    videos = camera_video(30, "hevc", b_frames=3, open_gop=open_gop)
    begin = [number for number, it in enumerate(videos) if it.key][1]
    first = videos[begin].pts or 0.0
    again_from = tuple(replace(it, pts=(it.pts or 0.0) - first) for it in videos[begin:])
    after = frames_of(again_from, before[-1].at + gap)
    clip = CodedClip(0, before)
    placed = [it for frame in before for it in clip.add(frame)]
    placed += [it for frame in after for it in clip.add(replace(frame, session=2))]
    placed += clip.finish()
    shown_at = [it.at_ms + it.shift for it in placed]
    key = [number for number, it in enumerate(placed) if it.what.key][-2]
    assert max(shown_at[:key]) < min(shown_at[key:])
    leading = sum((it.pts or 0.0) < 0 for it in again_from)
    assert bool(leading) == open_gop
    assert len(placed) == len(before) + len(after) - leading, "none of them could be decoded"
