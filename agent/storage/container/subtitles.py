"""The time of day as a track of subtitles (3GPP TS 26.245, `tx3g`), a line a second. Pure."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

from agent.storage.container.boxes import box, full_box
from agent.storage.container.fragments import StoredFragment
from agent.storage.container.h264 import Codec
from agent.storage.container.moov import IDENTITY, Sample, SampleTable, Track, trak

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FONT = b"Sans-Serif"
_WHITE = b"\xff\xff\xff\xff"
#: Parts of the picture's height that the line takes, and pixels at least.
_LINE, _LEAST = 16, 18


class Subtitles:
    """Collects the lines of one clip.

    Attributes:
        size: bytes of all of them.
    """

    def __init__(self) -> None:
        self.size = 0
        self._lines: list[tuple[int, str]] = []  # milliseconds and text, one for each second
        self._table = SampleTable()

    def add(self, ms: int, fragment: StoredFragment) -> None:
        """Adds the lines of a fragment that is played from `ms` on."""
        about = fragment.about
        zone = datetime.fromisoformat(about.started).tzinfo
        wall = about.first_ms
        for sample in fragment.samples:
            local = (_EPOCH + timedelta(milliseconds=wall)).astimezone(zone)
            offset = local.strftime("%z")
            text = f"{local:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"
            if not self._lines or self._lines[-1][1] != text:
                self._lines.append((ms, text))
            ms += sample.ms
            wall += sample.ms

    def finish(self, ms: int) -> bytes:
        """The samples of a clip that is `ms` long; nothing is added any more."""
        ends = [at for at, _ in self._lines[1:]] + [ms]
        data = []
        samples = []
        for (at, text), end in zip(self._lines, ends, strict=True):
            line = struct.pack(">H", len(text)) + text.encode()
            data.append(line)
            samples.append(Sample(len(line), end - at, key=True))
        self.size = sum(map(len, data))
        if samples:
            self._table.add(0, samples)
        return b"".join(data)

    def track(self, codec: Codec, ms: int, offset: int, number: int) -> bytes:
        """The track of that number, of a clip whose lines lie from `offset` on."""
        height = max(_LEAST, codec.height // _LINE)
        entry = box(
            b"tx3g",
            bytes(6),
            struct.pack(">HI", 1, 0),
            struct.pack(">bb", 0, 0),  # left and top
            bytes(4),
            struct.pack(">4h", 0, 0, height, codec.width),
            struct.pack(">HHHBB", 0, 0, 1, 0, height * 3 // 4),
            _WHITE,
            box(b"ftab", struct.pack(">HHB", 1, 1, len(_FONT)), _FONT),
        )
        header = full_box(b"nmhd", 0, 0)
        about = Track(b"sbtl", b"SubtitleHandler", header, entry, IDENTITY, codec.width, height)
        return trak(number, about, self._table.moved(offset), ms)
