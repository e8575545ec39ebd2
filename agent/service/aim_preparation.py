"""What takes long of an aim, outside the main thread: its mask is read, its areas are tried.

A mask with many zones takes some tenths of a second, in which no other camera's event would begin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agent.core.errors import ConfigError
from agent.page.bridge import AimOrder
from agent.runtime.clock import Clock
from agent.runtime.worker import Worker
from agent.service.aiming import Aiming, Applied
from agent.vision.zones import View, view_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An aim that can be put in force immediately.

    Attributes:
        order: what was asked for.
        before: what it was tried with: it holds for nothing else.
        aiming, applied: with it.
        view: of its camera.
        error: why it cannot be; the others are as before then.
    """

    order: AimOrder
    before: Applied
    aiming: Aiming
    applied: Applied
    view: View | None = field(default=None, repr=False)
    error: str | None = None


class Preparation:
    """One aim at a time, in a thread of its own; belongs to the main thread.

    Args:
        clock: the time.
        wake: called in that thread, when an aim is ready.
    """

    def __init__(self, clock: Clock, wake: Callable[[], object]) -> None:
        self._clock = clock
        self._wake = wake
        self._ready: Prepared | None = None
        self.busy = False

    def begin(self, order: AimOrder, aiming: Aiming, applied: Applied, utc: datetime) -> None:
        """Starts to prepare it; nothing may be under way."""
        self.busy = True

        def run(_worker: Worker) -> None:
            """Never raises."""
            self._ready = _prepared(order, aiming, applied, utc)
            self._wake()

        Worker("aim", run, self._clock, _ignore).start()

    def take(self) -> Prepared | None:
        """What is ready, once."""
        ready, self._ready = self._ready, None
        if ready is not None:
            self.busy = False
        return ready


def _prepared(order: AimOrder, aiming: Aiming, before: Applied, utc: datetime) -> Prepared:
    camera = order.page_camera
    try:
        other = aiming.with_aim(camera, order.aim, order.mask, utc)
        applied = other.applied(before.given, before)
        if why := applied.troubles.get(camera):
            raise ConfigError(why)  # noqa: TRY301  one answer
        fitted = applied.fitted.get(camera)
        view = None if fitted is None else fitted.view
        config = applied.loaded.config.cameras[camera]
        return Prepared(order, before, other, applied, view or view_of(camera, config))
    except ConfigError as error:
        return Prepared(order, before, aiming, before, error=str(error))
    except Exception:
        log.exception("page: an aim of camera %s", camera)
        return Prepared(order, before, aiming, before, error="that failed: the log says why")


def _ignore(_name: str, _error: BaseException) -> None:
    """`run` never raises."""
