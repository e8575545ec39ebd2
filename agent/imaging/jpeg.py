"""JPEG and PNG bytes in and out: what a camera sends is checked before anything is allocated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.frame import Decoded
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.imaging.privacy_mask import blacken

Luma = npt.NDArray[np.uint8]

#: A frame's `image`: a JPEG, or the planes that a decoder of video made.
Image = bytes | Decoded

#: Bounds the memory that one peer can make us allocate. 16.8 million pixels are 17 MB of luma and
#: 50 MB of BGR, and the detector keeps several pictures. Cameras of houses have at most 12 million.
LONGEST_SIDE = 8192
MOST_PIXELS = 4096 * 4096

_SOI = b"\xff\xd8"
_EOI = b"\xff\xd9"
#: ITU T.81 table B.1: start of frame, all kinds but DHT (c4), JPG (c8) and DAC (cc).
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Baseline and extended sequential. With all components in the first scan there is no other: the
#: decoder reads that one, and refuses what follows unless it is the end (libjpeg, jdinput.c).
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_SOS = 0xDA
_SCAN = bytes((0xFF, _SOS))
#: Bounds the walk through a made-up header; real ones have about ten segments before SOF, and some
#: cameras put their measurements into a hundred more.
MOST_SEGMENTS = 1024
#: Markers without a segment (T.81 table B.1). A decoder steps over two bytes there. A walk by
#: lengths would go wrong, and find another size than the decoder.
_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})
#: Bounds the decoder's time: each scan passes over the whole picture, and an empty one takes ten
#: bytes. An ordinary progressive JPEG has ten; a thumbnail's are counted as well.
MOST_SCANS = 32
#: Of a picture of several scans: a decoder keeps six bytes for each pixel until the last one has
#: come. Cameras send pictures of one scan.
MOST_SCANNED = 4096 * 2160
#: Pixels times scans: what such a picture may cost in time.
MOST_SCAN_WORK = 3 * MOST_PIXELS

#: Pictures of fewer pixels cost too little to be counted.
LARGE = 2_500_000
#: Bytes for each pixel that it takes to decode, turn or draw over, and encode one in colour.
COLOUR_WORK = 11

_GREY_AT = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}

#: Quality of a picture that had to be turned: little is lost, and few bytes are gained over 80.
_TURNED_QUALITY = 90
_COLOUR_AT = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
#: What the sides of a picture are divided by for which there is no memory.
SHRUNK = 2
_QUALITY_STEPS = (90, 75, 60, 45, 30)
_SMALLEST_SIDE = 32


def dimensions(jpeg: Image) -> tuple[int, int] | None:
    """(height, width) from the header, or None: no whole JPEG, or more work than we allow.

    Whole means: SOI first, EOI last. It is not decoded, so damage in between goes unseen.
    """
    if not isinstance(jpeg, bytes):
        return jpeg.size
    if not jpeg.startswith(_SOI) or not jpeg.endswith(_EOI):
        return None
    known = _headers.get(jpeg[:_HEADER_KEY])
    if known is None or not jpeg.startswith(known.data):
        known = _read_header(jpeg)
    if known.size is None or not allowed(*known.size):
        return None
    # counting takes as long as a twentieth of decoding, and is needed for few
    pixels = known.size[0] * known.size[1]
    fair = known.single or (pixels <= MOST_SCANNED and few_scans(jpeg, pixels))
    return known.size if fair else None


def colour_work(jpeg: Image) -> int:
    """Bytes of memory that work with it in colour takes; 0: too few to be counted."""
    height, width = dimensions(jpeg) or (0, 0)
    return height * width * COLOUR_WORK if height * width > LARGE else 0


@dataclass(frozen=True, slots=True)
class _Header:
    """All before the picture's own bytes, and what it says; `single`: there is but one scan."""

    data: bytes
    size: tuple[int, int] | None
    single: bool


#: The headers seen last: a camera's are the same from picture to picture, and comparing them takes
#: a tenth of reading them. Any thread may read and write; at worst a header is read once more.
_headers: dict[bytes, _Header] = {}
_HEADER_KEY, _MOST_HEADERS, _LONGEST_HEADER = 200, 16, 4096


def _read_header(jpeg: bytes) -> _Header:
    size, single, sequential, parts, end = None, False, False, 0, 0
    for code, start, length in _segments(jpeg):
        if code in _SOF and size is None:
            if length < 8:
                break
            height = int.from_bytes(jpeg[start + 3 : start + 5], "big")
            width = int.from_bytes(jpeg[start + 5 : start + 7], "big")
            size, parts, sequential = (height, width), jpeg[start + 7], code in _SEQUENTIAL
        elif code == _SOS and length > 2:
            end = start + length
            single = size is not None and sequential and jpeg[start + 2] == parts
    header = _Header(jpeg[:end], size, single)
    if _HEADER_KEY <= end <= _LONGEST_HEADER:
        if len(_headers) >= _MOST_HEADERS:
            _headers.clear()
        _headers[jpeg[:_HEADER_KEY]] = header
    return header


def few_scans(jpeg: bytes, pixels: int) -> bool:
    """True unless decoders that take every scan, even behind a complete one, would be kept busy."""
    scans = jpeg.count(_SCAN)
    return scans <= MOST_SCANS and scans * pixels <= MOST_SCAN_WORK


