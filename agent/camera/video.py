"""Cameras that send video: RTSP, and USB cameras through V4L2. PyAV decodes, we make JPEGs.

What is already JPEG on the wire (MJPEG) is handed on byte for byte. Everything else is encoded once
here, so that the rest of the agent knows one kind of frame; ADR 0007 says what that costs. For a
recording stream H.264 and H.265 are handed on as they came, because most of it is never looked at.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlsplit

import av
import cv2
import numpy as np

from agent.camera import error_reasons
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Resolver
from agent.camera.network.tcp import Certificate
from agent.camera.network.url import rtsp_target_of, split_url
from agent.camera.rtsp_question import Question
from agent.camera.session import Opener, Picture, Session
from agent.core.errors import CameraRefused, CameraUnreachable, ConfigError, SessionLost
from agent.core.frame import Video
from agent.core.time_allowance import Boundless, Room
from agent.imaging.coded import H264, HEVC, Demand, TooManySets, demand
from agent.imaging.jpeg import LARGE, MOST_PIXELS, allowed, encode
from agent.runtime.media import open_media

#: Seconds without a picture after which the camera counts as stalled; cameras send a picture that
#: decoding can start with every 1 to 4 s.
SILENCE = 8.0
#: DESCRIBE, SETUP, PLAY and the first packets; FFmpeg cannot be interrupted from outside.
_OPEN_WITHIN = 5.0
#: A read waits so long before we look at our orders; FFmpeg goes on where it was.
_READ_WITHIN = 0.5
#: Of the JPEGs that we make; more only grows the files, the video was compressed before.
_QUALITY = 88

#: What a recording stream may stay coded in.
CODED = frozenset({H264, HEVC})
#: What of any allowed size costs little, or says what it costs. Of other codecs it is not known how
#: many pictures they keep: those must be smaller.
_KNOWN = CODED | {"mjpeg", "rawvideo"}
#: Bytes of a decoder that are counted with the agent's own: H.264 of 1920x1080, four references.
DECODER_FREE = 32 * 2**20

_RTSP = {
    "protocol_whitelist": "rtsp,rtp,tcp,tls",
    "rtsp_transport": "tcp",  # over UDP a lost packet smears the picture, which looks like motion
    "fflags": "nobuffer",
    "flags": "low_delay",
    "analyzeduration": "1000000",  # microseconds, for cameras that do not say their size
    "allowed_media_types": "video",
    "user_agent": "surveillance-agent",
    "skip_frame": "all",  # nothing is decoded before we have seen what that would take
}


def rtsp_opener(
    url: str,
    trust: ssl.SSLContext | None = None,
    *,
    coded: bool = False,
    memory: Room | None = None,
) -> Opener:
    """Opens sessions with an `rtsp:` or `rtsps:` camera, over TCP.

    Args:
        url: as configured.
        trust: whose certificates are believed; None: the public authorities'.
        coded: H.264 and H.265 are handed on as they came, undecoded.
        memory: what the camera may take; None: it is alone with the machine.

    Raises:
        ConfigError: no host, or a port that is none.
    """
    parts, host, given_port = split_url(url, "rtsp://HOST[:PORT]/PATH, see docs/cameras.md")
    target = rtsp_target_of(parts, host, given_port)
    who = parts.netloc.rpartition("@")[0]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")

    def opened(patience: Patience) -> Session:
        """A session, after the camera has answered ourselves."""
        where = f"{host}:{target.port}"
        found = Resolver(host, target.port, patience.clock).find(patience.worker)
        try:
            answered = Question(patience, trust, user, password).ask(target, found)
        except (CameraRefused, CameraUnreachable) as error:
            raise type(error)(f"{where}: {error}") from error
        there = answered.target
        full = f"{there.scheme}://{f'{who}@' if who else ''}{there.authority}{there.path}"
        try:
            with _tls_options(answered.certificate) as tls:
                return VideoSession(
                    where, full, patience, None, _RTSP | tls, coded=coded, memory=memory
                )
        except CameraUnreachable as error:
            words = error_reasons.of_no_video(there.scheme, str(error).removeprefix(f"{where}: "))
            raise CameraUnreachable(f"{where}: {words}") from error

    return opened


@contextmanager
def _tls_options(certificate: Certificate | None) -> Iterator[dict[str, str]]:
    """FFmpeg's options with which it believes this certificate alone; None: any, or no TLS.

    It knows no other way to believe what a camera signed itself: it wants a file, and a name that
    is in the certificate. Whether the name is the camera's was looked at before.
    """
    if certificate is None:
        yield {"tls_verify": "0"}  # FFmpeg 9 would look at it
        return
    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate.pem)
        file.flush()
        yield {"tls_verify": "1", "ca_file": file.name, "verifyhost": certificate.name}


def v4l2_opener(url: str) -> Opener:
    """Opens sessions with `v4l2:/dev/videoN`; the camera's own JPEGs where it makes them.

    Raises:
        ConfigError: no device is named.
    """
    device = url.partition(":")[2]
    if not device.startswith("/dev/"):
        raise ConfigError("camera source: a USB camera is v4l2:/dev/videoN")

    def opened(patience: Patience) -> Session:
        """A session of MJPEG where the camera makes it, else of what it has."""
        try:
            return VideoSession(device, device, patience, "v4l2", {"input_format": "mjpeg"})
        except CameraUnreachable:
            return VideoSession(device, device, patience, "v4l2", {})

    return opened


class VideoSession:
    """One open stream of video."""

    silence = SILENCE
    answers = False  # whether a camera that is silent lives is not known

    def __init__(
        self,
        where: str,
        url: str,
        patience: Patience,
        kind: str | None,
        options: dict[str, str],
        *,
        coded: bool = False,
        memory: Room | None = None,
    ) -> None:
        """Opens it.

        Raises:
            CameraRefused: user or password are wrong, or nothing is there that we can show.
            CameraUnreachable: it cannot be opened now.
        """
        self.damaged = 0
        self._where = where
        self._patience = patience
        self._ready: deque[Picture] = deque()  # the pictures of one packet
        # refused by the decoder itself, which otherwise has the memory before we see a size
        options = {**options, "max_pixels": str(MOST_PIXELS)}
        self._started = self._came = False
        try:
            self._container = open_media(
                url, kind=kind, options=options, timeout=(_OPEN_WITHIN, _READ_WITHIN)
            )
        except av.HTTPUnauthorizedError as error:
            words = error_reasons.of_401(user=bool(urlsplit(url).username))
            raise CameraRefused(f"{where}: {words}") from error
        except av.HTTPForbiddenError as error:
            raise CameraRefused(f"{where}: {error_reasons.of_403()}") from error
        except av.HTTPNotFoundError as error:
            raise CameraRefused(f"{where}: {error_reasons.of_404()}") from error
        except av.HTTPClientError as error:
            raise CameraRefused(f"{where}: {_words(error)}; {error_reasons.CHECK_PATH}") from error
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
        self._stream.codec_context.thread_count = 1
        self._codec = self._stream.codec_context.name
        most = MOST_PIXELS if self._codec in _KNOWN else LARGE
        self._stream.codec_context.options = {"max_pixels": str(most)}
        self._memory = memory or Boundless()
        self._demand: Demand | None = None
        self._held: object = None  # the room of the decoder
        self._hand_on = coded and self._codec in CODED
        self._packets: Iterator[Any] = self._container.demux(self._stream)
        try:
            self._afford(codec.extradata or b"")
        except BaseException:
            self._container.close()
            raise

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
        return "nothing comes" if self._started or not self._came else "no key picture came"

    def close(self) -> None:
        """Ends the session."""
        self._container.close()
        self._held = None

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
            self.damaged += 1
            return
        if self._codec == "mjpeg":
            self._ready.append(Picture(bytes(packet), at))
            return
        self._started = self._started or packet.is_keyframe
        if not self._started:
            return  # what refers to pictures that we do not have would be decoded to grey
        self._afford(bytes(packet))
        if self._hand_on:
            self._ready.append(Picture(b"", at, self._video(packet)))
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self.damaged += 1
            return
        for frame in frames:
            if frame.is_corrupt or not allowed(frame.height, frame.width):
                self.damaged += 1
            else:
                self._show(frame, at)

    def _afford(self, data: bytes) -> None:
        """Takes room for what these bytes make a decoder need, here or in the recorder.

        Raises:
            CameraRefused: there is none.
        """
        try:
            found = demand(self._codec, data)
        except TooManySets:
            raise CameraRefused(f"{self._where}: {error_reasons.TOO_MANY_SETS}") from None
        if found is None or found == self._demand:
            return
        if not allowed(found.height, found.width):
            raise CameraRefused(
                f"{self._where}: {error_reasons.too_large(found.width, found.height)}"
            )
        need = max(0, found.size - DECODER_FREE)
        self._held = None
        self._held = self._memory.hold(need) if need else None
        if need and self._held is None:
            self._memory.reduce(need)
            words = error_reasons.of_decoder(found.width, found.height, found.pictures, found.size)
            raise CameraRefused(f"{self._where}: {words}")
        self._demand = found

    def _show(self, frame: av.VideoFrame, at: float) -> None:
        try:
            self._ready.append(Picture(encode(_pixels(frame), _QUALITY), at))
        except MemoryError:  # above what `open_media` allows FFmpeg for one block
            self.damaged += 1

    def _video(self, packet: Any) -> Video:  # noqa: ANN401
        """The packet, a key picture with the parameter sets that RTSP may say but once."""
        data = bytes(packet)
        sets = self._stream.codec_context.extradata or b""
        if packet.is_keyframe and not data.startswith(sets):
            data = sets + data
        return Video(data, self._codec, packet.is_keyframe)


def _pixels(frame: av.VideoFrame) -> Any:  # noqa: ANN401  uint8 (H, W, 3), BGR
    """BGR of a decoded frame; cv2 needs a fifth of FFmpeg's time for the usual 4:2:0."""
    if frame.format.name == "yuv420p" and frame.width % 2 == 0 and frame.height % 2 == 0:
        planes: Any = frame.to_ndarray()
        return cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
    return np.ascontiguousarray(frame.to_ndarray(format="bgr24"))


def _words(error: Exception) -> str:
    """Why, without FFmpeg's own text: that has the URL in it, and the URL the password."""
    if isinstance(error, av.ExitError):
        return f"no answer within {_OPEN_WITHIN:g} s"
    return getattr(error, "strerror", None) or type(error).__name__
