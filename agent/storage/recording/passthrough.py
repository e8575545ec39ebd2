"""`recording.format: original`: the camera's own pictures, untouched; nothing is decoded."""

from __future__ import annotations

import struct

from agent.core.frame import Video
from agent.imaging.jpeg import dimensions
from agent.storage.container.h264 import AccessUnit, Codec

#: SOF0 of a colour picture with 8 bits, ITU T.81 section B.2.2; height and width follow.
_BASELINE = b"\xff\xc0\x00\x11\x08"
#: A camera's header is shorter.
_NEAR = 4096


class OriginalPictures:
    """Stands in for `encoder.ClipEncoder`; all pictures of an event have one size."""

    def __init__(self) -> None:
        self.codec: Codec | None = None
        self._header = b""
        self._last: bytes | None = None

    def encode(self, coded: bytes | Video, _text: str | None, *, key: bool) -> AccessUnit | None:
        """The picture as it came; None when it is damaged, no JPEG or of another size."""
        self._last = None if isinstance(coded, Video) else self._whole(coded)
        return None if self._last is None else AccessUnit(self._last, key, None)

    def still(self) -> bytes | None:
        """The last picture; None when it was not taken."""
        return self._last

    def _whole(self, jpeg: bytes) -> bytes | None:
        if not self._same_frame_header(jpeg):
            size = dimensions(jpeg)
            if size is None:
                return None
            height, width = size
            if self.codec is None:
                self.codec = Codec(b"", width, height)
                self._header = _BASELINE + struct.pack(">HH", height, width)
            if (self.codec.width, self.codec.height) != (width, height):
                return None
        return jpeg

    def _same_frame_header(self, jpeg: bytes) -> bool:
        """True for a whole JPEG of the first one's size, found without a walk over its header."""
        return (
            bool(self._header)
            and jpeg.startswith(b"\xff\xd8")
            and jpeg.endswith(b"\xff\xd9")
            and jpeg.find(self._header, 2, _NEAR) > 0
        )
