"""An RTSP camera: GStreamer's server with a test picture, run by the system's own Python.

    /usr/bin/python3 tests/support/rtsp_camera.py PORT [USER PASSWORD]

Serves /h264 (a picture to start from every second), /mjpeg, /late (one begins the session, the next
comes after a minute), /sound (H.264 behind G.711), /aac, /opus, /udp (over UDP alone), /h265,
/bframes, and the streams /main and /sub of one camera; lines on standard input: `stall` stops the
picture and leaves connections open, `play` goes on, `cut` ends all connections, `visit` makes the
picture white, `empty` a ball on black again, `hush` makes the sound quiet, `bang` loud.
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
SUB = H264.replace("640", "320").replace("480", "180")
LATE = H264.replace("key-int-max=15", "key-int-max=900")
SOUND = (
    "( audiotestsrc name=horn is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc"
    " ! rtppcmupay name=pay0 pt=0 " + H264[2:].replace("pay0", "pay1")
)
AAC = (
    "( audiotestsrc name=horn is-live=true ! audio/x-raw,rate=16000,channels=1 ! voaacenc"
    " ! aacparse ! rtpmp4gpay name=pay1 pt=97 " + H264[2:]
)
OPUS = (
    "( audiotestsrc name=horn is-live=true ! audio/x-raw,rate=48000,channels=1 ! opusenc"
    " ! rtpopuspay name=pay1 pt=97 " + H264[2:]
)
H265 = (
    f"( {SOURCE} ! identity name=tap ! x265enc tune=zerolatency speed-preset=ultrafast"
    " key-int-max=15 ! rtph265pay name=pay0 pt=96 config-interval=1 )"
)
#: Pictures that are decoded before those that are shown earlier.
B_FRAMES = (
    f"( {SOURCE} ! identity name=tap ! x264enc speed-preset=ultrafast bframes=3 b-adapt=false"
    " rc-lookahead=0 sync-lookahead=0 key-int-max=15"
    " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
MJPEG = f"( {SOURCE} ! identity name=tap ! jpegenc quality=80 ! rtpjpegpay name=pay0 pt=26 )"

STREAMS = {
    "/h264": H264,
    "/mjpeg": MJPEG,
    "/late": LATE,
    "/sound": SOUND,
    "/h265": H265,
    "/bframes": B_FRAMES,
    "/udp": H264,
    "/main": H264,
    "/sub": SUB,
    "/aac": AAC,
    "/opus": OPUS,
}
#: What a word sets: of which element, which property to what.
KNOBS = {
    "visit": ("scene", "pattern", "white"),
    "empty": ("scene", "pattern", "ball"),
    "hush": ("horn", "volume", 0.001),
    "bang": ("horn", "volume", 0.8),
}


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
    media_now: list[Any] = []

    def configure(_factory: object, media: Any) -> None:  # noqa: ANN401  gi has no types
        media_now.append(media.get_element())
        tap = media.get_element().get_by_name("tap")
        pad = tap.get_static_pad("src")
        pad.add_probe(
            Gst.PadProbeType.BUFFER,
            lambda *_: Gst.PadProbeReturn.DROP if stalled.is_set() else Gst.PadProbeReturn.OK,
        )

    for name, launch in STREAMS.items():
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(launch)
        factory.set_shared(name != "/late")
        ways = factory.get_protocols()
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP if name == "/udp" else ways)
        factory.connect("media-configure", configure)
        if len(sys.argv) > 2:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(name, factory)
    listens = bool(server.attach(None))
    loop = GLib.MainLoop()

    remove = GstRtspServer.RTSPFilterResult.REMOVE

    def obey() -> None:
        for line in sys.stdin:
            word = line.strip()
            if word == "stall":
                stalled.set()
            elif word == "play":
                stalled.clear()
            elif word in KNOBS:
                name, knob, value = KNOBS[word]
                found = [it.get_by_name(name) for it in media_now]
                for element in filter(None, found):
                    element.set_property(knob, value)
            elif word == "cut":
                GLib.idle_add(lambda: server.client_filter(lambda *_: remove) and False)
        loop.quit()

    threading.Thread(target=obey, daemon=True).start()
    print("ready" * listens, flush=True)  # noqa: T201  our parent waits for it
    loop.run()


if __name__ == "__main__":
    main()
