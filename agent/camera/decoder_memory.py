"""What decoding one camera's video may take: read from the stream before it is decoded."""

from __future__ import annotations

from agent.camera import error_reasons
from agent.core.errors import CameraRefused
from agent.core.time_allowance import Boundless, Room
from agent.imaging.decoder_demand import Demand, TooManySets, demand
from agent.imaging.jpeg import LARGE, MOST_PIXELS, allowed
from agent.imaging.nal import H264, HEVC

#: What of any allowed size costs little, or says what it costs. Of other codecs it is not known how
#: many pictures they keep: those must be smaller.
_KNOWN = frozenset({H264, HEVC, "mjpeg", "rawvideo"})


def most_pixels(codec: str) -> int:
    """Pixels that a decoder of it may be given; `codec`: FFmpeg's name."""
    return MOST_PIXELS if codec in _KNOWN else LARGE


class DecoderMemory:
    """The memory that one stream's decoder has.

    Args:
        where: the camera, for messages.
        codec: FFmpeg's name.
        memory: what the camera may take; None: it is alone with the machine.
        decodes: False: other parts may decode the pictures, and then take the memory themselves;
            this object only checks that it is free.
    """

    def __init__(self, where: str, codec: str, memory: Room | None, *, decodes: bool) -> None:
        self._where, self._codec, self._decodes = where, codec, decodes
        self._memory = memory or Boundless()
        self._demand: Demand | None = None
        self._held: object = None

    def afford(self, data: bytes) -> None:
        """Takes the memory that a decoder needs for these bytes.

        Args:
            data: a picture, or parameter sets, with start codes.

        Raises:
            CameraRefused: there is none.
        """
        try:
            found = demand(self._codec, data)
        except TooManySets:
            raise CameraRefused(f"{self._where}: {error_reasons.TOO_MANY_SETS}") from None
        if found is None or found == self._demand:
            return
        width, height = found.width, found.height
        if not allowed(height, width):
            raise CameraRefused(f"{self._where}: {error_reasons.too_large(width, height)}")
        need = found.counted
        self._held = None
        held = self._memory.hold(need) if need else None
        if need and held is None:
            self._memory.reduce(need)
            words = error_reasons.of_decoder(width, height, found.pictures, found.size)
            raise CameraRefused(f"{self._where}: {words}")
        self._demand = found
        self._held = held if self._decodes else None

    def planes(self, height: int, width: int) -> object | None:
        """Memory for a decoded picture while the returned object lives; None: it is not free.

        Only large ones count, as all work with pictures does.
        """
        if height * width <= LARGE:
            return self
        size = height * width * 3 // 2
        held = self._memory.hold(size)
        if held is None:
            self._memory.reduce(size)
        return held

    def close(self) -> None:
        """Gives the decoder's memory back."""
        self._held = None