def allowed(height: int, width: int) -> bool:
    """True when a picture of this size may be decoded."""
    return (
        0 < height <= LONGEST_SIDE and 0 < width <= LONGEST_SIDE and height * width <= MOST_PIXELS
    )


def decode_luma(jpeg: Image) -> Luma | None:
    """The luma plane, uint8 (H, W), read-only, in the camera's orientation; None when damaged.

    EXIF never turns it: the mask and the store's orientation are relative to the bare pixels.
    """
    return None if dimensions(jpeg) is None else small_luma(jpeg, 1)


def small_luma(jpeg: Image, scale: int) -> Luma | None:
    """As `decode_luma`, of a JPEG whose `dimensions` are known, at a part of its size.

    The decoder calculates only the coarse part of each block of 8x8 pixels. That saves most of its
    work except reading the bytes, and all later work on the missing pixels.

    Args:
        jpeg: whole, and of an allowed size.
        scale: 1, 2, 4 or 8; height and width are divided by it and rounded up.
    """
    if not isinstance(jpeg, bytes):
        planes: Luma = jpeg.luma(scale)
        return planes
    luma = _decode(jpeg, _GREY_AT[scale])
    if luma is not None:
        luma.setflags(write=False)
    return luma


def decode_colour(jpeg: Image, scale: int = 1) -> npt.NDArray[np.uint8] | None:
    """The picture, uint8 (H, W, 3) BGR, in the camera's orientation; None when damaged.

    Args:
        jpeg: from SOI to EOI.
        scale: 1, 2, 4 or 8; height and width are divided by it and rounded up.
    """
    if not isinstance(jpeg, bytes):
        picture: npt.NDArray[np.uint8] = jpeg.colour(scale)
        return picture
    return None if dimensions(jpeg) is None else _decode(jpeg, _COLOUR_AT[scale])


def as_jpeg(image: Image) -> bytes:
    """A JPEG as it is; of planes one is made."""
    return image if isinstance(image, bytes) else encode(image.colour(1))


def stored_jpeg(
    jpeg: Image, orientation: Orientation, limit: int, privacy: Polygons = (), scale: int = 1
) -> bytes | None:
    """The picture in stored orientation in at most `limit` bytes; None when damaged.

    These are the camera's own bytes if they fit and nothing must be turned or blackened. Otherwise
    the picture is decoded, turned, blackened and encoded again, with lower quality and then smaller
    until it fits. `scale` is as in `decode_colour`.
    """
    if dimensions(jpeg) is None:
        return None
    as_it_is = orientation.unchanged and not privacy
    if as_it_is and isinstance(jpeg, bytes) and len(jpeg) <= limit:
        return jpeg
    picture = decode_colour(jpeg, scale)
    if picture is None:
        return None
    return encode_within(blacken(orientation.picture(picture), privacy), limit)


def private_jpeg(
    jpeg: Image, orientation: Orientation, privacy: Polygons, scale: int = 1
) -> bytes | None:
    """A camera's picture as a JPEG with the polygons black; None when it is damaged.

    It stays in the camera's orientation. Without polygons a JPEG is the camera's own. `scale` as
    of `decode_colour`.
    """
    if not privacy:
        return as_jpeg(jpeg)
    picture = decode_colour(jpeg, scale)
    return None if picture is None else encode(blacken(picture, privacy, orientation))


def encode_within(picture: npt.NDArray[np.uint8], limit: int, best: int = _TURNED_QUALITY) -> bytes:
    """The best JPEG of `picture` in at most `limit` bytes: quality goes down first, then size.

    Its quality is at most `best`. Below 32 pixels a side it tries no more, and returns that JPEG
    with any size.
    """
    while True:
        for quality in (step for step in _QUALITY_STEPS if step <= best):
            jpeg = encode(picture, quality)
            if len(jpeg) <= limit:
                return jpeg
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        if min(height, width) < _SMALLEST_SIDE:
            return jpeg
        smaller = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        picture = smaller.astype(np.uint8, copy=False)


def encode(picture: npt.NDArray[np.uint8], quality: int = _TURNED_QUALITY) -> bytes:
    """A JPEG of uint8 (H, W) luma or (H, W, 3) BGR; `quality` 1..100."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def delta_png(binary: Luma, orientation: Orientation, privacy: Polygons = ()) -> bytes:
    """The binary image uint8 (H, W), 0 and 255, as a grey 8-bit PNG in stored orientation."""
    _, data = cv2.imencode(".png", blacken(orientation.picture(binary), privacy))
    return data.tobytes()


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, index of its length field, length) of each segment up to the first scan's header."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        if at + 4 > len(jpeg) or jpeg[at] != 0xFF:
            return
        code = jpeg[at + 1]
        if code == 0xFF:  # fill byte, T.81 B.1.1.2
            at += 1
            continue
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if code in _BARE or length < 2 or at + 2 + length > len(jpeg):
            return
        yield code, at + 2, length
        if code == _SOS:
            return
        at += 2 + length


def _decode(jpeg: bytes, colours: int) -> npt.NDArray[np.uint8] | None:
    flags = colours | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    except cv2.error:
        return None
    return None if picture is None else cast("Luma", picture)  # no flag asks for more depth
