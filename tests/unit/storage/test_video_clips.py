"""Clips of a recording stream: H.264 and H.265 as the camera coded it, decoded here alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.frame import Frame, Video
from agent.core.messages import ClipFrame, Stream
from agent.core.store_names import FileKind
from agent.imaging.orientation import Orientation
from agent.storage.recording.encoder import ClipEncoder
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.recording.passthrough import OriginalPictures
from agent.storage.records import EventClosed, EventFile, Fragment
from tests.support.recordings import HEIGHT, WIDTH, numbered_jpeg, numbered_video, read_number
from tests.unit.storage.recording.test_encoder import decode
from tests.unit.storage.recording.test_recorder import EVENT, Rig, end, start

PRIVATE = (((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)),)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("turn", [Orientation(), Orientation(180)])
def test_video_is_encoded_turned_as_pictures_are(codec: str, turn: Orientation) -> None:
    encoder = ClipEncoder(turn)
    units = [encoder.encode(video, None, key=False) for video in numbered_video(12, codec)]
    assert encoder.codec is not None
    assert (encoder.codec.width, encoder.codec.height) == (2 * WIDTH, 2 * HEIGHT)
    shown = decode([unit.sample for unit in units if unit], encoder.codec.avcc)
    luma = [turn.picture(frame.to_ndarray(format="gray")) for frame in shown]
    assert [read_number(it) for it in luma] == list(range(12))


def test_what_is_drawn_into_a_picture_is_not_in_the_next() -> None:
    encoder = ClipEncoder(Orientation(), privacy=PRIVATE)
    texts = ["2026-11-22 08:15:01.3 +01:00", None]
    videos = numbered_video(2, every=100)
    units = [encoder.encode(it, text, key=False) for it, text in zip(videos, texts, strict=True)]
    assert encoder.codec is not None
    first, second = (
        frame.to_ndarray(format="gray")
        for frame in decode([unit.sample for unit in units if unit], encoder.codec.avcc)
    )
    corner = (slice(0, HEIGHT), slice(0, WIDTH - 8))
    assert second[corner].max() < 24, "black, and no timestamp of the picture before"
    assert first[corner].max() > 200
    assert second[HEIGHT:, WIDTH:].mean() > 80, "the decoder's own picture was not painted over"


def test_a_damaged_video_picture_is_skipped_and_the_next_key_picture_goes_on() -> None:
    encoder = ClipEncoder(Orientation())
    videos = list(numbered_video(12))
    videos[2] = replace(videos[2], data=b"\0\0\0\1 nothing")
    units = [encoder.encode(video, None, key=False) for video in videos]
    assert units[2] is None
    assert all(unit is not None for unit in units[5:])
    assert encoder.encode(replace(videos[0], data=b""), None, key=False) is None


def test_a_clip_may_go_on_with_jpegs_of_another_size() -> None:
    encoder = ClipEncoder(Orientation())
    coded: list[bytes | Video] = [*numbered_video(5), numbered_jpeg(5), numbered_jpeg(6)]
    units = [encoder.encode(it, None, key=False) for it in coded]
    assert all(units)
    assert encoder.codec is not None
    assert (encoder.codec.width, encoder.codec.height) == (2 * WIDTH, 2 * HEIGHT)


def test_original_pictures_take_no_video() -> None:
    original = OriginalPictures()
    assert original.encode(numbered_video(1)[0], None, key=True) is None
    assert original.still() is None


@pytest.mark.parametrize("original", [False, True])
def test_the_best_picture_is_the_last_that_was_said_to_be(
    tmp_path: Path, *, original: bool
) -> None:
    rig = Rig(tmp_path / "spool", options=RecorderOptions(original=original, timestamp=False))
    sizes = 2 * WIDTH, 2 * HEIGHT
    frames = [Frame(numbered_jpeg(n, *sizes), 100.0 + n / 4, n, 1) for n in range(12)]
    more = [ClipFrame(EVENT, it, best=it.seq in {5, 7}) for it in frames[5:]]
    opening = replace(start(), frames=tuple(frames[:5]), stream=Stream.RECORD_SOURCE)
    records = rig.work(opening, *more, replace(end(), stream=Stream.RECORD_SOURCE))
    (best,) = [r for r in records if isinstance(r, EventFile) and r.kind is FileKind.BEST]
    picture = cv2.imdecode(np.frombuffer(best.body, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert read_number(np.asarray(picture)) == 7
    closed = records[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.stream, closed.frames) == ("record_source", 12)


def test_a_clip_of_video_becomes_fragments_with_the_times_of_its_pictures(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "spool")
    frames = [Frame(b"", 100.0 + n / 10, n, 1, video) for n, video in enumerate(numbered_video(30))]
    opening = replace(start(), frames=tuple(frames[:10]), triggers=start().triggers)
    records = rig.work(opening, *(ClipFrame(EVENT, it) for it in frames[10:]), end())
    fragments = [record for record in records if isinstance(record, Fragment)]
    assert [sample.ms for it in fragments for sample in it.samples][:-1] == [100] * 29
    assert {(it.width, it.height) for it in fragments} == {(2 * WIDTH, 2 * HEIGHT)}
