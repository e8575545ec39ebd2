"""Cameras that want more than to show pictures."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import pytest

from agent.camera.video import VideoSession
from agent.camera.web import web_opener
from agent.core.messages import CameraCode
from tests.support.jpegs import jpeg
from tests.support.source_rig import SourceRig
from tests.support.waiting import PATIENCE
from tests.support.web_camera import WebCamera


def test_a_camera_cannot_send_the_agent_to_another_machine() -> None:
    """A GET from inside the house may open a gate somewhere."""
    other = WebCamera(lambda number: jpeg(3000, seed=number))

    class Sender(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{other.port}/stream")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Sender) as camera, other:
        thread = threading.Thread(target=camera.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{camera.server_port}/"
        with SourceRig(web_opener(url)) as agent:
            state = agent.wait_for(CameraCode.REFUSED)
        camera.shutdown()
        thread.join(PATIENCE)

    assert "redirects to another host, http://localhost" in state.reason
    assert other.tried == []


def test_video_of_a_giant_size_is_refused_by_the_decoder(tmp_path: Path) -> None:
    """40 kB of it made the decoder take 300 MB before anybody saw a size."""
    path = tmp_path / "giant.ts"
    with av.open(str(path), "w", format="mpegts") as film:
        stream = film.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8192, 2304, "yuv420p"
        frame = av.VideoFrame(8192, 2304, "yuv420p")
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))

    class Patience:
        clock = None

        def look(self) -> None:
            """Nothing is wanted."""

    session = VideoSession("giant", str(path), Patience(), "mpegts", {})  # type: ignore[arg-type]  # a look is all it takes
    try:
        with av.open(str(path)) as found:
            packets = [packet for packet in found.demux(video=0) if packet.size]
        assert packets
        context = session._stream.codec_context
        for packet in packets:
            with pytest.raises(av.FFmpegError):
                context.decode(packet)
    finally:
        session.close()
