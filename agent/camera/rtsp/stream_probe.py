"""Asks a camera which streams it offers: the configured one, and another one.

The camera is asked for few paths, one after the other, and for nothing more once it refuses: who
tries too often is locked out.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from ssl import SSLContext
from urllib.parse import unquote, urlsplit

from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found, Resolver
from agent.camera.network.url import RTSP_FORM, Target, rtsp_target_of, split_url
from agent.camera.other_stream import Other, other_streams
from agent.camera.rtsp import sdp
from agent.camera.rtsp.describe import Described, Question
from agent.camera.rtsp.session import RtspSession, shown
from agent.core.errors import CameraError, NoSuchStream
from agent.imaging.bits import Bits, unescaped
from agent.imaging.jpeg import dimensions
from agent.imaging.nal import H264, HEADER, HEVC, HEVC_SPS, SPS, split, type_of
from agent.imaging.sps import cropped, h264, h265
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker

#: Paths that are tried in addition to the configured one.
MOST_TRIED = 3
#: Seconds after which no further path is tried; what runs then has deadlines of its own.
_WITHIN = 20.0
#: A description without the size: the stream is played until its first picture, for this time.
_PLAYED = 8.0

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """A stream: its URL as configured, with user and password, and (width, height)."""

    url: str
    size: Size


@dataclass(frozen=True, slots=True)
class Asked:
    """What a camera said.

    Attributes:
        source: the configured stream; None: it did not give it.
        other: the other stream; None: none was found.
        why: what the camera refused; empty: nothing but a path that it has not.
    """

    source: Offer | None
    other: Offer | None = None
    why: str = ""

    @property
    def small(self) -> Offer | None:
        """The smaller of both, which is cheap to judge."""
        return self._by_size(smaller=True)

    @property
    def large(self) -> Offer | None:
        """The larger of both, which is worth recording."""
        return self._by_size(smaller=False)

    def _by_size(self, *, smaller: bool) -> Offer | None:
        if self.source is None or self.other is None:
            return None
        both = sorted((self.source, self.other), key=lambda it: it.size[0] * it.size[1])
        return both[0 if smaller else 1]


def ask(url: str, trust: SSLContext | None, clock: Clock) -> Asked:
    """Asks the camera; mostly within one second, for some minutes where each answer is slow.

    Args:
        url: of RTSP, over any transport.
        trust: whose certificates are believed; None: the public authorities'.
        clock: for the deadlines.

    Raises:
        ConfigError: the URL is wrong.
    """
    camera = _Camera(url, trust, clock)
    until = clock.monotonic() + _WITHIN
    try:
        source = Offer(url, camera.size(camera.target.path))
    except CameraError as error:
        return Asked(None, None, str(error))
    for candidate in other_streams(url)[:MOST_TRIED]:
        if clock.monotonic() > until:
            return Asked(source, None, f"answers too slowly to ask for {candidate.path}")
        try:
            size = camera.size(candidate.path)
        except NoSuchStream:
            continue
        except CameraError as error:
            return Asked(source, None, f"asked for {candidate.path} it {error}")
        if size != source.size:  # some give one stream for every path
            return Asked(source, Offer(_beside(url, candidate), size))
    return Asked(source)


class _Camera:
    """One camera; each question begins without the password, as a session does.

    What a camera demands for one connection may be worth nothing for the next one.
    """

    def __init__(self, url: str, trust: SSLContext | None, clock: Clock) -> None:
        parts, host, port = split_url(url, RTSP_FORM)
        self.target: Target = rtsp_target_of(parts, host, port)
        self._udp = parts.scheme.lower() == "rtspu"
        self._patience = Patience(Worker("ask", lambda _: None, clock, lambda *_: None), clock)
        self._resolver = Resolver(host, self.target.port, clock)
        self._trust = trust
        self._who = unquote(parts.username or ""), unquote(parts.password or "")
        self._tunnel = parts.scheme.lower() == "rtsph"

    def size(self, path: str) -> Size:
        """Width and height of the stream of that path.

        Raises:
            NoSuchStream: it has none there.
            CameraError: it refuses, or does not answer now.
        """
        found = self._resolver.find(self._patience.worker)
        question = Question(self._patience, self._trust, *self._who, tunnel=self._tunnel)
        described = question.ask(self.target._replace(path=path), found)
        try:
            formats = shown(sdp.parse(described.body))
            size = described_size(formats[0]) if len(formats) == 1 else None
        except BaseException:
            described.line.close()
            raise
        if size is not None:
            described.line.close()
            return size
        return self._played(described, found)

    def _played(self, described: Described, found: Found) -> Size:
        scheme = self.target.scheme
        where = f"{self.target.host}:{self.target.port}"
        session = RtspSession(
            where, described, found, self._patience, scheme, coded=True, udp=self._udp
        )
        until = self._patience.clock.monotonic() + _PLAYED
        with closing(session):
            while self._patience.clock.monotonic() < until:
                picture = session.read()
                if picture is None:
                    continue
                video = picture.video
                size = _of_sets(video.codec, video.sets) if video else _of_jpeg(picture.jpeg)
                if size is not None:
                    return size
        raise NoSuchStream("sends no picture")


def described_size(media: sdp.Media) -> Size | None:
    """Width and height as far as a description says them; None: it does not."""
    names = {"H264": (H264, "sprop-parameter-sets"), "H265": (HEVC, "sprop-sps")}
    if media.codec not in names:
        return None
    codec, option = names[media.codec]
    return _of_units(codec, media.sets(option))


def _of_sets(codec: str, sets: bytes) -> Size | None:
    return _of_units(codec, list(split(sets)))


def _of_jpeg(jpeg: bytes) -> Size | None:
    found = dimensions(jpeg)
    return None if found is None else (found[1], found[0])


def _of_units(codec: str, units: list[bytes]) -> Size | None:
    for unit in units:
        try:
            if codec == H264 and type_of(codec, unit) == SPS:
                bits = Bits(unescaped(unit))
                return cropped(bits, h264(bits))
            if codec == HEVC and type_of(codec, unit) == HEVC_SPS:
                return h265(Bits(unescaped(unit[HEADER[HEVC] :]))).cropped
        except (IndexError, ValueError):
            continue
    return None


def _beside(url: str, other: Other) -> str:
    """The URL of the other stream, with the user and password of this one."""
    path, _, query = other.path.partition("?")
    return urlsplit(url)._replace(path=path, query=query).geturl()
