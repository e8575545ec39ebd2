"""Opening what FFmpeg reads: one call for every version of PyAV that we admit."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, TypeVar, cast

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

#: Cameras and files carry titles in any encoding. PyAV 17 and 18 raise for a title that is no
#: UTF-8, without this argument. PyAV 19 (Python 3.12 and newer) never raises, and does not have it.
_LENIENT: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)


#: Bytes of one block of FFmpeg's memory: 16.8 million pixels in 4:2:0 have 25 MB. A picture that
#: is sent without end is given up there.
MOST_BLOCK = 40 * 2**20


def bound_blocks() -> None:
    """Tells FFmpeg's library, which has no other bound for what it puts together of packets."""
    if _bounded:
        return
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.split(maxsplit=5)[-1]
        if "libavutil" in path and path not in _bounded:
            _bounded.add(path)
            bound = ctypes.CDLL(path).av_max_alloc
            bound.argtypes, bound.restype = [ctypes.c_size_t], None
            bound(MOST_BLOCK)


_bounded: set[str] = set()
Pixel = TypeVar("Pixel", bound=np.generic)


def open_decoder(
    codec: str, most_pixels: int, options: dict[str, str] | None = None
) -> av.VideoCodecContext:
    """A decoder of one thread, which costs the least, with bounds for what it may take.

    Args:
        codec: FFmpeg's name.
        most_pixels: of a picture.
        options: FFmpeg's own.
    """
    bound_blocks()
    decoder = cast("av.VideoCodecContext", av.CodecContext.create(codec, "r"))
    decoder.thread_count = 1
    # refused by the decoder itself, which otherwise has the memory before we see a size
    decoder.options = {"max_pixels": str(most_pixels), **(options or {})}
    return decoder


def upright(pixels: npt.NDArray[Pixel], frame: av.VideoFrame) -> npt.NDArray[Pixel]:
    """A frame's pixels as a player shows them.

    Phones, and our own clips as the camera coded them, say with each picture how to turn it.

    Args:
        pixels: (H, W) or (H, W, 3).
        frame: where they come from.
    """
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels


def open_media(
    source: str,
    *,
    kind: str | None = None,
    options: dict[str, str] | None = None,
    timeout: tuple[float, float] | None = None,
) -> InputContainer:
    """Opens a file, a device or a stream for reading.

    Args:
        source: a path or a URL.
        kind: FFmpeg's name of the format; None: it finds out.
        options: FFmpeg's own. Without `protocol_whitelist` it opens files only: what it reads may
            be a list of other places.
        timeout: seconds for opening, and for each read; None: it may wait for ever.

    Raises:
        av.FFmpegError: it cannot be opened; many of these are also an OSError or a ValueError.
    """
    bound_blocks()
    options = {"protocol_whitelist": "file", **(options or {})}
    opened: InputContainer = av.open(
        source, mode="r", format=kind, options=options, timeout=timeout, **_LENIENT
    )
    return opened
