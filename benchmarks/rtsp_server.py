"""An RTSP server that plays MP4 files of H.264 at their own pace, run by the system's own Python.

/usr/bin/python3 benchmarks/rtsp_server.py PORT FILE...

`FOLDER/main.mp4` is at `rtsp://127.0.0.1:PORT/main`. All clients of a stream share one reader.
The times come from the file: where a stream gives no times, the server sends the same time with
each picture, which few cameras do.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main() -> None:
    """Serves until it is killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    for file in sys.argv[2:]:
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(
            f"( filesrc location={file} ! qtdemux ! h264parse config-interval=-1"
            " ! rtph264pay name=pay0 pt=96 )"
        )
        factory.set_shared(True)
        server.get_mount_points().add_factory(f"/{Path(file).stem}", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
