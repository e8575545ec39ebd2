"""An RTSP camera whose first picture never ends: one access unit, as fast as it is taken."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from typing import Self

import av
import numpy as np

_PIECE = 60_000


def _parameter_sets() -> list[bytes]:
    """SPS and PPS of a picture of 640x480, as an encoder writes them."""
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 480, "yuv420p"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    frame = av.VideoFrame.from_ndarray(np.zeros((720, 640), np.uint8), format="yuv420p")
    data = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    units = [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")]
    return [unit for unit in units if unit and unit[0] & 0x1F in {7, 8}]


class EndlessRtsp:
    """Serves one viewer after another; `sent` bytes so far."""

    def __init__(self) -> None:
        self.sent = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/live"
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._thread.join(30)
        self._server.close()

    def _serve(self) -> None:
        self._server.settimeout(0.1)
        while not self._gone.is_set():
            try:
                viewer = self._server.accept()[0]
            except TimeoutError:
                continue
            with viewer:
                viewer.settimeout(5)
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
            sets = ",".join(base64.b64encode(unit).decode() for unit in _parameter_sets())
            kind = f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}"
            lines = ["v=0", "s=x", "t=0 0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", kind]
            body = "\r\n".join([*lines, "a=control:track1", ""])
            head += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        if method == "SETUP":
            head += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"]
        if method == "OPTIONS":
            head += ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]
        return ("\r\n".join([*head, "", ""]) + body).encode()

    def _flood(self, viewer: socket.socket) -> None:
        """Fragments (RFC 6184, FU-A) of one slice, of which none is the last."""
        for sequence in range(1 << 30):
            if self._gone.is_set():
                return
            first = 0x80 if sequence == 0 else 0
            unit = bytes((0x7C, first | 5)) + b"\x5a" * _PIECE
            packet = struct.pack(">BBHII", 0x80, 96, sequence & 0xFFFF, 0, 7) + unit
            viewer.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
            self.sent += len(packet)
