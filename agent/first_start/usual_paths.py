"""Where cameras usually have their pictures; tried in this order on a host that somebody names.

The RTSP paths are the main ones of `agent.camera.other_stream` and of docs/reference/cameras.md,
and those of common servers; the others are what makers write for MJPEG and stills.
"""

from __future__ import annotations

RTSP_PORTS = (554, 8554)
RTSP_PATHS = (
    "/Streaming/Channels/101",
    "/cam/realmonitor?channel=1&subtype=0",
    "/h264Preview_01_main",
    "/stream1",
    "/media/video1",
    "/videoMain",
    "/h264/ch1/main/av_stream",
    "/axis-media/media.amp",
    "/onvif1",
    "/live/ch00_0",
    "/live",
    "/main",
    "/profile1",
    "/h264",
    "/mjpeg",
    "/11",
    "/",
)
WEB_PORTS = (80, 8080, 8081)
WEB_PATHS = (
    "/stream",
    "/video",
    "/mjpg/video.mjpg",
    "/axis-cgi/mjpg/video.cgi",
    "/cgi-bin/mjpg/video.cgi?channel=1&subtype=1",
    "/ISAPI/Streaming/channels/102/picture",
    "/videostream.cgi",
    "/video.cgi",
    "/?action=stream",
    "/mjpeg",
    "/snapshot.jpg",
    "/image.jpg",
    "/cgi-bin/snapshot.cgi",
    "/capture",
    "/",
)
