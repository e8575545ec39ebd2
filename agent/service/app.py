"""The composition root: builds every part, wires every mailbox, starts and stops them in order.

Knows all, decides nothing: what is to be done is decided by `agent.core.engine`.

    camera --frames--> vision --clip parts--> recorder --records--> spool --> store (child process)
       |                 |                       |                               |
       +-----------------+---------- inbox ------+-------------------------------+
                                       |
                            main thread: engine.step  --effects--> outbox --> mqtt, tones --> beeper
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import cv2

from agent import __version__
from agent.config.loader import Loaded, agent_id_of
from agent.core import engine
from agent.core.clip_events import RECORDINGS
from agent.core.effects import Effect
from agent.core.messages import (
    Parsed,
    Received,
    RecordingFailed,
    RecordingSaved,
    StoreAnchored,
    StoreCode,
    StoreState,
)
from agent.core.owner_answers import ProposalMade
from agent.core.state import Gauges, Stopped, Stopping, Tick
from agent.core.state_messages import cameras_farewell
from agent.mqtt.echo import echo
from agent.mqtt.router import Ignored, birth, parse
from agent.page.bridge import AimOrder, Inbound
from agent.runtime.clock import Clock, SystemClock, clock_is_synchronised
from agent.runtime.health_file import remove_health
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.redaction import without_secrets
from agent.runtime.settings_file import load_modes, load_settings
from agent.runtime.signals import Signals
from agent.runtime.systemd_notify import Notifier
from agent.runtime.worker import Worker
from agent.service.aim_preparation import Preparation
from agent.service.aiming import Aiming
from agent.service.camera_changes import STOP_WITHIN, CameraChanges
from agent.service.discovery_publisher import Discovery
from agent.service.effect_runner import Performer, order_boxes
from agent.service.metrics import Machine, gather
from agent.service.startup import close_recordings, open_events_of, setup_of
from agent.service.supervisor import Crew
from agent.service.wiring import (
    build_parts,
    open_journal,
)
from schemas.events import MotionEvent
from schemas.topics import AgentTopics

log = logging.getLogger(__name__)

EXIT_STOPPED = 0
EXIT_GAVE_UP = 70

#: Seconds without a beat after which health names a worker ...
SILENT_AFTER = 10.0
#: ... and after which it ends the process, except the store, whose disk may hang without end.
DEAD_AFTER = 30.0
#: The main loop itself stood still for longer (SIGSTOP, a suspended machine): nobody's fault.
STOOD_STILL = 5.0
#: Seconds in which the ports are closed, and what works for them ends.
SERVERS_WITHIN = 1.0
#: Seconds for the last messages to the broker.
FAREWELL_WITHIN = 2.5
#: Seconds after which a thread that computes lets another one in; Python's own 5 ms would be the
#: most part of the way from a frame to its event.
_SWITCH = 0.0005
#: Messages in the inbox, at most. Each means that somebody waits; a full inbox is a bug or a flood.
#: Half of it is for commands: two topics may send all that `agent.mqtt.rate_limit` lets through in
#: a row, also while cameras are exchanged, which takes seconds. `INBOX_BYTES`: their payloads.
INBOX, INBOX_BYTES = 1024, 32 * 2**20


class App(CameraChanges):
    """One agent process."""

    def __init__(
        self,
        loaded: Loaded,
        state_dir: Path,
        *,
        clock: Clock | None = None,
        extra: Sequence[Worker] = (),
        first_file: Path | None = None,
    ) -> None:
        """Builds everything; nothing runs yet.

        Args:
            loaded: the configuration.
            state_dir: the agent's.
            clock: the time.
            extra: further threads.
            first_file: where the page may write a first configuration; None: there is one.

        Raises:
            ConfigError: a mask, a sound, a source that cannot be used.
        """
        # one picture is too little work to share: two threads cost 40 % more than one at 640x480
        cv2.setNumThreads(1)
        sys.setswitchinterval(_SWITCH)
        self.again = self._leaving = self._changing = False
        self._clock = clock or SystemClock()
        self._aiming = Aiming(state_dir)
        self._applied = self._aiming.applied(loaded)
        loaded = self._applied.loaded
        self._config = loaded.config
        self._file = loaded.file
        self._signals = Signals()
        self._exit_code = EXIT_STOPPED
        self._inbox: Mailbox[Inbound] = Mailbox(
            "inbox", INBOX, WhenFull.REFUSE, limit_bytes=INBOX_BYTES
        )
        self._preparation = Preparation(self._clock, self._inbox.interrupt)
        self._topics = AgentTopics(loaded.config.mqtt.base_topic, agent_id_of(loaded.config))
        self._status_topic = loaded.config.home_assistant.status_topic
        self._state_dir = state_dir
        open_events, first = self._begin(loaded)
        if self._parts.spool is not None:
            close_recordings(self._parts.spool, open_events, self._state.cameras)
        self._performer = self._make_performer()
        self._performer.perform(first)
        self._cameras = {camera.camera_id: camera for camera in self._parts.cameras}
        self._tell_page()
        if self._parts.bridge is not None:
            self._parts.bridge.first_file = first_file
        self._crew = Crew(self._clock, self._fatal, extra)
        self._crew.add(self._parts.bodies())
        self._quiet_until = self._clock.monotonic()
        self._machine = Machine()

    def _begin(self, loaded: Loaded) -> tuple[tuple[MotionEvent, ...], list[Effect]]:
        """The state that the last run left, and the parts; the events that were open then."""
        journal = open_journal(loaded.config, self._topics, self._state_dir, self._clock)
        setup = setup_of(loaded, self._topics, self._now())
        self._last_seq = journal.last_seqs(tuple(loaded.config.cameras))
        open_events = open_events_of(journal, self._topics.agent_id, self._now().utc)
        stored = load_settings(self._state_dir)
        told = tuple(journal.recordings(RECORDINGS))
        self._state, first = engine.begin(
            setup,
            stored,
            self._last_seq,
            open_events,
            self._now(),
            told,
            kept=load_modes(self._state_dir),
            synchronised=clock_is_synchronised(),
        )
        vision_settings = {n: c.vision_settings() for n, c in self._state.cameras.items()}
        self._parts = build_parts(
            loaded.config,
            self._topics,
            self._state_dir,
            journal,
            vision_settings,
            self._inbox,
            self._clock,
        )
        return open_events, first

    def _make_performer(self) -> Performer:
        return Performer(
            state_dir=self._state_dir,
            outbox=self._say,
            **order_boxes(self._parts.cameras),
            tones=self._parts.tones,
            store=self._parts.store_orders,
            verdicts=self._parts.verdict_boxes.questions,
            propose=self._propose,
            self_test=self._self_test,
            discovery=Discovery(self._parts.discovery, self._state_dir),
            clock=self._clock,
            leave=self._leave,
        )

    def run(self) -> int:
        """Runs until SIGTERM, SIGINT, a restart command or a fatal error; the exit code."""
        threading.excepthook = self._on_thread_exception
        self._signals.install(self._inbox.interrupt)
        words = "agent %s: starting, version %s, state in %s"
        log.info(words, self._topics.root, __version__, self._state_dir)
        self._say_what_is_off()
        with Notifier() as systemd:
            self._crew.start()
            systemd.ready()
            try:
                self._loop(systemd)
            finally:
                systemd.leaving(again=self.again)
                left = self._shut_down()
        if self._signals.stop is not None:
            self.again = False  # a stop wins over any command to restart
        if left:
            log.error("agent: still busy at the end: %s", ", ".join(left))
            if not self.again:  # a restart needs no join either
                logging.shutdown()
                os._exit(self._exit_code)  # a thread inside a hung call cannot be joined
        log.info("agent: stopped")
        return self._exit_code

    # ------------------------------------------------------------ the main loop

    def _loop(self, systemd: Notifier) -> None:
        next_tick = self._clock.monotonic()
        while not self._leaving:
            cause = self._inbox.get(max(0.01, next_tick - self._clock.monotonic()))
            if cause is not None:
                self._take(cause)
            self._finish_aim()
            if self._signals.stop is not None:
                log.info("agent: %s, stopping", self._signals.stop.name)
                self._step(Stopping())
                return
            if self._signals.take_hangup():
                if self._file is None:  # the demo's terminal was closed: there is nothing to read
                    self._step(Stopping())
                    return
                self._reload()
            now = self._clock.monotonic()
            if now >= next_tick:
                if now - next_tick > STOOD_STILL:
                    self._quiet_until = now + DEAD_AFTER
                next_tick = now + 1.0
                self._step(Tick(self._gauges(now)))
                if self._state.connected:
                    self._performer.tick()
                self._watch(now)
                systemd.alive()

    def _take(self, cause: Inbound) -> None:
        if isinstance(cause, Received):
            known = birth(cause, self._status_topic) or echo(cause, self._topics)
            cameras, obey = list(self._state.cameras), self._config.mqtt.obey_retained
            closed = (f"{self._config.home_assistant.prefix}/", self._status_topic)
            parsed = known or parse(cause, self._topics, cameras, obey_retained=obey, closed=closed)
            if not isinstance(parsed, Ignored):
                self._step(parsed)
            return
        if isinstance(cause, AimOrder):
            self._aim(cause)
            return
        if self._parts.self_test.took(cause):
            return
        # clips of a camera may be under way to the store when it is no longer there; and owners say
        # only once what they keep of it
        if not isinstance(cause, RecordingSaved | RecordingFailed | StoreAnchored | ProposalMade):
            camera = getattr(cause, "camera", None)
            if camera is not None and camera not in self._state.cameras:
                return  # last words
        self._step(without_secrets(cause))

    def _step(self, cause: engine.Input) -> None:
        self._state, effects = engine.step(self._state, cause, self._now())
        self._parts.verdict_boxes.now.put(self._state)
        if self._parts.bridge is not None:
            self._parts.bridge.now.put(self._state)
        self._performer.perform(effects)

    def _drain(self, commands: list[Inbound] | None = None) -> None:
        while (cause := self._inbox.get()) is not None:
            if commands is not None and isinstance(cause, Received | Parsed):
                commands.append(cause)
            else:
                self._take(cause)

    def _leave(self, again: bool) -> None:  # noqa: FBT001  the effect's own field
        self.again = again
        self._leaving = True

    # ------------------------------------------------------------ watching

    def _gauges(self, now: float) -> Gauges:
        silent = () if now <= self._quiet_until else tuple(self._crew.silent(now, SILENT_AFTER))
        machine = self._machine.figures(now)
        aims = self._applied.troubles
        return gather(self._parts, self._cameras.values(), self._crew, silent, machine, aims)

    def _watch(self, now: float) -> None:
        """Replaces the thread of a camera that hangs; for others the process has to end.

        A camera's session is its own, so another one costs the other cameras nothing. What else
        hangs is cured by a clean start, which is the tested path.
        """
        if now < self._quiet_until:
            return
        renewals = {n: r for c in self._cameras.values() for n, r in c.renewals().items()}
        for name, silence in self._crew.replace_silent(now, DEAD_AFTER, renewals).items():
            if name != "store":
                words = f"no sign of life for {silence:.0f} s; the agent ends, to be started anew"
                self._fatal(name, TimeoutError(words))

    def _fatal(self, name: str, error: BaseException) -> None:
        log.critical("worker %s: gave up: %s", name, error)
        faulthandler.dump_traceback(all_threads=True)
        self._exit_code = EXIT_GAVE_UP
        self._leaving = True
        self._inbox.interrupt()

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else "unknown"
        self._fatal(name, args.exc_value or RuntimeError("died"))

    # ------------------------------------------------------------ start and stop

    def _say_what_is_off(self) -> None:
        if self._parts.store is None:
            reason = "no store.path is configured: nothing is recorded"
            self._inbox.put(StoreState(StoreCode.NONE, reason, self._clock.monotonic()))
        for camera in self._cameras.values():
            if camera.source is None:
                self._inbox.put(camera.disabled(self._clock.monotonic()))

    def _shut_down(self) -> list[str]:
        """Stops along the way of a frame, so that every owner sees all that came before."""
        self._changing = True  # no camera restarts any more
        deadline = self._clock.monotonic() + STOP_WITHIN
        left: list[str] = []
        self._crew.stop(["self_test"], 0.0, deadline)  # it has a camera to stop, too
        left += self._crew.stop_cameras(self._cameras.values(), deadline)
        self._drain()
        left += self._crew.stop(
            ["self_test", "reoffer", "page", "classify", "proposals", "verdicts"],
            SERVERS_WITHIN,
            deadline,
        )
        left += self._crew.stop(["store"], 3.0, deadline)
        # what the others have left of the time: its last word is to be said
        self._crew.stop(["self_test"], 3.0, deadline - FAREWELL_WITHIN)
        self._drain()
        self._quiet_until = float("inf")  # who has ended gives no sign of life
        self._step(Stopped(self._gauges(self._clock.monotonic())))
        self._performer.perform(cameras_farewell(self._state))
        left += self._crew.stop(["mqtt", "beeper"], FAREWELL_WITHIN, deadline)
        left += self._crew.stop_extra(1.0, deadline)
        remove_health(self._state_dir)
        return [*self._crew.busy(left), *self._crew.hung()]
