"""What Home Assistant shows of a device apart from its entities: kind, address, page."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlsplit

from schemas.page_config import PageConfig

#: Kind of a camera by the scheme of its source.
_KINDS = {
    "hk": "UDP camera",
    "rtsp": "RTSP camera",
    "rtsps": "RTSP camera",
    "rtspu": "RTSP camera",
    "rtsph": "RTSP camera",
    "http": "HTTP camera",
    "https": "HTTP camera",
    "rpicam": "Raspberry Pi camera",
    "v4l2": "USB camera",
    "exec": "Program",
    "file": "File",
    "demo": "Demo",
}
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not bound
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def kind_of_camera(source: str) -> str:
    """What people call a camera with this source."""
    return _KINDS.get(source.partition(":")[0].lower(), "Camera")


def address_of_camera(source: str) -> str | None:
    """Host and port of a camera, without user and password; None: it has none."""
    if source.startswith("v4l2:"):
        return source.removeprefix("v4l2:")
    with suppress(ValueError):
        parts = urlsplit(source)
        if parts.hostname:
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            return host if parts.port is None else f"{host}:{parts.port}"
    return None


def page_address(page: PageConfig | None) -> str | None:
    """Where browsers of other machines reach the page; None: nowhere, or nobody knows."""
    if page is None:
        return None
    if page.url is not None:
        return page.url.rstrip("/") + "/"
    if page.https or page.ingress or page.bind in _LOOPBACK:
        return None
    host = f"{socket.gethostname()}.local" if page.bind in _EVERYWHERE else page.bind
    return f"http://{f'[{host}]' if ':' in host else host}:{page.port}/"
