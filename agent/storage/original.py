"""`recording.format: original`: the camera's own pictures, untouched; nothing is decoded."""

from __future__ import annotations

from agent.imaging.jpeg import dimensions
from agent.storage.h264 import AccessUnit, Codec


class OriginalPictures:
    """Stands in for `agent.storage.encoder.ClipEncoder`; all pictures of an event have one size."""

    def __init__(self) -> None:
        self.codec: Codec | None = None

    def encode(self, jpeg: bytes, _text: str | None, *, key: bool) -> AccessUnit | None:
        """The picture as it came; None when it is damaged or of another size than the first."""
        size = dimensions(jpeg)
        if size is None:
            return None
        height, width = size
        if self.codec is None:
            self.codec = Codec(b"", width, height)
        if (self.codec.width, self.codec.height) != (width, height):
            return None
        return AccessUnit(jpeg, key, None)
