"""JPEG bytes: headers, limits, decoding, turning, the size cap."""

import struct

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.imaging import jpeg
from agent.imaging.orientation import Orientation
from tests.support.jpegs import jpeg as made_up

Picture = npt.NDArray[np.uint8]
TURNED = Orientation(rotate=180)


def scene(height: int = 48, width: int = 64, seed: int = 1) -> Picture:
    """Colour noise, smooth enough to survive JPEG."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3).astype(np.uint8)


def encoded(picture: Picture, quality: int = 95) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def luma_of(data: bytes) -> Picture:
    luma = jpeg.decode_luma(data)
    assert luma is not None
    return luma


def with_exif_orientation(data: bytes, value: int) -> bytes:
    """Puts an APP1 segment behind SOI that says: turn me."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)
    body = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def with_size(data: bytes, height: int, width: int) -> bytes:
    """The same JPEG with another size in its SOF0."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def test_dimensions_are_height_and_width_of_the_header() -> None:
    assert jpeg.dimensions(encoded(scene(48, 64))) == (48, 64)
    assert jpeg.dimensions(with_exif_orientation(encoded(scene(48, 64)), 6)) == (48, 64)


def test_the_dimensions_of_a_progressive_jpeg_are_read_too() -> None:
    _, data = cv2.imencode(".jpg", scene(30, 50), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])

    assert jpeg.dimensions(data.tobytes()) == (30, 50)


@pytest.mark.parametrize(
    ("height", "width"), [(8193, 16), (16, 8193), (8000, 8000), (0, 64), (64, 0)]
)
def test_a_header_that_asks_for_too_much_memory_is_refused_before_decoding(
    height: int, width: int
) -> None:
    huge = with_size(encoded(scene()), height, width)

    assert jpeg.dimensions(huge) is None
    assert jpeg.decode_luma(huge) is None
    assert jpeg.stored_jpeg(huge, TURNED, 10**6) is None


def progressive(scans: int) -> bytes:
    """A progressive JPEG with so many more scans, each of them empty."""
    whole = cv2.imencode(".jpg", scene(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = whole.rindex(b"\xff\xda")
    header = whole[last : last + 2 + int.from_bytes(whole[last + 2 : last + 4], "big")]
    return whole[:-2] + header * scans + whole[-2:]


def test_a_picture_with_thousands_of_scans_is_refused_before_it_costs_minutes() -> None:
    ordinary = progressive(0)

    assert jpeg.decode_luma(ordinary) is not None
    assert ordinary.count(b"\xff\xda") * 2 < jpeg.MOST_SCANS
    for bomb in (progressive(jpeg.MOST_SCANS), progressive(100_000)):
        assert jpeg.dimensions(bomb) is None
        assert jpeg.decode_luma(bomb) is None
        assert jpeg.stored_jpeg(bomb, TURNED, 10**6) is None


def sequential(scans: int) -> bytes:
    """A baseline JPEG with its only scan so many times more."""
    whole = encoded(scene())
    first = whole.index(b"\xff\xda")
    return whole[:-2] + whole[first:-2] * scans + whole[-2:]


def test_a_baseline_picture_costs_one_scan_however_many_follow() -> None:
    from time import thread_time

    began = thread_time()
    assert jpeg.decode_luma(sequential(0)) is not None
    once = thread_time() - began
    bomb = sequential(3000)
    began = thread_time()
    jpeg.decode_luma(bomb)

    assert bomb.count(b"\xff\xda") > 3000
    assert thread_time() - began < 10 * once + 0.05


def test_a_marker_without_a_length_does_not_lead_past_the_size_that_is_decoded() -> None:
    """`ff 01` stands alone: a decoder goes on behind it, with the large SOF."""
    large, small = (encoded(scene(height, 64)) for height in (600, 16))
    sof = large.index(b"\xff\xc0")
    other = small.index(b"\xff\xc0")
    trap = large[:sof] + b"\xff\x01" + large[sof:]
    landing = sof + 2 + int.from_bytes(b"\xff\xc0", "big")  # where a length would lead
    trap += bytes(landing - len(trap)) + small[other : other + 19] + b"\xff\xd9"

    decoded = cv2.imdecode(np.frombuffer(trap, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    assert decoded.shape == (600, 64)
    assert jpeg.dimensions(trap) is None


def test_a_jpeg_without_its_end_is_damaged() -> None:
    whole = encoded(scene())

    for cut in (len(whole) // 2, len(whole) - 1, len(whole) - 2):
        assert jpeg.dimensions(whole[:cut]) is None
        assert jpeg.decode_luma(whole[:cut]) is None


def test_bytes_that_only_look_like_a_jpeg_are_damaged() -> None:
    assert jpeg.decode_luma(b"") is None
    assert jpeg.decode_luma(b"\xff\xd8" + bytes(100) + b"\xff\xd9") is None
    header_only = with_size(encoded(scene()), 48, 64)[:300] + b"\xff\xd9"
    assert jpeg.decode_luma(header_only) is None


def test_a_frame_header_too_short_for_a_size_is_damaged() -> None:
    assert jpeg.dimensions(b"\xff\xd8\xff\xc0\0\x05\x08\0\x10\xff\xd9") is None


def test_fill_bytes_before_a_marker_are_skipped() -> None:
    data = encoded(scene())

    assert jpeg.dimensions(data[:2] + b"\xff\xff" + data[2:]) == (48, 64)


def test_a_header_of_endless_segments_is_given_up() -> None:
    data = encoded(scene())

    assert jpeg.dimensions(data[:2] + b"\xff\xe0\0\x02" * jpeg.MOST_SEGMENTS + data[2:]) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_the_header_reader_raise(noise: bytes) -> None:
    jpeg.dimensions(b"\xff\xd8" + noise + b"\xff\xd9")


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_flipped_byte_makes_decoding_raise(at: int, value: int) -> None:
    data = bytearray(encoded(scene(16, 16)))
    data[at % len(data)] = value

    luma = jpeg.decode_luma(bytes(data))

    assert luma is None or luma.ndim == 2


def test_luma_is_the_grey_plane_and_nobody_can_write_into_it() -> None:
    luma = luma_of(encoded(scene()))

    assert luma.shape == (48, 64)
    assert luma.dtype.name == "uint8"
    with pytest.raises(ValueError, match="read-only"):
        luma[0, 0] = 1


@pytest.mark.parametrize("value", [3, 6, 8])
def test_exif_never_turns_the_luma(value: int) -> None:
    data = encoded(scene())

    luma = luma_of(with_exif_orientation(data, value))

    assert np.array_equal(luma, luma_of(data))


def test_an_unturned_picture_that_fits_keeps_the_cameras_own_bytes() -> None:
    data = encoded(scene())

    assert jpeg.stored_jpeg(data, Orientation(), 10**6) is data


@pytest.mark.parametrize(
    "orientation", [TURNED, Orientation(flip_h=True), Orientation(flip_v=True)]
)
def test_a_turned_picture_shows_the_same_scene_the_other_way_round(
    orientation: Orientation,
) -> None:
    data = encoded(scene())

    turned = jpeg.stored_jpeg(data, orientation, 10**6)

    assert turned is not None
    difference = cv2.absdiff(orientation.picture(luma_of(turned)), luma_of(data))
    assert difference.mean() < 3


def test_a_picture_over_the_cap_loses_quality_first_and_keeps_its_size() -> None:
    data = encoded(scene(240, 320), quality=98)
    limit = len(encoded(scene(240, 320), quality=50))

    capped = jpeg.stored_jpeg(data, Orientation(), limit)

    assert capped is not None
    assert len(capped) <= limit
    assert jpeg.dimensions(capped) == (240, 320)


def test_a_picture_far_over_the_cap_is_scaled_down_until_it_fits() -> None:
    data = encoded(scene(480, 640), quality=95)

    capped = jpeg.stored_jpeg(data, Orientation(), 3000)

    assert capped is not None
    assert len(capped) <= 3000
    size = jpeg.dimensions(capped)
    assert size in {(240, 320), (120, 160), (60, 80)}


def test_an_impossible_cap_ends_with_a_tiny_picture_not_with_a_hang() -> None:
    capped = jpeg.stored_jpeg(encoded(scene(480, 640)), Orientation(), 1)

    assert capped is not None
    assert jpeg.dimensions(capped) == (60, 80)


def test_a_damaged_picture_is_not_stored() -> None:
    assert jpeg.stored_jpeg(b"\xff\xd8\xff\xd9", Orientation(), 10**6) is None


def test_the_delta_is_a_grey_eight_bit_png_in_stored_orientation() -> None:
    binary = np.zeros((8, 16), np.uint8)
    binary[0, 0] = 255

    png = jpeg.delta_png(binary, TURNED)

    bits, colours = png[24], png[25]
    assert (bits, colours) == (8, 0)
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert decoded[7, 15] == 255
    assert np.count_nonzero(decoded) == 1


def test_headers_that_begin_alike_are_told_apart() -> None:
    inside = made_up(400)
    small = made_up(height=480, width=640, thumbnail=inside)
    wide = made_up(height=1080, width=1920, thumbnail=inside)
    assert small[:200] == wide[:200]
    for _ in range(2):
        assert jpeg.dimensions(small) == (480, 640)
        assert jpeg.dimensions(wide) == (1080, 1920)


def test_a_known_header_does_not_make_a_cut_picture_whole() -> None:
    whole = made_up(thumbnail=made_up(400))
    assert jpeg.dimensions(whole) == (480, 640)
    assert jpeg.dimensions(whole[:300] + b"\xff\xd9") is None
    assert jpeg.dimensions(whole[:-2]) is None


def test_few_headers_are_remembered() -> None:
    for seed in range(100):
        assert jpeg.dimensions(made_up(seed=seed)) == (480, 640)
    assert len(jpeg._headers) <= 16


def ten_scans(height: int, width: int) -> bytes:
    """All of one grey: small, and ten scans or so."""
    grey = np.full((height, width, 3), 90, np.uint8)
    good, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert good
    return data.tobytes()


def test_a_picture_of_many_scans_may_be_as_large_as_is_quickly_done() -> None:
    small, large = ten_scans(1080, 1920), ten_scans(2160, 4096)
    assert jpeg.dimensions(small) == (1080, 1920)
    assert jpeg.decode_luma(small) is not None
    assert jpeg.dimensions(large) is None, "ten times over nine million pixels"
    plain = cv2.imencode(".jpg", np.zeros((2160, 4096), np.uint8))[1].tobytes()
    assert jpeg.dimensions(plain) == (2160, 4096)


def test_a_picture_in_colour_can_be_had_at_a_part_of_its_size() -> None:
    picture = cv2.imencode(".jpg", np.full((1600, 2000, 3), 90, np.uint8))[1].tobytes()
    assert jpeg.colour_work(picture) == 1600 * 2000 * jpeg.COLOUR_WORK
    small = jpeg.stored_jpeg(picture, Orientation(180), 100_000, scale=jpeg.SHRUNK)
    assert small is not None
    assert jpeg.dimensions(small) == (800, 1000)
    assert jpeg.colour_work(small) == 0
    assert jpeg.stored_jpeg(picture, Orientation(), 10**9, scale=jpeg.SHRUNK) == picture, (
        "nothing to be done"
    )
