"""Cameras that send video: RTSP spoken by ourselves, and USB cameras through FFmpeg's V4L2.

JPEGs on the wire (MJPEG) are passed on byte for byte. H.264 and H.265 are passed on as they came,
together with the planes of each picture if the stream is judged. ADR 0007 says why.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

import av

from agent.camera import error_reasons
from agent.camera.decoder_memory import most_pixels
from agent.camera.decoding import Decoding
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Resolver
from agent.camera.network.url import RTSP_FORM, rtsp_target_of, split_url
from agent.camera.rtsp.describe import Question
from agent.camera.rtsp.session import RtspSession
from agent.camera.rtsp.sound_receiver import Deafness
from agent.camera.session import Opener, Picture, Session
from agent.core.errors import CameraRefused, CameraUnreachable, ConfigError, SessionLost
from agent.core.pacing import EACH_PICTURE, Looks
from agent.core.time_allowance import Room
from agent.imaging.jpeg import MOST_PIXELS
from agent.runtime.media import open_media

#: Seconds without a picture after which the camera counts as stalled.
SILENCE = 8.0
_OPEN_WITHIN = 5.0
#: Seconds of a read before we look at our orders; a device gives whole pictures, or none.
_READ_WITHIN = 0.5


def rtsp_opener(
    url: str,
    trust: ssl.SSLContext | None = None,
    *,
    coded: bool = False,
    sound: bool = False,
    batch: float = 0.0,
    looks: Looks = EACH_PICTURE,
    room: Callable[[], bool] = lambda: True,
    memory: Room | None = None,
) -> Opener:
    """Opens sessions with an `rtsp:`, `rtsps:`, `rtspu:` (UDP) or `rtsph:` (through HTTP) camera.

    Args:
        url: as configured.
        trust: whose certificates are believed; None: the public authorities'.
        coded: H.264 and H.265 are handed on as they came, undecoded.
        sound: the camera's sound is wanted with its video; see `Deafness`.
        batch: seconds for which pictures that nobody looks at may be collected.
        looks: says which pictures are looked at; None but those are decoded before they are needed.
        room: says whether the next owner can take a picture.
        memory: what the camera may take; None: it is alone with the machine.

    Raises:
        ConfigError: no host, or a port that is none.
    """
    parts, host, given_port = split_url(url, RTSP_FORM)
    target = rtsp_target_of(parts, host, given_port)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    kind = parts.scheme.lower()
    tunnel, udp = kind == "rtsph", kind == "rtspu"
    deafness = Deafness()

    def opened(patience: Patience) -> Session:
        """A session that plays."""
        where = f"{host}:{target.port}"
        found = Resolver(host, target.port, patience.clock).find(patience.worker)
        try:
            question = Question(patience, trust, user, password, tunnel=tunnel)
            described = question.ask(target, found)
            return RtspSession(
                where,
                described,
                found,
                patience,
                target.scheme,
                coded=coded,
                udp=udp,
                deafness=deafness if sound else None,
                batch=batch,
                looks=looks,
                room=room,
                memory=memory,
            )
        except (CameraRefused, CameraUnreachable) as error:
            raise type(error)(f"{where}: {error}") from error

    return opened


def v4l2_opener(url: str, memory: Room | None = None) -> Opener:
    """Opens sessions with `v4l2:/dev/videoN`; the camera's own JPEGs where it makes them.

    Args:
        url: as configured.
        memory: what the camera may take; None: it is alone with the machine.

    Raises:
        ConfigError: no device is named.
    """
    device = url.partition(":")[2]
    if not device.startswith("/dev/"):
        raise ConfigError("camera source: a USB camera is v4l2:/dev/videoN")

    def opened(patience: Patience) -> Session:
        """A session of MJPEG where the camera makes it, else of what it has."""
        try:
            mjpeg = {"input_format": "mjpeg"}
            return VideoSession(device, device, patience, "v4l2", mjpeg, memory)
        except CameraUnreachable:
            return VideoSession(device, device, patience, "v4l2", {}, memory)

    return opened


class _Unit(NamedTuple):
    """A packet of FFmpeg's, as `Decoding` takes it."""

    data: bytes
    key: bool
    sets: bytes = b""


