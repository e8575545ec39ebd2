"""The part of the composition root that changes cameras while the agent runs.

A configuration that was read again, and what was drawn on the page, go the same way: the cameras
that are others now are built first, then the old ones are stopped, then the new ones start.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.config.check import checked
from agent.config.diff import Changes, changes_between, with_cameras_of
from agent.config.loader import Loaded
from agent.core.cameras import change_cameras
from agent.core.effects import Effect
from agent.core.errors import ConfigError
from agent.core.state import AgentNow, CameraSetup, Now
from agent.page.desk import AimOrder, Inbound
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.service.aiming import Aiming, Applied, scenes
from agent.service.camera_wiring import CameraParts, Ears, build_camera
from agent.service.discovery_publisher import Discovery
from agent.service.effects import Performer, order_boxes
from agent.service.startup import camera_setups
from agent.service.supervisor import Crew
from agent.service.wiring import Parts, announced, views_of
from schemas.config import Config
from schemas.messages import Outgoing
from schemas.topics import AgentTopics

log = logging.getLogger(__name__)

#: Docker kills 10 s after SIGTERM: everything has to be closed before that.
STOP_WITHIN = 7.5


class CameraChanges:
    """What `agent.service.app.App` is, as far as its cameras change; `App` sets all of this up.

    Attributes:
        _applied: the configuration as file and environment have it, and with what was drawn on
            the page.
        _config: as it is in force.
        _changing: a change is under way: no other one may begin within it.
    """

    _clock: Clock
    _file: Path | None
    _applied: Applied
    _config: Config
    _aiming: Aiming
    _changing: bool
    _state: AgentNow
    _parts: Parts
    _crew: Crew
    _cameras: dict[str, CameraParts]
    _performer: Performer
    _topics: AgentTopics
    _state_dir: Path
    _inbox: Mailbox[Inbound]
    _last_seq: dict[tuple[str, str], int]

    def _now(self) -> Now:
        return Now(self._clock.monotonic(), self._clock.utc())

    def _drain(self) -> None:
        """Takes all that the owners have said until now."""
        raise NotImplementedError

    def _say(self, message: Outgoing) -> None:
        """To the broker, but for the answers to the page's own orders."""
        if self._parts.desk is None or not self._parts.desk.takes(message):
            self._parts.outbox.put(message)

    def _tell_page(self) -> None:
        """Which cameras there are, and how everything is."""
        if (desk := self._parts.desk) is not None:
            parts, utc = self._cameras.values(), self._clock.utc()
            desk.scenes = scenes(self._applied, self._config, parts, desk.scenes, utc)
            desk.now.put(self._state)

    def _reload(self) -> None:
        """Takes over the cameras of the file as it is now, or nothing at all."""
        self._changing = True
        try:
            given = checked(self._file, os.environ)
            applied = self._aiming.applied(given)
            self._take_over(applied.loaded)
            self._applied = applied
        except ConfigError as error:
            log.error("configuration: nothing is taken over: %s", error)  # noqa: TRY400  the fact is enough
        finally:
            self._changing = False
        self._tell_page()

    def _aim(self, order: AimOrder) -> None:
        """Puts in force what was drawn on the page, or gives a camera back to the configuration."""
        if self._changing:  # it came while the cameras of another change are being stopped
            self._answer_aim(order, "another change is under way: try again")
            return
        self._changing = True
        try:
            if order.page_camera not in self._state.cameras:
                raise ConfigError("no such camera")  # noqa: TRY301  one answer
            self._put_in_force(order)
        except ConfigError as error:
            self._answer_aim(order, str(error))
        else:
            self._answer_aim(order, None)
        finally:
            self._changing = False

    def _put_in_force(self, order: AimOrder) -> None:
        """Keeps an aim, then takes it over: what cannot be kept would be gone with a restart.

        Raises:
            ConfigError: it does not fit, or cannot be kept; nothing is changed then.
        """
        camera, utc = order.page_camera, self._clock.utc()
        aiming = self._aiming.with_aim(camera, order.aim, order.mask, utc)
        applied = aiming.applied(self._applied.given, self._applied)
        if why := applied.troubles.get(camera):
            raise ConfigError(why)
        aiming.keep()
        try:
            self._take_over(applied.loaded)
        except ConfigError:
            self._aiming.keep()
            raise
        self._aiming, self._applied = aiming, applied
        aiming.tidy()

    def _answer_aim(self, order: AimOrder, error: str | None) -> None:
        self._tell_page()
        if self._parts.desk is not None:
            self._parts.desk.answer_aim(order, error)

    def _take_over(self, new: Loaded) -> None:
        """Begins the cameras anew that are others now.

        Raises:
            ConfigError: one of them cannot be built; nothing is changed then.
        """
        change = changes_between(self._config, new.config)
        config = with_cameras_of(self._config, new.config)
        setups = camera_setups(Loaded(config, new.file, new.origins))
        built = self._build(config, setups, change)
        log.info("configuration: read again: %s", change.text)
        if change.elsewhere:
            log.warning("configuration: needs a restart: %s", ", ".join(change.elsewhere))
        self._config = config
        if not change.renewed and not change.ended:
            return
        self._end_cameras(change.ended)
        self._cameras = {name: built.get(name) or self._cameras[name] for name in config.cameras}
        self._performer = replace(
            self._performer,
            **order_boxes(self._cameras.values()),
            discovery=Discovery(announced(self._config, self._topics), self._state_dir),
        )
        if self._parts.store is not None:
            self._parts.store.cameras = tuple(config.cameras)
        if self._parts.reoffer is not None:
            self._parts.reoffer.views = views_of(self._cameras.values())
        self._state, effects = self._changed(setups, change)
        self._performer.perform(effects)
        for name in change.renewed:
            self._start_camera(built[name])

    def _build(
        self, config: Config, setups: tuple[CameraSetup, ...], change: Changes
    ) -> dict[str, CameraParts]:
        """Parts of the cameras that begin anew; raises before anything else is touched."""
        after, _ = self._changed(setups, change)
        return {
            name: build_camera(
                name,
                config,
                after.cameras[name].vision_settings(),
                self._parts.spool,
                self._inbox.put,
                self._clock,
                self._parts.memory.share(self._clock),
                Ears(self._parts.asked, self._parts.desk),
            )
            for name in change.renewed
        }

    def _changed(
        self, setups: tuple[CameraSetup, ...], change: Changes
    ) -> tuple[AgentNow, list[Effect]]:
        return change_cameras(self._state, setups, change.renewed, self._last_seq, self._now())

    def _end_cameras(self, names: Sequence[str]) -> None:
        """Stops their threads, hears what they still had to say, and forgets them."""
        deadline = self._clock.monotonic() + STOP_WITHIN
        left = self._crew.stop_cameras([self._cameras[name] for name in names], deadline)
        if left:
            log.warning("configuration: still busy, left alone: %s", ", ".join(left))
        for name in names:
            self._cameras[name].silence()
        self._drain()
        for name in names:
            camera = self._state.cameras[name]
            self._last_seq[name, "motion"] = camera.motion_seq
            self._last_seq[name, "recording"] = camera.recording_seq
            self._crew.forget(self._cameras[name].bodies())

    def _start_camera(self, camera: CameraParts) -> None:
        if camera.source is None:
            self._inbox.put(camera.disabled(self._clock.monotonic()))
        for worker in self._crew.add(camera.bodies()):
            worker.start()
