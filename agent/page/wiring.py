"""Makes the page out of the configuration; loads aiohttp and jinja2 only where there is a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.core.errors import ConfigError
from agent.page import passwords
from agent.page.bridge import Bridge
from agent.page.options import PageOptions
from agent.runtime.clock import Clock
from agent.runtime.extras import how_to_get
from agent.runtime.redaction import hide
from schemas.config import Config
from schemas.page_config import PageConfig
from schemas.topics import AgentTopics

if TYPE_CHECKING:
    from agent.page.server import PageWorker


def build_page(
    config: Config,
    topics: AgentTopics,
    state_dir: Path,
    bridge: Bridge,
    clock: Clock,
    token: str | None,
    password: str | None,
) -> PageWorker:
    """The page; nothing runs yet.

    Args:
        config: with `page:`.
        topics: of the agent.
        state_dir: where marks are kept.
        bridge: where page and main thread meet.
        clock: the time.
        token: out of the configuration, or of its file.
        password: the same; as text or as hash.

    Raises:
        ConfigError: its libraries are not installed.
    """
    try:
        from agent.page.server import PageWorker
    except ImportError as error:
        raise ConfigError(f"page: {error}: {how_to_get('page')}") from None
    page = config.page or PageConfig(ingress=True)
    once = page.one_time_token.get_secret_value() if page.one_time_token else None
    if once is not None:
        hide(once)
    options = PageOptions(
        bind=page.bind,
        port=page.port,
        state_dir=state_dir,
        token=token,
        user=page.user,
        password_hash=_hash_of(password),
        one_time_token=once,
        https=page.https,
        proxies=tuple(map(str, page.proxies)),
        ingress=page.ingress,
        store=None if config.store is None else config.store.path,
        agent=topics.agent_id,
        broker_port=config.mqtt.port,
    )
    return PageWorker(options, bridge, clock)


def _hash_of(password: str | None) -> str | None:
    """Only the hash stays in memory."""
    if password is None or passwords.is_hash(password):
        return password
    return passwords.hashed(password)
