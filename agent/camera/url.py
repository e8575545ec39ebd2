"""Host and port of a camera's URL, and what is wrong with one, without repeating it. Pure."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from agent.core.errors import ConfigError

_LAST_PORT = 65535


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


def _escape(url: str) -> str:
    """What helps where the password ends the host before its time."""
    rest = url.partition("://")[2]
    netloc = min((rest.partition(end)[0] for end in "/?#"), key=len)
    if "@" in rest.removeprefix(netloc) or "[" in netloc.rpartition("@")[0]:
        return "; in user and password write # as %23, ? as %3F, / as %2F, [ as %5B"
    return ""
