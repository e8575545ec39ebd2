"""What an `hk://` URL says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from agent.camera.hk.dialects import Dialect
from agent.camera.hk.discovery_packets import DISCOVERY_PORT
from agent.camera.hk.packets import AckMode
from agent.camera.hk.packets2 import is_id
from agent.camera.network.url import split_url
from agent.core.errors import ConfigError

SCHEME = "hk"

#: Where the seed camera listens (proven).
DEFAULT_PORT = 5000

FORM = "hk://HOST[:PORT][?ack=legacy|counter][&dialect=1|2][&id=ID]"


@dataclass(frozen=True, slots=True)
class HkAddress:
    """Where a camera is, and how to speak with it.

    Attributes:
        host: IPv6 without brackets.
        port: UDP port of its session.
        ack: which numbers its acknowledgements carry.
        dialect: the only one that is tried; None: what the camera answers.
        hkid: its id, wanted by the second dialect; None: it is asked for.
        discovery_port: where it is asked; another one in tests only.
    """

    host: str
    port: int = DEFAULT_PORT
    ack: AckMode = AckMode.LEGACY
    dialect: Dialect | None = None
    hkid: str | None = None
    discovery_port: int = DISCOVERY_PORT


def parse_hk_url(url: str) -> HkAddress:
    """The address in an URL of the form `FORM`; IPv6 hosts stand in brackets.

    Raises:
        ConfigError: says which part is wrong and what is allowed.
    """
    parts, host, port = split_url(url, FORM)
    if parts.scheme != SCHEME:
        raise ConfigError(f"camera source: not an {SCHEME}:// URL; expected {FORM}")
    if parts.username is not None:
        raise ConfigError(f"camera source: no user belongs here; expected {FORM}")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ConfigError(f"camera source: no path or fragment here; expected {FORM}")
    options = _options(parts.query)
    return HkAddress(
        unquote(host),
        port or DEFAULT_PORT,
        AckMode(options.get("ack", AckMode.LEGACY)),
        Dialect(options["dialect"]) if "dialect" in options else None,
        options.get("id"),
    )


def _options(query: str) -> dict[str, str]:
    allowed: dict[str, list[str]] = {"ack": [*AckMode], "dialect": [*Dialect]}
    options = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in allowed and value not in allowed[key]:
            raise ConfigError(
                f"camera source: not what {key} can be; allowed: {', '.join(allowed[key])}"
            )
        if key == "id" and not is_id(value):
            raise ConfigError("camera source: not the form of an id; see `discover` for the id")
        if key not in {*allowed, "id"}:
            raise ConfigError(
                f"camera source: unknown option {key[:20]!r}; known: ack, dialect, id"
            )
        options[key] = value
    return options
