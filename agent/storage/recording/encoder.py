"""The camera's pictures as H.264 with the stored orientation and the timestamp in the picture.

The only module of this package that needs PyAV, numpy and OpenCV. One access unit per picture, in
order.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from agent.core.frame import Video
from agent.core.time_allowance import Boundless, Room
from agent.imaging.decoder_demand import Demand, demand
from agent.imaging.jpeg import MOST_PIXELS, allowed, dimensions, few_scans
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.imaging.privacy_mask import blacken_video
from agent.imaging.stamp import stamp
from agent.runtime.media import open_decoder
from agent.storage.container.h264 import AccessUnit, Codec, access_unit

log = logging.getLogger(__name__)

#: The cheapest preset: 3.5 to 5.4 grey decodes a frame, about the cost of XVID. Superfast saves a
#: third of the bytes for 1.2 to 1.4 times the time (benchmarks/recording.py). A small machine has
#: more disk for four days than spare cores while things move.
PRESET = "ultrafast"
CRF = 26
#: x264 spends more bits on pictures that are shown longer (10 fps: three times the bytes of 30
#: fps). So it gets a constant rate, and the true times are in the container.
_RATE = 25
#: BT.601, as JPEG has it; untagged HD is taken for BT.709. No scene cuts: key pictures are ours to
#: place.
_X264 = (
    "scenecut=0:repeat-headers=1:annexb=1:force-cfr=1"
    ":colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m"
)
#: Never by itself: key pictures are asked for.
_NO_AUTOMATIC_KEYS = 1_000_000
_BEST_QUALITY = 90
#: Bytes that an open encoder takes with its decoder, and for each pixel: 50 MiB at 1920x1080.
_ENCODER = 18 * 2**20
_ENCODER_PIXEL = 16
#: What sides may be divided by where there is less.
_SHRINKS = (1, 2, 4, 8)

Plane = npt.NDArray[np.uint8]


class Painter:
    """A camera's picture as it is stored: planar 4:2:0, limited range, turned, stamped.

    Privacy polygons are black before anything is encoded. Pictures of a video stream have to come
    in order, from a key picture on.
    """

    def __init__(
        self, orientation: Orientation, privacy: Polygons = (), room: Room | None = None
    ) -> None:
        self._orientation = orientation
        self._privacy = privacy
        self._room = room or Boundless()
        self._demand: Demand | None = None  # of the video that is decoded
        self._held: object = None  # the memory of its decoder
        self._reformatter = VideoReformatter()
        # by codec, of which there are three, and by what JPEGs are shrunk by
        self._decoders: dict[tuple[str, int], av.VideoCodecContext] = {}

    def paint(
        self,
        coded: bytes | Video,
        text: str | None,
        shrink: int = 1,
    ) -> av.VideoFrame | None:
        """The picture, or None when it is damaged.

        Args:
            coded: a JPEG from SOI to EOI, or a picture of a video stream.
            text: burnt in, upper left.
            shrink: 1, 2, 4 or 8: JPEGs are decoded at a part of their size.
        """
        decoded = self.decode(coded, shrink)
        return None if decoded is None else self.finish(decoded, coded, text)

    def finish(
        self,
        decoded: av.VideoFrame,
        coded: bytes | Video,
        text: str | None,
        size: tuple[int, int] | None = None,
    ) -> av.VideoFrame | None:
        """What `decode` made of `coded`, as it is stored; see `paint`."""
        width, height = size or (decoded.width & ~1, decoded.height & ~1)
        if width < 2 or height < 2:
            return None
        # without the ranges the samples are copied as they are, and every player shows too much
        # contrast
        picture = self._reformatter.reformat(
            decoded,
            width,
            height,
            "yuv420p",
            src_color_range=_range(decoded, coded),
            dst_color_range=ColorRange.MPEG,
            src_colorspace=_space(decoded, coded),
            dst_colorspace=Colorspace.ITU601,
        )
        picture.make_writable()  # the decoder may still refer to it
        luma, blue, red = (_plane(picture, index) for index in range(3))
        if not self._orientation.unchanged:
            for plane in (luma, blue, red):
                plane[:] = self._orientation.picture(plane)
        blacken_video(luma, (blue, red), self._privacy)
        if text:
            stamp(luma, text)
        return picture

    def decode(self, coded: bytes | Video, shrink: int) -> av.VideoFrame | None:
        """The picture as its decoder makes it, or None when it is damaged; see `paint`."""
        if isinstance(coded, Video):
            codec, data = coded.codec, coded.data
            whole = bool(data) and self._affords(coded)
        else:
            codec, data = "mjpeg", coded
            height, width = dimensions(coded) or (0, 0)
            whole = bool(height) and few_scans(coded, height * width)
        # an empty packet would tell the decoder that nothing more comes, for ever
        if not whole:
            return None
        if codec != "mjpeg":
            shrink = 1
        if (codec, shrink) not in self._decoders:
            self._decoders[codec, shrink] = _open_decoder(codec, shrink)
        try:
            frames = self._decoders[codec, shrink].decode(av.Packet(data))
        except av.FFmpegError:
            if codec == "mjpeg":  # of video it has what the next pictures need
                del self._decoders[codec, shrink]
            return None
        good = [it for it in frames if not it.is_corrupt and allowed(it.height, it.width)]
        return good[-1] if good else None

    def _affords(self, video: Video) -> bool:
        """Takes the memory that the decoder needs for this picture; False: it is not free."""
        found = demand(video.codec, video.data)
        if found is None or found == self._demand:
            return True
        self._held = None
        self._held = self._room.hold(found.counted) if found.counted else None
        if found.counted and self._held is None:
            self._room.reduce(found.counted)
            return False
        self._demand = found
        return True


class ClipEncoder:
    """Encodes one event; all its pictures get the size of the first.

    They get a half, a quarter or an eighth of it where there is no memory for an encoder of theirs.
    """

    def __init__(
        self,
        orientation: Orientation,
        preset: str = PRESET,
        privacy: Polygons = (),
        room: Room | None = None,
    ) -> None:
        self._painter = Painter(orientation, privacy, room)
        self._preset = preset
        self._context: av.VideoCodecContext | None = None
        self._count = 0
        self._room = room or Boundless()
        self._held: object = None  # the memory of the open encoder
        self._shrink = 1
        self._told = False
        self._last: av.VideoFrame | None = None
        self.codec: Codec | None = None

    def encode(self, coded: bytes | Video, text: str | None, *, key: bool) -> AccessUnit | None:
        """The encoded picture, or None when it is damaged.

        Args:
            coded: a JPEG from SOI to EOI, or a picture of a video stream.
            text: burnt in.
            key: decoding can start here; the first picture of an event always is.
        """
        context = self._context
        decoded = self._painter.decode(coded, self._shrink)
        if decoded is None:
            self._last = None
            return None
        size = (context.width, context.height) if context else self._size_for(decoded)
        picture = self._painter.finish(decoded, coded, text, size) if size else None
        self._last = picture
        if picture is None:
            return None
        if context is None:
            context = self._context = _open_encoder(picture.width, picture.height, self._preset)
            key = True
        picture.pts = self._count
        picture.time_base = Fraction(1, _RATE)
        # decoded JPEGs are of type I, which would make every picture a key picture
        picture.pict_type = PictureType.I if key else PictureType.NONE
        self._count += 1
        packets = context.encode(picture)
        unit = access_unit(b"".join(bytes(packet) for packet in packets))
        if unit.avcc is not None and self.codec is None:
            self.codec = Codec(unit.avcc, picture.width, picture.height)
        return unit

    def _size_for(self, decoded: av.VideoFrame) -> tuple[int, int] | None:
        """(width, height) for which there is memory; None: there is not."""
        sizes = {s: (decoded.width // s & ~1, decoded.height // s & ~1) for s in _SHRINKS}
        self._held = None
        for shrink, size in sizes.items():
            self._held = self._room.hold(needs(*size))
            if self._held is not None:
                if shrink > 1:
                    self._tell(decoded, f"it is recorded in {size[0]}x{size[1]}")
                self._shrink = shrink
                return size
        self._tell(decoded, "not recorded")
        return None

    def _tell(self, decoded: av.VideoFrame, what: str) -> None:
        """Counts a clip that was made smaller, or not at all; says it once."""
        self._room.reduce(needs(decoded.width, decoded.height))
        if not self._told:
            self._told = True
            words = "too little memory for a clip of %dx%d: %s"
            log.warning(words, decoded.width, decoded.height, what)

    def still(self) -> bytes | None:
        """The last picture as a JPEG; None when it was damaged."""
        return None if self._last is None else _as_jpeg(self._last)


def still(
    orientation: Orientation,
    jpeg: bytes,
    text: str | None,
    privacy: Polygons = (),
    shrink: int = 1,
) -> bytes | None:
    """The picture as it is stored, as a JPEG; None when it is damaged; `shrink` as of `Painter`."""
    picture = Painter(orientation, privacy).paint(jpeg, text, shrink=shrink)
    return None if picture is None else _as_jpeg(picture)


def still_of(
    orientation: Orientation, group: Sequence[Video], text: str | None, room: Room
) -> bytes | None:
    """The last picture of a group that begins with a key picture, as `still`.

    None where it is damaged, or there is no memory for a decoder.
    """
    found = demand(group[0].codec, group[0].data)
    with room.work(found.counted if found else 0) as decodes:
        shown = _last_of(group) if decodes else None
        if shown is None or not allowed(shown.height, shown.width):
            return None
        with room.work(needs(shown.width, shown.height)) as whole:
            picture = Painter(orientation).finish(shown, group[-1], text) if whole else None
            return None if picture is None else _as_jpeg(picture)


def _last_of(group: Sequence[Video]) -> av.VideoFrame | None:
    """The last picture of a group, decoded."""
    decoder = _open_decoder(group[0].codec, 1, low_delay=False)
    shown: av.VideoFrame | None = None
    try:
        for number, video in enumerate((*group, None)):
            packet = None if video is None else av.Packet(video.data)
            if packet is not None:
                packet.pts = number
            for frame in decoder.decode(packet):
                if frame.pts == len(group) - 1:
                    shown = frame
    except av.FFmpegError:
        return None
    return shown


def needs(width: int, height: int) -> int:
    """Bytes of an encoder for pictures of this size."""
    return _ENCODER + width * height * _ENCODER_PIXEL


def _as_jpeg(picture: av.VideoFrame) -> bytes | None:
    planes = np.concatenate([_plane(picture, index).ravel() for index in range(3)])
    stacked = planes.reshape(picture.height * 3 // 2, picture.width)
    bgr = cv2.cvtColor(stacked, cv2.COLOR_YUV2BGR_I420)
    good, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _BEST_QUALITY])
    return encoded.tobytes() if good else None


def _plane(picture: av.VideoFrame, index: int) -> Plane:
    """A writable view, uint8 (H, W), of one plane."""
    plane = picture.planes[index]
    lines: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def _range(decoded: av.VideoFrame, coded: bytes | Video) -> int:
    """JPEGs always have full range; video without a statement has limited range."""
    if isinstance(coded, Video) and decoded.color_range != ColorRange.JPEG:
        return ColorRange.MPEG
    return ColorRange.JPEG


def _space(decoded: av.VideoFrame, coded: bytes | Video) -> int:
    hd = isinstance(coded, Video) and decoded.colorspace == Colorspace.ITU709
    return Colorspace.ITU709 if hd else Colorspace.ITU601


def _open_decoder(codec: str, shrink: int, *, low_delay: bool = True) -> av.VideoCodecContext:
    decoder = open_decoder(codec, MOST_PIXELS, {"lowres": str(shrink.bit_length() - 1)})
    if low_delay:
        decoder.flags |= Flags.low_delay
    return decoder


def _open_encoder(width: int, height: int, preset: str) -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, _RATE)
    encoder.framerate = Fraction(_RATE, 1)
    encoder.max_b_frames = 0
    encoder.gop_size = _NO_AUTOMATIC_KEYS
    encoder.thread_count = 1
    encoder.options = {
        "preset": preset,
        "tune": "zerolatency",
        "crf": str(CRF),
        "x264-params": _X264,
    }
    encoder.open()
    return encoder
