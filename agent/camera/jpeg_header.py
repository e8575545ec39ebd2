"""How far a JPEG's header reaches: the walk over its marker segments, and nothing else. Pure.

An EXIF thumbnail is a JPEG inside a segment, with its own SOI and EOI. So the module steps over
segments by their lengths. Only behind the SOS segment an EOI means the end of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"

_FILL = 0xFF
_SOS = 0xDA
#: SOF0 to SOF15 without DHT (c4), JPG (c8), DAC (cc) (ITU T.81 table B.1).
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers without a segment (ITU T.81 table B.1): TEM, RST0 to RST7, SOI, EOI; not for headers.
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})

#: Bounds the walk over a made-up header: real ones have about ten segments, and each megabyte of
#: them could hold 250,000.
SEGMENTS_MOST = 64


@dataclass(slots=True)
class HeaderWalk:
    """Where the walk over one JPEG's segments stands.

    Attributes:
        at: offset of the next marker; once `done`, of the first entropy-coded byte.
        size: (height, width) in pixels from the SOF segment, or None before it.
        done: the SOS segment is behind us.
        broken: this is no JPEG header, or one without end.
        segments: stepped over so far.
        most: segments after which the header counts as one without end.
    """

    at: int = len(SOI)
    size: tuple[int, int] | None = None
    done: bool = False
    broken: bool = False
    segments: int = 0
    most: int = SEGMENTS_MOST

    def advance(self, jpeg: bytearray) -> None:
        """Walks as far as the bytes at hand reach; `jpeg` begins with SOI."""
        end = len(jpeg)
        while not (self.done or self.broken) and self.at + 4 <= end:
            at = self.at
            marker = jpeg[at + 1]
            if jpeg[at] != _FILL or marker in _BARE or marker == 0:
                self.broken = True
            elif marker == _FILL:  # fill bytes before a marker are legal
                self.at += 1
            else:
                length = jpeg[at + 2] << 8 | jpeg[at + 3]
                if marker in _SOF:
                    if end < at + 9:
                        return
                    self._frame_header(jpeg, length)
                self.broken = self.broken or length < 2 or (marker == _SOS and self.size is None)
                self.segments += 1
                self.broken = self.broken or self.segments > self.most
                self.done = marker == _SOS and not self.broken
                self.at = at + 2 + length

    def _frame_header(self, jpeg: bytearray, length: int) -> None:
        """Reads the picture's size out of the SOF segment that starts at `self.at`."""
        at = self.at
        height = jpeg[at + 5] << 8 | jpeg[at + 6]
        width = jpeg[at + 7] << 8 | jpeg[at + 8]
        self.size = (height, width)
        self.broken = length < 8 or not height or not width
