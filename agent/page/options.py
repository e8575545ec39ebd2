"""What the page gets at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Where it is served, who may log in, and where things are kept.

    Attributes:
        bind, port: the address; port 0: any free one.
        token: logs in, or comes with each request.
        user: logs in with the password of `password_hash`.
        one_time_token: logs in once.
        https: everybody comes through TLS: the cookie is never sent without.
        proxies: addresses whose connections are many people's.
        ingress: the supervisor of Home Assistant may pass its users on.
        state_dir: of the agent.
        store: path of the image store; None: there is none.
        broker_port: of the broker that the agent uses: in the demo, of the demo's own.
    """

    bind: str
    port: int
    state_dir: Path
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    one_time_token: str | None = field(default=None, repr=False)
    https: bool = False
    proxies: tuple[str, ...] = ()
    ingress: bool = False
    store: Path | None = None
    agent: str = ""
    broker_port: int = 0
