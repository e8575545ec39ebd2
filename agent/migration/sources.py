"""Addresses of cameras in other programs, as sources of ours. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

#: Scheme there -> scheme here.
_SCHEMES = {
    "rtsp": "rtsp",
    "rtsps": "rtsps",
    "http": "http",
    "https": "https",
    "mjpeg": "http",
    "mjpg": "http",
    "jpeg": "http",
    "jpg": "http",
    "rtspx": "rtsps",
}
_REASONS = {
    "rtmp": "RTMP cameras are not supported; most offer RTSP, too",
    "ftp": "pictures that a camera sends by FTP are not fetched",
    "webrtc": "WebRTC cameras are not supported; most offer RTSP, too",
    "onvif": "the agent does not ask ONVIF; write the camera's RTSP address",
}


class NoSource(ValueError):
    """The address cannot be carried over; the text says why, without the address."""


def network_source(url: str, login: str | None = None) -> str:
    """The address of a network camera, with its user and password.

    Args:
        url: of the other program.
        login: `user:password`, as it is or percent-encoded; the address's own one wins.

    Raises:
        NoSource: we have no such source.
    """
    scheme, mark, rest = url.strip().partition("://")
    scheme = scheme.lower()
    if scheme == "file" and mark:
        return f"file:{quote(rest)}"
    if scheme not in _SCHEMES or not mark:
        words = f"a source of the kind `{scheme[:20]}` is not supported"
        raise NoSource(_REASONS.get(scheme, words if mark else "is no address with a scheme"))
    host, slash, path = rest.partition("/")
    own, at, host = host.rpartition("@")
    own = own.replace("#", "%23")  # it would end the address
    if login and not at:
        user, _, password = login.partition(":")
        own, at = f"{_encoded(user)}:{_encoded(password)}", "@"
    try:
        urlsplit(f"{_SCHEMES[scheme]}://{host}").port  # noqa: B018  raises
    except ValueError:
        raise NoSource("its port or host is none") from None
    if not host:
        raise NoSource("has no host")
    return f"{_SCHEMES[scheme]}://{own}{at}{host}{slash}{path}"


def _encoded(text: str) -> str:
    """Percent-encoded, once: some programs keep it so already."""
    return quote(unquote(text) if re.search(r"%[0-9A-Fa-f]{2}", text) else text, safe="")


def device_source(device: str) -> str:
    """A USB camera: `/dev/video0`."""
    return f"v4l2:{device}"
