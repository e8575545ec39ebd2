"""RTSP cameras that send what costs memory, as fast as it is taken: one picture without an end, or
pictures of which a decoder has to keep many."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

import av
import numpy as np

from tests.support.waiting import PATIENCE

_PIECE = 60_000


def coded(width: int, height: int, references: int, count: int) -> list[list[bytes]]:
    """NAL units of so many grey pictures, the first with its parameter sets."""
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"ref={references}:keyint=1000:scenecut=0:weightp=0:threads=1",
    }
    grey = np.full((height * 3 // 2, width), 100, np.uint8)
    frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
    found = []
    for number in range(count):
        frame.pts = number
        found += [_units(bytes(packet)) for packet in encoder.encode(frame)]
    return found


def _units(data: bytes) -> list[bytes]:
    return [unit for unit in (part.rstrip(b"\0") for part in data.split(b"\0\0\1")) if unit]


def _sets(units: list[bytes]) -> list[bytes]:
    return [unit for unit in units if unit[0] & 0x1F in {7, 8}]


class RtspFlood:
    """Serves one viewer after another.

    Args:
        sets: SPS and PPS, as the description has them; none: it has none.

    Attributes:
        sent: bytes so far.
    """

    def __init__(self, sets: list[bytes]) -> None:
        self.sent = 0
        self._sets = sets
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/live"
        self._gone = threading.Event()
        self._viewer: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        if self._viewer is not None:
            with suppress(OSError):
                self._viewer.shutdown(socket.SHUT_RDWR)  # ends what waits for the viewer
        self._thread.join(PATIENCE)
        self._server.close()

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """The number of the picture, and RTP payloads of it; a negative one ends its picture."""
        raise NotImplementedError

    def media(self) -> list[str]:
        """The lines of the description that say what comes."""
        sets = ",".join(base64.b64encode(unit).decode() for unit in self._sets)
        kind = "a=fmtp:96 packetization-mode=1"
        kind += f";sprop-parameter-sets={sets}" if sets else ""
        return ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", kind]

    def _serve(self) -> None:
        self._server.settimeout(0.1)
        while not self._gone.is_set():
            try:
                viewer = self._server.accept()[0]
            except TimeoutError:
                continue
            self._viewer = viewer
            with viewer:
                viewer.settimeout(PATIENCE)
                try:
                    self._talk(viewer)
                except OSError:
                    continue

    def _talk(self, viewer: socket.socket) -> None:
        came = b""
        while not self._gone.is_set():
            more = viewer.recv(4096)
            if not more:
                return
            came += more
            while b"\r\n\r\n" in came:
                request, _, came = came.partition(b"\r\n\r\n")
                method, lines = request.split()[0].decode(), request.decode().splitlines()
                number = next(line for line in lines if line.lower().startswith("cseq"))
                viewer.sendall(self._answer(method, number))
                if method == "PLAY":
                    self._flood(viewer)
                    return

    def _answer(self, method: str, number: str) -> bytes:
        head = ["RTSP/1.0 200 OK", number]
        body = ""
        if method == "DESCRIBE":
            body = "\r\n".join(["v=0", "s=x", "t=0 0", *self.media(), "a=control:track1", ""])
            head += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        if method == "SETUP":
            head += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"]
        if method == "OPTIONS":
            head += ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]
        return ("\r\n".join([*head, "", ""]) + body).encode()

    def _flood(self, viewer: socket.socket) -> None:
        for sequence, (number, payload) in enumerate(self.packets()):
            if self._gone.is_set():
                return
            kind, at = (96 | 0x80, -number - 1) if number < 0 else (96, number)
            head = struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, at * 3600, 7)
            packet = head + payload
            viewer.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
            self.sent += len(packet)


class EndlessRtsp(RtspFlood):
    """Its first picture never ends."""

    def __init__(self) -> None:
        super().__init__(_sets(coded(640, 480, 1, 1)[0]))

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """Fragments (RFC 6184, FU-A) of one slice, of which none is the last."""
        for sequence in range(1 << 30):
            first = 0x80 if sequence == 0 else 0
            yield 0, bytes((0x7C, first | 5)) + b"\x5a" * _PIECE


class ManyReferences(RtspFlood):
    """Its pictures refer to so many others, which a decoder has to keep.

    Args:
        pictures: of `coded`; they are sent again and again.
        described: the description says so; else only the first picture does.
    """

    def __init__(self, pictures: list[list[bytes]], *, described: bool = True) -> None:
        super().__init__(_sets(pictures[0]) if described else [])
        self._pictures = pictures

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """Each NAL unit in one packet or several."""
        for number in range(1 << 30):
            units = self._pictures[number % len(self._pictures)]
            payloads = [each for unit in units for each in _fragments(unit)]
            for payload in payloads[:-1]:
                yield number, payload
            yield -number - 1, payloads[-1]


class SecondFormat(ManyReferences):
    """It offers two formats and sends the second one."""

    def __init__(self, first: list[str], pictures: list[list[bytes]]) -> None:
        super().__init__(pictures)
        self._first = first

    def media(self) -> list[str]:
        """With the format that never comes before the other one."""
        line, *others = super().media()
        return [line.replace("96", "97 96"), *self._first, *others]


def _fragments(unit: bytes) -> list[bytes]:
    """RFC 6184: the unit itself, or FU-A."""
    if len(unit) <= _PIECE:
        return [unit]
    pieces = [unit[at : at + _PIECE] for at in range(1, len(unit), _PIECE)]
    marks = [0x80, *[0] * (len(pieces) - 2), 0x40]
    head = unit[0] & 0xE0 | 28
    return [
        bytes((head, mark | unit[0] & 0x1F)) + piece
        for mark, piece in zip(marks, pieces, strict=True)
    ]
