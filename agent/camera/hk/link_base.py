"""What the sans-IO links of both dialects share: outbox, events, stage, time-outs, black box."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

from agent.camera.hk.trace import Trace
from agent.core.errors import CameraError, CameraUnreachable, SessionLost

#: An answer that takes longer ends the attempt; an open session silent for longer is over (proven).
ANSWER_TIMEOUT = 2.0
SILENCE = 2.0

#: An open session that brings statuses but no pictures is no session (guessed; bounds the wait).
NO_IMAGE = 10.0
#: The same after pictures have come: the family sends several a second. The value is guessed. It is
#: longer than the pause of a camera that turns its infrared lamps on, and short enough to report.
NO_MORE_IMAGES = 2.5

#: Longest control packet while images arrive (guessed: the longest seen has 372 bytes).
CONTROL_MAX = 512


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera accepted the session; image fragments follow."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt or the session is over; the error's class says what to do next."""

    error: CameraError


LinkEvent = Opened | Ended


class Stage(Enum):
    """Which answer is awaited; the value says it in a log line."""

    GREETED = "the first status"
    CONFIRMED = "the second status"
    REQUESTED = "the resource request"
    STARTED = "the session start"
    OPEN = "image data"
    OVER = "nothing"


class Conversation(ABC):
    """One attempt to open a session, and the session if it opens. A new attempt is a new one.

    A dialect's link adds its rules: `receive`, `tick` and the words of the farewell.
    """

    def __init__(self, now: float, *greeting: bytes, trace: Trace | None = None) -> None:
        self.trace = Trace() if trace is None else trace
        self.is_open = False  # image fragments are expected
        self.pending = False  # something waits in `to_send` or `events`
        self.short = 0  # datagrams too short for image data, while open
        self._outbox: list[bytes] = []
        self._events: list[LinkEvent] = []
        self._heard_at = self._image_at = self._opened_at = now
        self._await(Stage.GREETED, now, *greeting)

    @property
    def is_over(self) -> bool:
        """Nothing more will come of this link."""
        return self._stage is Stage.OVER

    @abstractmethod
    def receive(self, datagram: bytes, now: float) -> bool:
        """Takes a datagram of the camera; True when it is image data, for the assembler."""

    @abstractmethod
    def tick(self, now: float) -> None:
        """Looks at the clock: the session may be over, or something is due."""

    @abstractmethod
    def _farewell(self) -> bytes | None:
        """What tells the camera that we go; None where it knows of no session."""

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest, if nothing arrives until then."""
        if self.is_open:
            return min(self._heard_at + SILENCE, self._image_at + self._image_patience)
        return float("inf") if self.is_over else self._deadline

    @property
    def _image_patience(self) -> float:
        return NO_IMAGE if self._image_at == self._opened_at else NO_MORE_IMAGES

    def to_send(self) -> list[bytes]:
        """The datagrams to send now, once, in this order."""
        outbox, self._outbox = self._outbox, []
        self.pending = bool(self._events)
        return outbox

    def events(self) -> list[LinkEvent]:
        """What happened since the last call."""
        events, self._events = self._events, []
        self.pending = bool(self._outbox)
        return events

    def close(self, now: float) -> None:
        """Ends the link from our side; tells the camera if it may know the session."""
        farewell = self._farewell()
        if farewell is not None:
            self._say(now, farewell)
        self._stage = Stage.OVER
        self.is_open = False

    def _say(self, now: float, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.trace.sent(datagram, now)
        self._outbox += datagrams
        self.pending = True

    def _acknowledge(self, datagram: bytes, now: float) -> None:
        self.trace.acknowledged(datagram, now)
        self._outbox.append(datagram)
        self.pending = True

    def _await(
        self, stage: Stage, now: float, *datagrams: bytes, patience: float = ANSWER_TIMEOUT
    ) -> None:
        self._say(now, *datagrams)
        self._stage = stage
        self._patience = patience
        self._deadline = now + patience

    def _open(self, now: float) -> None:
        self._stage = Stage.OPEN
        self.is_open = True
        self._heard_at = self._image_at = self._opened_at = now
        self.trace.note("session open", now)
        self._events.append(Opened())
        self.pending = True

    def _end(self, error: CameraError, now: float) -> None:
        self.trace.note(str(error), now)
        self.close(now)
        self._events.append(Ended(error))
        self.pending = True

    def _time_out(self, now: float) -> None:
        """The awaited did not come in time."""
        error: CameraError
        if not self.is_open:
            error = CameraUnreachable(f"no answer to {self._stage.value} for {self._patience:g} s")
        elif now - self._heard_at >= SILENCE:
            error = SessionLost(f"no datagram for {SILENCE:g} s")
        else:
            error = SessionLost(f"no image data for {self._image_patience:g} s")
        self._end(error, now)
