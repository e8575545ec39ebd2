"""Keeps a session with a camera of any kind open, and reports its true state."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

from agent.camera.interruptible_wait import STEP, Interrupted, Patience
from agent.camera.outlet import Outlet
from agent.camera.picture_interval import Rhythm
from agent.camera.session import Opener, Picture, Session, SessionOver, Silent, WithSound
from agent.camera.source_faults import Faults
from agent.core.backoff import Backoff
from agent.core.errors import (
    CameraError,
    CameraRefused,
    CameraUnreachable,
    NoSuchStream,
    SessionLost,
)
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.core.stats import CameraStats
from agent.imaging.jpeg import dimensions
from agent.runtime.clock import Clock
from agent.runtime.privacy_gate import PrivacyGate
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Seconds of rest after a picture that was refused.
_SLOWER = 0.1


@dataclass(frozen=True, slots=True)
class Timing:
    """Waits in seconds; tests shorten them.

    `refused` is long because cameras lock out who tries a wrong password too often.
    """

    retry_first: float = 1.0
    retry_limit: float = 15.0
    refused: float = 60.0
    unreachable: float | None = None  # after an attempt without an answer; None: backing off
    lasting: float = 1.0  # seconds of pictures after which earlier losses are forgotten
    unknown: float | None = None  # without a picture, while the rhythm is not known; see `Rhythm`


@dataclass(frozen=True, slots=True)
class Extras:
    """What one kind of camera counts and keeps in addition to its pictures.

    Attributes:
        counted: adds its own counters.
        keep: takes why an attempt or a session failed, and how often in a row; says where its
            packets can be read.
    """

    counted: Callable[[CameraStats], CameraStats] = lambda stats: stats
    keep: Callable[[CameraError, int], str | None] = lambda _error, _failures: None


class Keeper:
    """A frame source over sessions that an opener makes, each on a fresh connection.

    ```
    connecting  session opens, picture comes  live
    live        no picture for long           stalled      new attempt at once
    live        session lost                  connecting   new attempt at once; backing off where
                                                           pictures come for no second
    any         attempt fails                 unreachable  backing off, with jitter
    any         our code fails                unreachable  backing off, with jitter
    any         camera says no                refused      the longest wait; backing off where it
                                                           showed pictures, and now has none there
    live        clip played to its end        disabled     for good
    any         gate closed                private      until it is opened; for a moment at least
    ```

    What is long depends on the camera's own rhythm; see `Rhythm`.
    """

    def __init__(
        self,
        camera_id: str,
        opener: Opener,
        clock: Clock,
        on_frame: Callable[[Frame], object],
        on_state: Callable[[CameraState], object],
        timing: Timing | None = None,
        extras: Extras = Extras(),
        gate: PrivacyGate | None = None,
    ) -> None:
        self._camera = camera_id
        self._open = opener
        self._clock = clock
        self._outlet = Outlet(camera_id, clock, on_frame, on_state)
        self._timing = timing or Timing()
        self._extras = extras
        self._gate = gate or PrivacyGate()
        # a third of jitter: cameras that lost one switch do not all come back in the same second
        self._backoff = Backoff(
            self._timing.retry_first, 2.0, self._timing.retry_limit, jitter=0.33
        )
        self._faults = Faults(camera_id)
        self._rhythm = Rhythm(self._timing.unknown)
        self._unfit = 0  # pictures since the last good one that nobody may decode
        self._sessions = 0
        self._losses = 0  # sessions lost in a row, until one lasts
        self._first_at = 0.0  # clock time of this session's first picture
        self._heard_at: float | None = None  # and of the last one
        self._known = False  # the camera has shown pictures
        self._sound_damaged = 0  # units of sound
        self._damaged = 0  # of sessions that are over, and by their looks
        self._stats = CameraStats()

    @property
    def stats(self) -> CameraStats:
        """The counters of now; a new object each time they change."""
        return self._stats

    def run(self, worker: Worker) -> None:
        """Opens sessions and delivers frames until `worker.stop` is set; beats meanwhile."""
        patience = Patience(worker, self._clock, self._gate)
        while not worker.stop.is_set():
            self._while_gate_closed(patience)
            with suppress(Interrupted):
                patience.look()
                while True:
                    patience.wait(self._pause_after(patience))

    def _while_gate_closed(self, patience: Patience) -> None:
        """While the gate is closed there is no session; then everything begins again.

        So it does where the gate was closed and is open already.
        """
        if not patience.moved:
            return
        worker = patience.worker
        self._outlet.failures = self._losses = 0
        self._backoff.reset()
        self._outlet.say(CameraCode.PRIVATE, "privacy mode is on: no session with the camera")
        while self._gate.closed and not worker.stop.is_set():
            worker.beat()
            self._outlet.repeat()
            self._clock.wait(worker.stop, STEP)
        if not worker.stop.is_set():
            self._outlet.say(CameraCode.CONNECTING, "privacy mode is over")
        patience.begin_again()

    def _pause_after(self, patience: Patience) -> float:
        """One attempt and, if it opens, the session; returns the seconds until the next attempt."""
        try:
            self._attempt(patience)
        except SessionOver as over:
            if over.again:
                return 0.0  # still live: the next session is a jump in the scene, no trouble
            self._outlet.say(CameraCode.DISABLED, str(over))
        except CameraError as error:
            return self._failed(error)
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001  of whatever kind: it ends this session only
            return self._failed(self._faults.take(error, patience.worker))
        return float("inf")

    def _attempt(self, patience: Patience) -> None:
        """One attempt and, if it opens, the session; ends by raising."""
        if not self._outlet.failures and self._outlet.code is not CameraCode.LIVE:
            self._outlet.say(CameraCode.CONNECTING, "opening a session")
        with closing(self._open(patience)) as session:
            self._sessions += 1
            self._outlet.cut()
            self._heard_at, self._unfit = None, 0
            self._rhythm.begin()
            try:
                self._keep(patience, session)
            except CameraUnreachable as error:
                if self._heard_at is None:
                    raise
                raise SessionLost(str(error), answers=error.answers) from error
            finally:
                self._forget_losses()
                self._damaged += session.damaged
                if isinstance(session, WithSound):
                    self._sound_damaged += session.damaged_sound
                self._outlet.rate.clear()
                self._publish(0)

    def _keep(self, patience: Patience, session: Session) -> None:
        opened_at = self._clock.monotonic()
        look_at = opened_at
        with_sound = session if isinstance(session, WithSound) else None
        while True:
            now = self._clock.monotonic()
            if now >= look_at:
                patience.look()
                self._publish(session.damaged, with_sound.damaged_sound if with_sound else 0)
                self._outlet.repeat()
                look_at = now + STEP
            picture = session.read()
            if patience.over:
                raise Interrupted  # nothing of a session is handed on after the gate was closed
            if picture is not None and not self._deliver(picture):
                patience.wait(_SLOWER)  # it comes no faster than we read it
            if picture is not None and not self._unfit:
                continue
            limit = self._rhythm.limit(session.silence)
            if self._clock.monotonic() - (self._heard_at or opened_at) >= limit:
                self._rhythm.stalled(limit)
                why = f"{self._unfit} came that are too large, or damaged" if self._unfit else ""
                words = f"no whole picture for {limit:.0f} s: {why or session.why}"
                raise Silent(words, answers=session.answers or bool(self._unfit))

    def _deliver(self, picture: Picture) -> bool:
        """False: it was refused, the camera sends more than it may cost."""
        if picture.video is None and dimensions(picture.jpeg) is None:
            self._damaged += 1
            self._unfit += 1
            return True
        now = self._clock.monotonic()
        self._first_at = now if self._heard_at is None else self._first_at
        self._heard_at, self._unfit, self._known = now, 0, True
        self._rhythm.add(picture.at)
        return self._outlet.deliver(
            picture.jpeg, picture.at, picture.video, picture.note, decoded=picture.decoded
        )

    # ------------------------------------------------------------ between sessions

    def _forget_losses(self) -> None:
        """A session is over. If it was worth its connection, the next one begins immediately."""
        if self._heard_at is not None and self._heard_at - self._first_at >= self._timing.lasting:
            self._losses = 0
            self._backoff.reset()

    def _failed(self, error: CameraError) -> float:
        """Says what went wrong; returns the seconds until the next attempt."""
        self._outlet.failures += 1
        self._publish(0)
        if isinstance(error, SessionLost):
            code = CameraCode.STALLED if isinstance(error, Silent) else CameraCode.CONNECTING
            self._losses += 1
            delay = self._backoff.next() if self._losses > 1 else 0.0
        elif isinstance(error, CameraRefused):
            code, delay = CameraCode.REFUSED, self._timing.refused
            if self._known and isinstance(error, NoSuchStream):
                delay = self._backoff.next()  # its server starts before its pictures do
        else:
            rest = self._timing.unreachable
            code, delay = CameraCode.UNREACHABLE, self._backoff.next() if rest is None else rest
        log.debug("camera %s: %s, next try in %.1f s", self._camera, error, delay)
        kept = self._extras.keep(error, self._outlet.failures)
        self._outlet.say(code, str(error), retry_in=delay, kept=kept, error=error)
        return delay

    def _publish(self, damaged: int, sound: int = 0) -> None:
        outlet = self._outlet
        stats = CameraStats(
            frames=outlet.frames,
            frames_damaged=self._damaged + damaged,
            sound_damaged=self._sound_damaged + sound,
            sessions=self._sessions,
            reconnects=max(0, self._sessions - 1),
            fps=outlet.rate.rate(self._clock.monotonic()),
            last_frame_at=outlet.frame_at,
        )
        self._stats = self._extras.counted(stats)
