"""`rtsp_camera.py` as a process: GStreamer's Python exists for the system's interpreter only."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

from tests.support.broker import free_port
from tests.support.needs import need
from tests.support.waiting import PATIENCE

_PYTHON = "/usr/bin/python3"
_SCRIPT = Path(__file__).with_name("rtsp_camera.py")
_NEEDED = (
    "import gi; gi.require_version('GstRtspServer', '1.0');"
    "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
    "wanted = 'x264enc', 'x265enc', 'rtpjpegpay', 'voaacenc', 'opusenc';"
    "assert all(map(Gst.ElementFactory.find, wanted))"
)


def missing() -> str:
    """Why no RTSP camera can run here; empty: it can."""
    try:
        asked = subprocess.run([_PYTHON, "-c", _NEEDED], capture_output=True, check=False)
    except FileNotFoundError:
        return f"{_PYTHON} is not here"
    return "" if asked.returncode == 0 else "no RTSP server of GStreamer is installed"


class RtspCamera:
    """Serves /h264, /h265, /bframes and /mjpeg until the end of the `with` block.

    Skips where it cannot.
    """

    def __init__(self, user: str, password: str) -> None:
        need(missing())
        self.port = free_port()
        self._who = f"{user}:{password}"
        arguments = [_PYTHON, str(_SCRIPT), str(self.port), user, password]
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def url(self, path: str, who: str | None = None) -> str:
        return f"rtsp://{who or self._who}@127.0.0.1:{self.port}{path}"

    def say(self, word: str) -> None:
        """`stall`, `play`, `cut`, `visit`, `empty`, `hush` or `bang`."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(PATIENCE)
