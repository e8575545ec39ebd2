"""What an `hk://` URL says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from agent.camera.hk.dialects import Dialect
from agent.camera.hk.localdata import DISCOVERY_PORT
from agent.camera.hk.packets import AckMode
from agent.camera.hk.packets2 import is_id
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
    options = _options(url, parts.query)
    return HkAddress(
        unquote(parts.hostname),
        port,
        AckMode(options.get("ack", AckMode.LEGACY)),
        Dialect(options["dialect"]) if "dialect" in options else None,
        options.get("id"),
    )


def _options(url: str, query: str) -> dict[str, str]:
    allowed: dict[str, list[str]] = {"ack": [*AckMode], "dialect": [*Dialect]}
    options = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in allowed and value not in allowed[key]:
            raise ConfigError(
                f"camera source {url!r}: {key}={value!r}; allowed: {', '.join(allowed[key])}"
            )
        if key == "id" and not is_id(value):
            raise ConfigError(f"camera source {url!r}: id={value!r}; see `discover` for the id")
        if key not in {*allowed, "id"}:
            raise ConfigError(
                f"camera source {url!r}: unknown option {key!r}; known: ack, dialect, id"
            )
        options[key] = value
    return options