class VideoSession:
    """One open stream of video that FFmpeg reads: a device, or a file."""

    silence = SILENCE
    answers = False  # whether a camera that is silent lives is not known

    def __init__(
        self,
        where: str,
        url: str,
        patience: Patience,
        kind: str | None,
        options: dict[str, str],
        memory: Room | None = None,
    ) -> None:
        """Opens it.

        Raises:
            CameraRefused: nothing is there that we can show.
            CameraUnreachable: it cannot be opened now.
        """
        self._where = where
        self._patience = patience
        self._broken = 0
        # nothing is decoded before we have seen what that would take; what is too large is refused
        # by the decoder itself
        options = {**options, "max_pixels": str(MOST_PIXELS), "skip_frame": "all"}
        self._ready: deque[Picture] = deque()  # the pictures of one packet
        self._came = False
        try:
            self._container = open_media(
                url, kind=kind, options=options, timeout=(_OPEN_WITHIN, _READ_WITHIN)
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            words = error_reasons.of_device(error, _words(error)) if kind else _words(error)
            raise CameraUnreachable(f"{where}: {words}") from error
        if not self._container.streams.video:
            self._container.close()
            raise CameraRefused(f"{where}: sends no video")
        self._stream = self._container.streams.video[0]
        codec: Any = self._stream.codec_context  # None for what FFmpeg does not know
        if codec is None:
            self._container.close()
            raise CameraRefused(f"{where}: {error_reasons.UNKNOWN_CODEC}")
        codec.thread_count = 1
        codec.options = {"max_pixels": str(most_pixels(codec.name))}
        self._decoding = Decoding(where, codec.name, memory, coded=False, context=codec)
        self._packets: Iterator[Any] = self._container.demux(self._stream)
        try:
            self._decoding.afford(codec.extradata or b"")
        except BaseException:
            self._container.close()
            raise

    @property
    def damaged(self) -> int:
        """Pictures that came broken."""
        return self._broken + self._decoding.damaged

    def read(self) -> Picture | None:
        """The next picture; None when none came within half a second, or a packet without."""
        if not self._ready:
            self._patience.look()
            packet = self._packet()
            if packet is not None:
                self._take(packet)
        return self._ready.popleft() if self._ready else None

    @property
    def why(self) -> str:
        """Why no picture comes."""
        key_came = self._decoding.started or not self._came
        return "nothing comes" if key_came else "no key picture came"

    def close(self) -> None:
        """Ends the session."""
        self._container.close()
        self._decoding.close()

    def _packet(self) -> Any:  # noqa: ANN401  av.Packet of a video stream
        try:
            packet = next(self._packets, None)
        except av.ExitError:  # nothing came; the generator is spent, the container is not
            self._packets = self._container.demux(self._stream)
            return None
        except (av.FFmpegError, OSError) as error:
            raise SessionLost(f"{self._where}: {_words(error)}") from error
        if packet is None or packet.size == 0:
            raise SessionLost(f"{self._where}: the camera ended its stream")
        return packet

    def _take(self, packet: Any) -> None:  # noqa: ANN401
        at = self._patience.clock.monotonic()
        self._came = True
        if packet.is_corrupt:
            self._broken += 1
            return
        self._ready.extend(self._decoding.take(_Unit(bytes(packet), packet.is_keyframe), at))


def _words(error: Exception) -> str:
    """Why, without FFmpeg's own text, which may have the URL in it."""
    if isinstance(error, av.ExitError):
        return f"no answer within {_OPEN_WITHIN:g} s"
    return getattr(error, "strerror", None) or type(error).__name__
