"""What an `hk://` URL says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from agent.camera.hk.packets import AckMode
from agent.core.errors import ConfigError

SCHEME = "hk"

#: Where the seed camera listens (proven).
DEFAULT_PORT = 5000

FORM = "hk://HOST[:PORT][?ack=legacy|counter]"


@dataclass(frozen=True, slots=True)
class HkAddress:
    """Where a camera is: host (IPv6 without brackets), UDP port, and its `ack` mode."""

    host: str
    port: int = DEFAULT_PORT
    ack: AckMode = AckMode.LEGACY


def parse_hk_url(url: str) -> HkAddress:
    """The address in `hk://HOST[:PORT][?ack=legacy|counter]`; IPv6 hosts stand in brackets.

    Raises:
        ConfigError: says which part is wrong and what is allowed.
    """
    try:
        parts = urlsplit(url)
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise ConfigError(f"camera source {url!r}: {error}; expected {FORM}") from error
    if parts.scheme != SCHEME:
        raise ConfigError(f"camera source {url!r}: not an {SCHEME}:// URL; expected {FORM}")
    if not parts.hostname or any(c.isspace() for c in parts.hostname):
        raise ConfigError(f"camera source {url!r}: no host; expected {FORM}")
    if port == 0:
        raise ConfigError(f"camera source {url!r}: port 0 is none; expected 1 to 65535")
    if parts.username is not None:  # the URL is not repeated: it may hold a password
        raise ConfigError(f"camera source {SCHEME}://...: no user belongs here; expected {FORM}")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ConfigError(f"camera source {url!r}: no path or fragment here; expected {FORM}")
    return HkAddress(unquote(parts.hostname), port, _ack_mode(url, parts.query))


def _ack_mode(url: str, query: str) -> AckMode:
    mode = AckMode.LEGACY
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key != "ack":
            raise ConfigError(f"camera source {url!r}: unknown option {key!r}; known: ack")
        if value not in list(AckMode):
            raise ConfigError(
                f"camera source {url!r}: ack={value!r}; allowed: {', '.join(AckMode)}"
            )
        mode = AckMode(value)
    return mode
