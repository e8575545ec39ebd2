"""From where a sound may be fetched. Pure.

A message at the broker names the URL. So anybody who may publish there could make the agent ask
addresses that they cannot reach themselves. Four rules bound that:

- What comes back is only played, never repeated.
- No redirect is followed.
- This machine and link-local addresses (the metadata service of a cloud) are refused.
- `beep.play_from` names the only hosts.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: The code of a sound that could not be fetched.
UNAVAILABLE = "sound_unavailable"

#: IPv6 addresses that stand for an IPv4 one (RFC 6052, 3056, 4380): no way around the rules.
_DISGUISED = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "2002::/16", "2001::/32", "::/96")
)


class NotFetched(ValueError):
    """The sound is not fetched; the text says why, without what a URL may hold of secrets."""


@dataclass(frozen=True, slots=True)
class Place:
    """A URL in its parts; `target` is what is asked for, path and query."""

    secure: bool
    host: str
    port: int
    target: str
    named: bool = False  # `beep.play_from` names the host: any address of it will do

    @property
    def authority(self) -> str:
        """As the request names the host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def place_of(url: str, play_from: tuple[str, ...] | None) -> Place:
    """Where the URL leads.

    Args:
        url: as it was sent.
        play_from: the only hosts, in small letters; None: any.

    Raises:
        NotFetched: it is no URL, or of a host that is not allowed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise NotFetched("the url has a host or a port that is none") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise NotFetched("the url must be http://HOST/... or https://HOST/...")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise NotFetched("the url has characters that must be written as %XX")
    if "@" in parts.netloc:
        raise NotFetched("the url has a user or a password in it: put a token into its path")
    if play_from is not None and host not in play_from:
        allowed = ", ".join(play_from) or "none"
        raise NotFetched(f"beep.play_from does not name the host {host[:60]}; allowed: {allowed}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme == "https"
    number = (443 if secure else 80) if port is None else port
    return Place(secure, host, number, target, named=play_from is not None)


def refusal_of(address: str) -> str | None:
    """Why the agent asks nobody at this address, unless the operator names the host; None: it may.

    Args:
        address: numeric, perhaps with a zone (`fe80::1%eth0`).
    """
    found: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif int(found) > 1 and any(found in net for net in _DISGUISED):
            return "an address that stands for another one"
    if found.is_loopback or found.is_unspecified:
        return "this machine"
    if found.is_link_local:
        return "a link-local address"
    if found.is_multicast or found == ipaddress.IPv4Address("255.255.255.255"):
        return "an address of many"
    if found.is_reserved:
        return "a reserved address"
    return None
