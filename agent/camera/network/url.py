"""URLs of cameras: host and port, and what is wrong with one, without repeating it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from agent.core.errors import ConfigError

_LAST_PORT = 65535
#: Bounds what is sent as a request; what is longer is no address of a camera.
_LONGEST = 8192
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}  # RTSP's as FFmpeg has them
WEB, _RTSP = ("http", "https"), ("rtsp", "rtsps")
#: RTSP whose packets come over UDP, or all of it through HTTP (names and port as GStreamer's).
_OTHER_WAYS = {"rtspu": 554, "rtsph": 80}
#: What an RTSP source has to look like: for messages.
RTSP_FORM = "rtsp://HOST[:PORT]/PATH, see docs/reference/cameras.md"
#: Of RFC 3986 and what is escaped already; everything else is escaped here.
_KEPT = "!#$%&'()*+,/:;=?@[]~"


class Target(NamedTuple):
    """Where a request goes, with nothing of user and password in it."""

    scheme: str
    host: str  # ASCII, in small letters, IPv6 without brackets
    port: int
    path: str  # with the query, as it is sent

    @property
    def authority(self) -> str:
        """As the field `Host` has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def split_url(url: str, form: str) -> tuple[SplitResult, str, int | None]:
    """The URL's parts, its host (IPv6 without brackets) and its port where it has one.

    Args:
        url: as configured.
        form: how such an URL is written, for the message.

    Raises:
        ConfigError: no host, or a port that is none. The text has nothing of the URL in it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(f"camera source: cannot be read{_escape(url)}; expected {form}") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        words = f"the port is no number from 1 to {_LAST_PORT}{_escape(url)}"
        raise ConfigError(f"camera source: {words}; expected {form}")
    if not parts.hostname or any(c.isspace() for c in parts.hostname):
        raise ConfigError(f"camera source: no host{_escape(url)}; expected {form}")
    return parts, parts.hostname, port


def rtsp_target_of(parts: SplitResult, host: str, port: int | None) -> Target:
    """Where a camera's RTSP URL leads, with its path as it was written.

    Args:
        parts: as of `split_url`.
        host: likewise.
        port: likewise.
    """
    scheme = parts.scheme.lower()
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    if scheme in _OTHER_WAYS:
        return Target("rtsp", host.lower(), port or _OTHER_WAYS[scheme], path)
    return Target(scheme, host.lower(), port or PORTS[scheme], path)


def target_of(url: str, schemes: Collection[str] = WEB) -> Target:
    """Where a request for that URL goes.

    Args:
        url: of HTTP, or of RTSP.
        schemes: those that it may have.

    Raises:
        ValueError: it is no such URL. The text has nothing of it in it.
    """
    if len(url) > _LONGEST or any(unicodedata.category(c) == "Cc" for c in url):
        raise ValueError("it is too long, or has a character that none has")
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), _host(parts.hostname or "")
        usual = {name: PORTS[name] for name in schemes}[scheme]
        port = parts.port or usual
        query = f"?{parts.query}" if parts.query else ""
        path = quote((parts.path or "/") + query, _KEPT)
    except (ValueError, KeyError):  # UnicodeError is one
        raise ValueError("it has a wrong scheme, host, port or character") from None
    return Target(scheme, host, port, path)


def joined(base: Target, location: str) -> Target:
    """Where a camera sends us that answers so.

    Args:
        base: what was asked.
        location: its field `Location`, of which each character stands for a byte.

    Raises:
        ValueError: that is no URL of the same kind, HTTP or RTSP.
    """
    raw = location.encode("latin-1", "replace")
    if len(raw) > _LONGEST or any(byte < 0x20 or byte == 0x7F for byte in raw):
        raise ValueError("it is too long, or has a character that none has")
    asked = f"{base.scheme}://{base.authority}{base.path}"
    schemes = WEB if base.scheme in WEB else _RTSP
    return target_of(urljoin(asked, raw.decode("utf-8", "replace")), schemes)


def _host(name: str) -> str:
    """The host as it is looked up and asked for."""
    if not name or any(c.isspace() for c in name):
        raise ValueError("no host")
    if ":" in name:  # IPv6
        return name
    labels = [_label(label) for label in name.lower().split(".")]
    return ".".join(labels)


def _label(label: str) -> str:
    if label.startswith("xn--"):
        label.encode("ascii").decode("idna")
        return label
    if label.isascii():
        if any(c in '%<>"\\^`{|}' for c in label):
            raise ValueError("no host")
        return label  # what is too long or empty is not found, and so told
    if any(unicodedata.category(c)[0] not in "LMN" and c not in "-_" for c in label):
        raise ValueError("no host")
    return label.encode("idna").decode("ascii")


def _escape(url: str) -> str:
    """What helps where the password ends the host before its time."""
    rest = url.partition("://")[2]
    netloc = min((rest.partition(end)[0] for end in "/?#"), key=len)
    if "@" in rest.removeprefix(netloc) or "[" in netloc.rpartition("@")[0]:
        return "; in user and password write # as %23, ? as %3F, / as %2F, [ as %5B"
    return ""
