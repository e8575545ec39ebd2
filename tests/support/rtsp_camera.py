"""An RTSP camera: GStreamer's server with a test picture, run by the system's own Python.

    /usr/bin/python3 tests/support/rtsp_camera.py PORT [USER PASSWORD]

Serves /h264 (a picture to start from every second) and /mjpeg; lines on standard input: `stall`
stops the picture and leaves connections open, `play` goes on, `cut` ends all connections, `visit`
makes the picture white, `empty` a ball on black again.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

SOURCE = (
    "videotestsrc name=scene is-live=true pattern=ball"
    " ! video/x-raw,format=I420,width=640,height=480,framerate=15/1"
)
#: x264's fastest, with a picture to start from every 15.
H264 = (
    f"( {SOURCE} ! identity name=tap ! x264enc tune=zerolatency speed-preset=ultrafast"
    " key-int-max=15 ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
MJPEG = f"( {SOURCE} ! identity name=tap ! jpegenc quality=80 ! rtpjpegpay name=pay0 pt=26 )"

#: Of videotestsrc.
PATTERNS = {"visit": "white", "empty": "ball"}


def main() -> None:
    """Serves until standard input ends."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    if len(sys.argv) > 2:
        auth = GstRtspServer.RTSPAuth.new()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_digest(sys.argv[2], sys.argv[3], token)
        server.set_auth(auth)
    stalled = threading.Event()
    scenes: list[Any] = []

    def configure(_factory: object, media: Any) -> None:  # noqa: ANN401  gi has no types
        scenes.append(media.get_element().get_by_name("scene"))
        tap = media.get_element().get_by_name("tap")
        pad = tap.get_static_pad("src")
        pad.add_probe(
            Gst.PadProbeType.BUFFER,
            lambda *_: Gst.PadProbeReturn.DROP if stalled.is_set() else Gst.PadProbeReturn.OK,
        )

    for name, launch in (("/h264", H264), ("/mjpeg", MJPEG)):
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(launch)
        factory.set_shared(True)
        factory.connect("media-configure", configure)
        if len(sys.argv) > 2:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(name, factory)
    server.attach(None)
    loop = GLib.MainLoop()

    remove = GstRtspServer.RTSPFilterResult.REMOVE

    def obey() -> None:
        for line in sys.stdin:
            word = line.strip()
            if word == "stall":
                stalled.set()
            elif word == "play":
                stalled.clear()
            elif word in PATTERNS:
                for scene in scenes:
                    scene.set_property("pattern", PATTERNS[word])
            elif word == "cut":
                GLib.idle_add(lambda: server.client_filter(lambda *_: remove) and False)
        loop.quit()

    threading.Thread(target=obey, daemon=True).start()
    print("ready", flush=True)  # noqa: T201  our parent waits for it
    loop.run()


if __name__ == "__main__":
    main()
