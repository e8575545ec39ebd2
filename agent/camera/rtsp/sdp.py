"""A camera's description of its streams (SDP, RFC 8866), as far as we need it. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

#: Payload types with a fixed meaning (RFC 3551, 6) that cameras use.
_FIXED = {26: ("JPEG", 90000), 0: ("PCMU", 8000), 8: ("PCMA", 8000)}
#: Bounds what a description can make us keep: lines of media, and formats of each.
_MOST_LINES, _MOST_FORMATS = 32, 8
#: The end of `a=framesize:26 2592-1944` and `a=x-dimensions:2592,1944`.
_SIZE = re.compile(r"(\d{1,4})\s*[-,]\s*(\d{1,4})\s*$")
_RTPMAP = re.compile(r"(\d{1,3})\s+([\w.+-]+)/(\d{1,9})(?:/(\d))?")


@dataclass(slots=True)
class Media:
    """One format of one stream of the description.

    Attributes:
        kind: `video`, `audio` or another.
        payload: RTP payload type; -1: none is said.
        line: number of its stream; all formats of a stream have the same.
        codec: encoding name in capitals, such as H264; empty: unknown.
        rate: ticks of its timestamps a second.
        channels: of sound.
        control: what names the stream in requests; may be empty.
        options: those of its format, names in small letters.
        size: width and height in pixels; (0, 0): not said.
    """

    kind: str
    payload: int
    line: int = 0
    codec: str = ""
    rate: int = 90000
    channels: int = 1
    control: str = ""
    options: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)

    def sets(self, *names: str) -> list[bytes]:
        """The NAL units in these options, as base64 separated by commas; broken ones are left."""
        found = []
        for name in names:
            for text in self.options.get(name, "").split(","):
                try:
                    unit = base64.b64decode(text + "=" * (-len(text) % 4))
                except (binascii.Error, ValueError):
                    continue
                if unit:
                    found.append(unit)
        return found


@dataclass(slots=True)
class Description:
    """What a camera offers; `control` is that of the whole presentation.

    `media` has the streams in their order, and of each its formats in their order.
    """

    control: str = ""
    media: list[Media] = field(default_factory=list)


def parse(body: bytes) -> Description:
    """The description, with what cannot be understood left out."""
    found = Description()
    lines, formats = 0, None
    for line in body.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
        kind, equals, value = line.strip().partition("=")
        if not equals:
            continue
        if kind == "m":
            formats = _formats(value, lines) if lines < _MOST_LINES else []
            found.media += formats
            lines += 1
        elif kind == "a":
            name, _, rest = value.partition(":")
            _attribute(found, formats, name.strip().lower(), rest.strip())
    return found


def _formats(value: str, line: int) -> list[Media]:
    """Those of one stream: a camera may send in any of them (RFC 8866, 5.14)."""
    words = value.split()
    kind = words[0].lower() if words else ""
    known = [int(word) for word in words[3:] if word.isascii() and word.isdigit()]
    payloads = list(dict.fromkeys(known))[:_MOST_FORMATS] or [-1]
    return [Media(kind, it, line, *_FIXED.get(it, ("", 90000))) for it in payloads]


def _attribute(found: Description, formats: list[Media] | None, name: str, value: str) -> None:
    """Takes an attribute of a stream; without one, of the whole."""
    if name == "control" and formats is None:
        found.control = value
    for media in formats or ():
        if name == "control":
            media.control = value
        elif name == "rtpmap":
            _mapped(media, value)
        elif name == "fmtp":
            _set(media, value)
        elif name in {"framesize", "x-dimensions"} and (size := _SIZE.search(value)):
            media.size = int(size[1]), int(size[2])


def _mapped(media: Media, value: str) -> None:
    said = _RTPMAP.match(value)
    if said is not None and int(said[1]) == media.payload:
        media.codec, media.rate = said[2].upper(), int(said[3]) or media.rate
        media.channels = int(said[4] or 1) or 1


def _set(media: Media, value: str) -> None:
    payload, _, options = value.partition(" ")
    if payload == str(media.payload):
        for option in options.split(";"):
            key, _, text = option.partition("=")
            media.options[key.strip().lower()] = text.strip()


def joined(base: str, control: str) -> str:
    """The URL of a stream: `base` where `control` is empty or a star, else both together.

    They are put together as cameras mean it, not as RFC 3986 would: behind a query, too.
    """
    if control in {"", "*"}:
        return base
    if control.lower().startswith(("rtsp://", "rtsps://")):
        return control
    return f"{base.removesuffix('/')}/{control.removeprefix('/')}"
