"""What every camera source looks like from outside, and which URL scheme picks which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.camera.hk import address as hk_address
from agent.camera.hk.source import HkSource
from agent.core.errors import ConfigError
from agent.core.frame import Frame
from agent.core.messages import CameraState, CameraStats, RestartSession
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker


class FrameSource(Protocol):
    """A camera: the body of a thread that calls `on_frame` and `on_state` until it is stopped."""

    @property
    def stats(self) -> CameraStats:
        """The counters of now; a new object each time they change."""
        ...

    def run(self, worker: Worker) -> None:
        """Opens sessions and delivers frames until `worker.stop` is set; beats meanwhile."""
        ...


#: How a source is made: camera's id, its URL, clock, on_frame, on_state, orders.
Maker = Callable[
    [
        str,
        str,
        Clock,
        Callable[[Frame], None],
        Callable[[CameraState], None],
        Mailbox[RestartSession],
    ],
    FrameSource,
]


def _hk_source(
    camera_id: str,
    url: str,
    clock: Clock,
    on_frame: Callable[[Frame], None],
    on_state: Callable[[CameraState], None],
    orders: Mailbox[RestartSession],
) -> FrameSource:
    address = hk_address.parse_hk_url(url)
    return HkSource(camera_id, address, clock, on_frame, on_state, orders)


#: A further kind of camera adds its scheme here.
MAKERS: dict[str, Maker] = {hk_address.SCHEME: _hk_source}


def source_for(
    url: str,
    camera_id: str,
    clock: Clock,
    on_frame: Callable[[Frame], None],
    on_state: Callable[[CameraState], None],
    orders: Mailbox[RestartSession],
) -> FrameSource:
    """The source that the URL's scheme stands for; nothing is opened yet.

    Raises:
        ConfigError: the scheme is unknown (the text names the known ones), or the URL is wrong.
    """
    scheme, colon, _ = url.partition(":")
    maker = MAKERS.get(scheme.lower()) if colon else None
    if maker is None:
        known = ", ".join(f"{name}:" for name in sorted(MAKERS))
        raise ConfigError(f"camera source: scheme {scheme[:32]!r} is unknown; known: {known}")
    return maker(camera_id, url, clock, on_frame, on_state, orders)
