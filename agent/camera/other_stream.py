"""Where cameras usually have their other stream: the small one of the main one. Pure.

The table is what makers and installers write of their paths; a camera may have another one. Where
a pair comes from stands above it; `known` is what cameras of the kind are widely used with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Schemes of RTSP, over any transport.
SCHEMES = frozenset({"rtsp", "rtsps", "rtspu", "rtsph"})


@dataclass(frozen=True, slots=True)
class Pair:
    """The two paths of one kind of camera.

    Attributes:
        kind: whose cameras have them.
        main: pattern of the main stream's path, with what is kept in groups.
        sub: the same of the small one's.
        to_sub: the small one's path, with the groups of `main`.
        to_main: the main one's, with the groups of `sub`.
        sure: the path tells whose camera it is; else a camera is asked before anything is said.
    """

    kind: str
    main: str
    sub: str
    to_sub: str
    to_main: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Other:
    """A camera's other stream: its path, and whether it is the main one."""

    kind: str
    path: str
    main: bool
    sure: bool = True


#: A stream of a relay, which has the name that somebody gave it.
_NAME = r"(/[\w-]+(?<![-_]sub))"
#: An NVR's channels have their number in the path; the streams of one channel belong together.
PAIRS = (
    # supportusa.hikvision.com, "format for getting a rtsp stream", article 17000129022
    Pair(
        "Hikvision",
        r"(?i)(/Streaming/Channels/\d+)01(.*)",
        r"(?i)(/Streaming/Channels/\d+)02(.*)",
        r"\g<1>02\g<2>",
        r"\g<1>01\g<2>",
    ),
    # cnblogs.com/lidabo/p/4103227.html: older ones
    Pair(
        "Hikvision",
        r"(/[\w-]+/ch\d+)/main/(av_stream.*)",
        r"(/[\w-]+/ch\d+)/sub/(av_stream.*)",
        r"\1/sub/\2",
        r"\1/main/\2",
    ),
    # the same page; Amcrest, Lorex and others are made by Dahua (known)
    Pair(
        "Dahua",
        r"(/cam/realmonitor\?.*subtype=)0(.*)",
        r"(/cam/realmonitor\?.*subtype=)[12](.*)",
        r"\g<1>1\g<2>",
        r"\g<1>0\g<2>",
    ),
    # blog.router-switch.com 2020/10, "RTSP formats of hot brands network cameras"
    Pair(
        "Uniview",
        r"(/(?:media/)?video)1(/?)",
        r"(/(?:media/)?video)2(/?)",
        r"\g<1>2\g<2>",
        r"\g<1>1\g<2>",
    ),
    # avycon.freshdesk.com, articles 36000328602 and 36000299004
    Pair("Avycon", r"/main()", r"/sub()", r"/sub\1", r"/main\1"),
    Pair("Avycon", r"/profile1()", r"/profile2()", r"/profile2\1", r"/profile1\1"),
    # support.reolink.com, article 900000630706: Preview_, and with h264 or h265 before it
    Pair(
        "Reolink",
        r"(/(?:h26[45])?Preview_\d+_)main(.*)",
        r"(/(?:h26[45])?Preview_\d+_)sub(.*)",
        r"\1sub\2",
        r"\1main\2",
    ),
    # github.com/orgs/GuardianEye-Official/discussions/14; stream1 also actutana.com/?p=97300
    Pair("TP-Link", r"/stream1()", r"/stream2()", r"/stream2\1", r"/stream1\1"),
    # known
    Pair("Foscam", r"/videoMain()", r"/videoSub()", r"/videoSub\1", r"/videoMain\1"),
    Pair("Sricam", r"/11()", r"/12()", r"/12\1", r"/11\1"),
    # VAPIX 3, "Video Streaming API", 5.5: the size is asked for
    Pair(
        "Axis",
        r"(/axis-media/media\.amp)",
        r"(/axis-media/media\.amp)\?resolution=640x360",
        r"\1?resolution=640x360",
        r"\1",
    ),
    # user's manual of the IZ9361-EH, 8.13: network_rtsp_s0_accessname
    Pair("Vivotek", r"(/live\d+)s1\.sdp", r"(/live\d+)s2\.sdp", r"\1s2.sdp", r"\1s1.sdp"),
    # github.com/alienatedsec/yi-hack-v5/wiki/Integrating-with-Frigate
    Pair("yi-hack", r"/ch0_0\.h264()", r"/ch0_1\.h264()", r"/ch0_1.h264\1", r"/ch0_0.h264\1"),
    # serwer.merx.pl, "API AI (4K-DVRMX)", Stream > Rtsp Url
    Pair(
        "4K-DVRMX",
        r"(/rtsp/streaming\?.*subtype=)0(.*)",
        r"(/rtsp/streaming\?.*subtype=)[12](.*)",
        r"\g<1>1\g<2>",
        r"\g<1>0\g<2>",
    ),
    # support.amlinksecurity.com, article 44398436425101
    Pair(
        "Amlink",
        r"(/video/livemedia\?.*Streamtype=)0(.*)",
        r"(/video/livemedia\?.*Streamtype=)1(.*)",
        r"\g<1>1\g<2>",
        r"\g<1>0\g<2>",
    ),
    # github.com/mrlt8/docker-wyze-bridge/wiki/Camera-Substreams; any name may be a camera's
    Pair("Wyze bridge", _NAME, r"(/[\w-]+)-sub", r"\1-sub", r"\1", sure=False),
    # the names that people give their streams in go2rtc and Frigate (known)
    Pair("go2rtc", _NAME, r"(/[\w-]+)_sub", r"\1_sub", r"\1", sure=False),
)


def other_stream(url: str) -> Other | None:
    """Where the camera's other stream usually is; None: its path is not in the table.

    Args:
        url: of RTSP, over any transport. The result contains no user and no password.
    """
    return next((it for it in other_streams(url) if it.sure), None)


def other_streams(url: str) -> list[Other]:
    """Where it may be, the likeliest first: for code that asks the camera; see `other_stream`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    if parts.scheme.lower() not in SCHEMES:
        return []
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    found: dict[str, Other] = {}  # by path: makers share them
    for pair in PAIRS:
        if (main := re.fullmatch(pair.main, path)) is not None:
            other = Other(pair.kind, main.expand(pair.to_sub), main=False, sure=pair.sure)
        elif (sub := re.fullmatch(pair.sub, path)) is not None:
            other = Other(pair.kind, sub.expand(pair.to_main), main=True, sure=pair.sure)
        else:
            continue
        found.setdefault(other.path, other)
    return list(found.values())
