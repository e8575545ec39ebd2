"""The part of the composition root that changes cameras while the agent runs.

A new configuration and a drawing of the page go the same way. First the changed cameras are built,
then the old ones are stopped, then the new ones start.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from agent.config.check import checked
from agent.config.diff import Changes, changes_between, with_cameras_of
from agent.config.loader import Loaded
from agent.core.cameras import change_cameras
from agent.core.effects import Effect
from agent.core.errors import ConfigError
from agent.core.orders import BeginSelfTest, EchoCame, ProposeChange
from agent.core.state import AgentNow, CameraSetup, Now
from agent.page.bridge import AimOrder, Inbound, without_sources
from agent.proposals.worker import ProposalTask
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.self_test.worker import Task
from agent.service.aim_preparation import Preparation, Prepared
from agent.service.aiming import Aiming, Applied, scenes
from agent.service.camera_wiring import CameraParts, build_camera
from agent.service.discovery_messages import announced
from agent.service.discovery_publisher import Discovery
from agent.service.effect_runner import Performer, order_boxes
from agent.service.self_test_wiring import task_of
from agent.service.startup import camera_setups, judged_now
from agent.service.supervisor import Crew
from agent.service.wiring import Parts, leaving_room, views_of
from agent.storage.store.identity import Terms, remembered
from agent.vision.zones import View
from schemas.config import Config
from schemas.messages import Outgoing
from schemas.topics import AgentTopics

log = logging.getLogger(__name__)

#: Docker kills 10 s after SIGTERM: everything has to be closed before that.
STOP_WITHIN = 7.5
NO_VIEWS: Mapping[str, View | None] = {}
_UNDER_WAY = "another change is under way: try again"


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
    _preparation: Preparation
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

    def _take(self, cause: Inbound) -> None:
        """Takes one message."""
        raise NotImplementedError

    def _drain(self, commands: list[Inbound] | None = None) -> None:
        """Takes all that has come; what somebody wants goes into `commands` where that is given."""
        raise NotImplementedError

    def _say(self, message: Outgoing) -> None:
        """To the broker, but for the answers to the page's own orders."""
        if self._parts.bridge is None or not self._parts.bridge.takes(message):
            self._parts.outbox.put(message)

    def _tell_page(self) -> None:
        """Which cameras there are, and how everything is."""
        if (bridge := self._parts.bridge) is not None:
            parts, utc = self._cameras.values(), self._clock.utc()
            bridge.scenes = scenes(self._applied, self._config, parts, bridge.scenes, utc)
            bridge.now.put(self._state)

    def _propose(self, order: ProposeChange) -> None:
        """Has a proposal made, out of what is in force now."""
        if self._parts.proposals is None or order.camera not in self._state.cameras:
            return
        store, camera = self._config.store, self._state.cameras[order.camera]
        if store is None:
            return
        path = str(store.path)
        terms = Terms(path, self._topics.agent_id, remembered(self._state_dir, path))
        config = judged_now(without_sources(self._config.cameras[order.camera]), camera.settings)
        fitted = self._applied.fitted.get(order.camera)
        variant = {
            "name": "in_force",
            "camera": config.model_dump(mode="json"),
            "aim": None if fitted is None else fitted.aim.model_dump(mode="json"),
        }
        task = {"camera": order.camera, "terms": asdict(terms), "variant": variant}
        self._parts.proposals.tasks.put(ProposalTask(order.camera, task))

    def _self_test(self, order: BeginSelfTest | EchoCame) -> None:
        """Hands an order or a message to the thread of the self test."""
        parts = self._parts
        told: Task | EchoCame
        if isinstance(order, BeginSelfTest):
            about = self._state, self._config, parts.self_test.camera
            told = task_of(order, *about, parts.spool, parts.memory, self._clock)
        else:
            told = order
        parts.self_test.box.put(told)

    def _reload(self) -> None:
        """Takes over the cameras of the file as it is now, or nothing at all."""
        self._changing = True
        try:
            given = checked(self._file, os.environ)
            self._take_over(self._aiming.applied(given))
        except ConfigError as error:
            log.error("configuration: nothing is taken over: %s", error)  # noqa: TRY400  the fact is enough
        finally:
            self._changing = False
        self._tell_page()

    def _aim(self, order: AimOrder) -> None:
        """Prepares what was drawn on the page, or that a camera goes back to the configuration."""
        if self._changing or self._preparation.busy:
            self._answer_aim(order, _UNDER_WAY)
        elif order.page_camera not in self._state.cameras:
            self._answer_aim(order, "no such camera")
        else:
            utc = self._clock.utc()
            self._preparation.begin(order, self._aiming, self._applied, utc)

    def _finish_aim(self) -> None:
        """Puts in force what has been prepared meanwhile, if anything."""
        ready = self._preparation.take()
        if ready is None:
            return
        error = ready.error
        if self._changing or ready.before is not self._applied:
            error = _UNDER_WAY  # the configuration was read again since it was tried
        if error is None:
            self._changing = True
            try:
                self._put_in_force(ready)
            except ConfigError as refused:
                error = str(refused)
            finally:
                self._changing = False
        self._answer_aim(ready.order, error)

    def _put_in_force(self, ready: Prepared) -> None:
        """Keeps an aim, then takes it over: what cannot be kept would be gone with a restart.

        Raises:
            ConfigError: it cannot be kept, or built; nothing is changed then.
        """
        ready.aiming.keep()
        try:
            self._take_over(ready.applied, {ready.order.page_camera: ready.view})
        except ConfigError:
            self._aiming.keep()
            raise
        self._aiming = ready.aiming
        ready.aiming.tidy()

    def _answer_aim(self, order: AimOrder, error: str | None) -> None:
        self._tell_page()
        if self._parts.bridge is not None:
            self._parts.bridge.answer_aim(order, error)

    def _take_over(self, new: Applied, views: Mapping[str, View | None] = NO_VIEWS) -> None:
        """Restarts the cameras that changed.

        Args:
            new: the configuration with what was drawn.
            views: of cameras, where they have been tried out.

        Raises:
            ConfigError: one of them cannot be built; nothing is changed then.
        """
        loaded = new.loaded
        change = changes_between(self._config, loaded.config)
        config = with_cameras_of(self._config, loaded.config)
        setups = camera_setups(Loaded(config, loaded.file, loaded.origins))
        built = self._build(config, setups, change, views)
        log.info("configuration: read again: %s", change.text)
        if change.elsewhere:
            log.warning("configuration: needs a restart: %s", ", ".join(change.elsewhere))
        if not (change.renewed or change.ended or change.schedules):
            self._config, self._applied = config, new
            return
        waiting = self._end_cameras(change.ended)
        # not before: what is obeyed until now is about the old cameras
        self._config, self._applied = config, new
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
        for cause in waiting:  # before they start: it may be privacy mode
            self._take(cause)
        for name in change.renewed:
            self._start_camera(built[name])

    def _build(
        self,
        config: Config,
        setups: tuple[CameraSetup, ...],
        change: Changes,
        views: Mapping[str, View | None],
    ) -> dict[str, CameraParts]:
        """Parts of the cameras that restart; raises before anything else is touched."""
        after, _ = self._changed(setups, change)
        return {
            name: build_camera(
                name,
                config,
                after.cameras[name].vision_settings(),
                self._parts.spool,
                leaving_room(self._inbox),
                self._clock,
                self._parts.memory.share(self._clock),
                self._parts.ears,
                view=views.get(name),
            )
            for name in change.renewed
        }

    def _changed(
        self, setups: tuple[CameraSetup, ...], change: Changes
    ) -> tuple[AgentNow, list[Effect]]:
        return change_cameras(self._state, setups, change.renewed, self._last_seq, self._now())

    def _end_cameras(self, names: Sequence[str]) -> list[Inbound]:
        """Stops their threads, hears what they still had to say, and forgets them.

        Returns what somebody wanted meanwhile: their threads would not answer any more.
        """
        deadline = self._clock.monotonic() + STOP_WITHIN
        left = self._crew.stop_cameras([self._cameras[name] for name in names], deadline)
        if left:
            log.warning("configuration: still busy, left alone: %s", ", ".join(left))
        for name in names:
            self._cameras[name].silence()
        commands = list[Inbound]()
        self._drain(commands)
        for name in names:
            camera = self._state.cameras[name]
            self._last_seq[name, "motion"] = camera.motion_seq
            self._last_seq[name, "recording"] = camera.recording_seq
            self._last_seq[name, "sound"] = camera.sound_seq
            self._crew.forget(self._cameras[name].bodies())
        return commands

    def _start_camera(self, camera: CameraParts) -> None:
        if camera.source is None:
            self._take(camera.disabled(self._clock.monotonic()))  # not lost in a full inbox
        for worker in self._crew.add(camera.bodies()):
            worker.start()
