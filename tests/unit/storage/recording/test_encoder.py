"""The encoder: the right picture, turned, stamped, in the right colours; damage is skipped."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import av
import cv2
import numpy as np
import pytest

from agent.core.frame import Video
from agent.imaging.orientation import Orientation
from agent.storage.recording.encoder import ClipEncoder, still, still_of
from tests.support.endless_rtsp import coded
from tests.support.recordings import HEIGHT, WIDTH, numbered_jpeg, read_number

TEXT = "2026-11-22 08:15:01.3 +01:00"


def decode(units: list[bytes], avcc: bytes) -> list[av.VideoFrame]:
    """What a player makes of length-prefixed samples."""
    decoder = av.VideoCodecContext.create("h264", "r")
    decoder.extradata = avcc
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit))]
    return frames + decoder.decode(None)


def encode(encoder: ClipEncoder, *jpegs: bytes, text: str | None = None) -> list[av.VideoFrame]:
    units = [encoder.encode(jpeg, text, key=False) for jpeg in jpegs]
    assert encoder.codec is not None
    return decode([unit.sample for unit in units if unit], encoder.codec.avcc)


def flat(bgr: tuple[int, int, int], width: int = 64, height: int = 48) -> bytes:
    picture = np.full((height, width, 3), bgr, np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def test_each_picture_gives_one_sample_at_once_and_the_first_is_a_key() -> None:
    encoder = ClipEncoder(Orientation())
    units = [encoder.encode(numbered_jpeg(n), None, key=n == 3) for n in range(5)]
    assert [unit is not None and unit.key for unit in units] == [True, False, False, True, False]
    assert all(unit is not None and unit.sample for unit in units)


def test_the_pictures_come_in_order() -> None:
    frames = encode(ClipEncoder(Orientation()), *(numbered_jpeg(n) for n in range(6)))
    assert [read_number(frame.to_ndarray(format="gray")) for frame in frames] == list(range(6))


@pytest.mark.parametrize(
    "turn", [Orientation(180), Orientation(0, True), Orientation(0, False, True)]
)
def test_the_stored_orientation_is_in_the_pixels(turn: Orientation) -> None:
    (frame,) = encode(ClipEncoder(turn), numbered_jpeg(1234))
    assert read_number(turn.picture(frame.to_ndarray(format="gray"))) == 1234


def test_the_timestamp_is_burnt_in_upright_after_turning() -> None:
    plain, stamped = (
        encode(ClipEncoder(Orientation(180)), flat((90, 90, 90), 320, 240), text=text)[0]
        for text in (None, TEXT)
    )
    changed = stamped.to_ndarray(format="gray").astype(int) - plain.to_ndarray(format="gray")
    assert np.abs(changed[:30, :200]).max() > 60
    assert np.abs(changed[60:]).max() < 10


@pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
def test_colours_survive_and_say_what_they_are(size: tuple[int, int]) -> None:
    """A JPEG is BT.601 full range; without care 200, 60, 40 comes out as 213, 53, 30."""
    (frame,) = encode(ClipEncoder(Orientation()), flat((40, 60, 200), *size))
    assert (frame.colorspace, frame.color_range) == (6, 1)  # smpte170m, limited
    planes = frame.to_ndarray(format="yuv420p")
    blue, green, red = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)[20, 30]
    assert (int(red), int(green), int(blue)) == pytest.approx((200, 60, 40), abs=4)


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        numbered_jpeg(1)[:-2],
        b"\0" + numbered_jpeg(1),
        b"x" * 99,
    ],
)
def test_a_damaged_picture_is_skipped_and_the_next_one_is_fine(jpeg: bytes) -> None:
    encoder = ClipEncoder(Orientation())
    assert encoder.encode(jpeg, None, key=True) is None
    (frame,) = encode(encoder, numbered_jpeg(7))
    assert read_number(frame.to_ndarray(format="gray")) == 7


def test_an_absurdly_large_picture_is_skipped() -> None:
    """The size stands in the header: 20 kB could ask for 12 GB."""
    jpeg = bytearray(numbered_jpeg(1))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    assert ClipEncoder(Orientation()).encode(bytes(jpeg), None, key=True) is None


def test_a_picture_of_another_size_is_scaled_to_the_events_first() -> None:
    frames = encode(ClipEncoder(Orientation()), numbered_jpeg(5), flat((9, 9, 9), 320, 240))
    assert [(frame.width, frame.height) for frame in frames] == [(WIDTH, HEIGHT)] * 2


class Little:
    """Room for so many bytes at a time; keeps what was too much."""

    roomy = True

    def __init__(self, size: int) -> None:
        self.reduced: list[int] = []
        self._size = size

    def hold(self, size: int) -> object | None:
        return self if size <= self._size else None

    def work(self, size: int) -> AbstractContextManager[bool]:
        return nullcontext(size <= self._size)

    def reduce(self, size: int) -> None:
        self.reduced.append(size)

    def spend(self) -> None:
        """Nobody counts."""


@pytest.mark.parametrize(
    ("mib", "size"), [(30, (1024, 768)), (26, (512, 384)), (20, (256, 192)), (10, None)]
)
def test_a_clip_is_as_large_as_there_is_memory_for(mib: int, size: tuple[int, int] | None) -> None:
    room = Little(mib << 20)
    encoder = ClipEncoder(Orientation(), room=room)
    units = [encoder.encode(flat((40, 60, 200), 1024, 768), None, key=False) for _ in range(3)]
    if size is None:
        assert units == [None] * 3
    else:
        assert encoder.codec is not None
        frames = decode([unit.sample for unit in units if unit], encoder.codec.avcc)
        assert [(frame.width, frame.height) for frame in frames] == [size] * 3
    assert bool(room.reduced) == (size != (1024, 768))


def costly() -> list[Video]:
    """Two pictures with 16 references: 34 MiB above what is free."""
    units = coded(1920, 1088, 16, 2)
    data = [b"".join(b"\0\0\0\1" + unit for unit in picture) for picture in units]
    return [Video(each, "h264", number == 0) for number, each in enumerate(data)]


@pytest.mark.parametrize(("mib", "decoded"), [(120, True), (33, False)])
def test_video_is_decoded_if_there_is_memory_for_its_decoder(mib: int, *, decoded: bool) -> None:
    room = Little(mib << 20)
    encoder = ClipEncoder(Orientation(), room=room)
    units = [encoder.encode(it, None, key=False) for it in costly()]
    assert [unit is not None for unit in units] == [decoded] * 2
    assert bool(room.reduced) != decoded
    assert (still_of(Orientation(), costly(), None, room) is not None) == decoded


def test_odd_sizes_and_grey_pictures_are_encoded() -> None:
    grey = cv2.imencode(".jpg", np.full((47, 65), 100, np.uint8))[1].tobytes()
    (frame,) = encode(ClipEncoder(Orientation()), grey)
    assert (frame.width, frame.height) == (64, 46)


def test_the_same_settings_give_the_same_parameters_each_time() -> None:
    encoders = [ClipEncoder(Orientation()) for _ in range(2)]
    for encoder in encoders:
        encoder.encode(numbered_jpeg(1), None, key=True)
    assert encoders[0].codec == encoders[1].codec


def test_a_still_is_the_stamped_picture_as_a_jpeg() -> None:
    jpeg = still(Orientation(), numbered_jpeg(77, 320, 240), TEXT)
    assert jpeg is not None
    luma = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert luma is not None
    assert luma.shape == (240, 320)
    assert read_number(luma) == 77
    assert luma[:20, :60].max() > 200  # the text
    assert still(Orientation(), b"nothing", TEXT) is None


def test_a_still_is_turned() -> None:
    jpeg = still(Orientation(180), numbered_jpeg(77), None)
    assert jpeg is not None
    luma = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert luma is not None
    assert read_number(luma[::-1, ::-1]) == 77


def test_a_picture_that_is_no_fair_work_is_skipped_like_a_damaged_one() -> None:
    good = flat((90, 90, 90))
    scan = good.index(b"\xff\xda")
    bomb = good[:-2] + good[scan : scan + 14] * 1000 + good[-2:]
    encoder = ClipEncoder(Orientation())

    assert encoder.encode(bomb, None, key=False) is None
    assert still(Orientation(), bomb, None) is None
    assert encoder.encode(good, None, key=False) is not None


#: The upper left quarter.
PRIVATE = (((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)),)


@pytest.mark.parametrize("turn", [Orientation(), Orientation(180), Orientation(0, True)])
def test_privacy_polygons_are_black_in_the_film_and_in_the_still(turn: Orientation) -> None:
    bright = flat((40, 60, 200), 320, 240)
    (frame,) = encode(ClipEncoder(turn, privacy=PRIVATE), bright)
    jpeg = still(turn, bright, None, PRIVATE)
    assert jpeg is not None
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    for picture in (frame.to_ndarray(format="bgr24"), decoded):
        assert picture[:112, :152].max() < 12
        assert picture[128:, :, 2].min() > 170


def test_the_timestamp_is_readable_on_a_privacy_polygon() -> None:
    black, stamped = (
        encode(ClipEncoder(Orientation(), privacy=PRIVATE), flat((90, 90, 90), 320, 240), text=t)
        for t in (None, TEXT)
    )
    assert stamped[0].to_ndarray(format="gray").max() > black[0].to_ndarray(format="gray").max()
