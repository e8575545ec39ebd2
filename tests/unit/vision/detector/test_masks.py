"""Loading a mask, and every way in which it can be wrong."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.core.errors import ConfigError
from agent.imaging.orientation import Orientation
from agent.vision.detector.masks import LOOKS_FROM, load_mask

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def saved(tmp_path: Path, pixels: Pixels, name: str = "mask.png") -> Path:
    path = tmp_path / name
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def left_half(height: int = 6, width: int = 8) -> npt.NDArray[np.uint8]:
    pixels = np.zeros((height, width), np.uint8)
    pixels[:, : width // 2] = 255
    return pixels


def test_a_grey_mask_keeps_its_values(tmp_path: Path) -> None:
    pixels = left_half()
    pixels[0, 7] = 33

    mask = load_mask(saved(tmp_path, pixels), Orientation())

    assert np.array_equal(mask.grey, pixels)
    assert not mask.grey.flags.writeable


def test_a_mask_painted_over_the_stored_picture_is_turned_to_the_cameras_side(
    tmp_path: Path,
) -> None:
    mask = load_mask(saved(tmp_path, left_half()), Orientation(rotate=180))

    assert np.array_equal(mask.grey, left_half()[::-1, ::-1])


def test_a_colour_png_that_shows_only_greys_is_taken(tmp_path: Path) -> None:
    colour = cv2.cvtColor(left_half(), cv2.COLOR_GRAY2BGR).astype(np.uint8)

    assert np.array_equal(load_mask(saved(tmp_path, colour), Orientation()).grey, left_half())


def test_a_chunk_longer_than_its_file_is_refused_before_it_is_allocated(tmp_path: Path) -> None:
    """156 bytes made OpenCV take 4 GB and 13 s (found by the fuzzer)."""
    path = saved(tmp_path, left_half())
    data = path.read_bytes()
    at = data.index(b"IDAT") - 4
    path.write_bytes(data[:at] + b"\xf0\0\0\0" + data[at + 4 :])

    with pytest.raises(ConfigError, match="is damaged"):
        load_mask(path, Orientation())


def test_a_file_that_is_no_mask_at_all_is_not_read_to_its_end(tmp_path: Path) -> None:
    whole = saved(tmp_path, left_half())
    with whole.open("ab") as file:
        file.truncate(17 << 20)

    with pytest.raises(ConfigError, match="is damaged"):
        load_mask(whole, Orientation())


def test_an_animation_is_no_mask(tmp_path: Path) -> None:
    path = saved(tmp_path, left_half())
    data = path.read_bytes()
    path.write_bytes(data[:33] + b"\0\0\0\x08acTL" + bytes(12) + data[33:])

    with pytest.raises(ConfigError, match="is damaged"):
        load_mask(path, Orientation())


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mask .*gone\.png: no such file"):
        load_mask(tmp_path / "gone.png", Orientation())


def test_a_folder_is_no_mask(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_mask(tmp_path, Orientation())


def test_an_all_black_mask_is_refused_because_nothing_would_be_judged(tmp_path: Path) -> None:
    almost = np.full((4, 4), 127, np.uint8)

    with pytest.raises(ConfigError, match="all black, so nothing would be judged"):
        load_mask(saved(tmp_path, almost), Orientation())


def test_a_coloured_mask_is_refused(tmp_path: Path) -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[:, :, 2] = 255

    with pytest.raises(ConfigError, match="is coloured; save it as an 8-bit greyscale PNG"):
        load_mask(saved(tmp_path, red), Orientation())


def test_a_mask_with_alpha_is_refused(tmp_path: Path) -> None:
    alpha = np.full((4, 4, 4), 255, np.uint8)

    with pytest.raises(ConfigError, match="has an alpha channel; save it as"):
        load_mask(saved(tmp_path, alpha), Orientation())


def test_a_mask_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has 16 bits per pixel; save it as"):
        load_mask(saved(tmp_path, np.full((4, 4), 65535, np.uint16)), Orientation())


def test_a_mask_with_a_palette_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, left_half())
    data = bytearray(path.read_bytes())
    data[25] = 3  # the header's colour type; it is read before anything is decoded
    path.write_bytes(data)

    with pytest.raises(ConfigError, match="has a palette; save it as"):
        load_mask(path, Orientation())


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n"])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="is no PNG; save it as an 8-bit greyscale PNG"):
        load_mask(path, Orientation())


def test_a_png_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, left_half())
    path.write_bytes(path.read_bytes()[:40])

    with pytest.raises(ConfigError, match="is damaged"):
        load_mask(path, Orientation())


def test_a_mask_that_claims_a_huge_size_is_refused_before_decoding(tmp_path: Path) -> None:
    path = saved(tmp_path, left_half())
    data = bytearray(path.read_bytes())
    data[16:20] = (100_000).to_bytes(4, "big")
    path.write_bytes(data)

    with pytest.raises(ConfigError, match="100000x6 is larger than any camera's picture"):
        load_mask(path, Orientation())


def test_a_mask_of_another_size_than_the_frames_names_both_sizes(tmp_path: Path) -> None:
    mask = load_mask(saved(tmp_path, left_half(6, 8)), Orientation())

    mask.check_size(6, 8)
    with pytest.raises(ConfigError, match=r"is 8x6, but the camera's pictures are 640x360"):
        mask.for_pictures(360, 640)
    with pytest.raises(ConfigError, match=r"is 8x6, but the camera's pictures are 640x480"):
        mask.check_size(480, 640)


def test_a_mask_of_the_pictures_shape_is_scaled(tmp_path: Path) -> None:
    mask = load_mask(saved(tmp_path, left_half(180, 320)), Orientation())

    scaled = mask.for_pictures(361, 640)  # half a pixel was rounded

    assert np.array_equal(scaled.grey >= LOOKS_FROM, left_half(361, 640) >= LOOKS_FROM)
    assert mask.for_pictures(180, 320) is mask
    with pytest.raises(ConfigError, match="is 320x180, but the camera's pictures are 640x368"):
        mask.for_pictures(368, 640)


def test_a_scaled_mask_of_one_looking_pixel_still_looks(tmp_path: Path) -> None:
    thin = np.zeros((480, 640), np.uint8)
    thin[7, 7] = 255
    mask = load_mask(saved(tmp_path, thin), Orientation())

    assert int(mask.for_pictures(120, 160).grey.max()) >= LOOKS_FROM
