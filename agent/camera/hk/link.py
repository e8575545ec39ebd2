"""The seed dialect's session, client's side, sans-IO: datagrams and time in, datagrams out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from agent.camera.hk import packets
from agent.camera.hk.packets import AckMode
from agent.core.errors import CameraError, CameraRefused, CameraUnreachable, SessionLost

#: An answer that takes longer ends the attempt; an open session silent for longer is over (proven).
ANSWER_TIMEOUT = 2.0
SILENCE = 2.0

#: So many refusals are read before the attempt is given up (the known client's number).
REFUSALS = 5

#: An open session that brings statuses but no pictures is no session (guessed; bounds the wait).
NO_IMAGE = 10.0

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


class CameraLink:
    """One attempt to open a session, and the session if it opens. A new attempt is a new link.

        (new) --hello, status 82--> GREETED
        GREETED   --status reply 92, tag without bit 6--> a2, 62 ---------------> CONFIRMED
                  --any other status, 5 times------------> Ended(CameraRefused)
        CONFIRMED --status-------------------------------> resource request ----> REQUESTED
        REQUESTED --reply--------------------------------> first ack, start ----> STARTED
        STARTED   --reply, or the first image fragment---> Opened --------------> OPEN
        OPEN      --every 5th datagram-------------------> acknowledgement
                  --2 s without a datagram, or SessionDelete--> Ended(SessionLost)
        before OPEN: 2 s without the awaited answer -----> Ended(CameraUnreachable)
        anywhere: close() -------------------------------> SessionDelete -------> OVER

    What is not the awaited answer (a 42-byte packet, a late status, noise) is stepped over; it
    never prolongs the wait.
    """

    def __init__(self, tag: int, now: float, mode: AckMode = AckMode.LEGACY) -> None:
        self._tag = tag
        self._texts = packets.ack_texts(mode)
        self._outbox = [packets.HELLO, packets.status(packets.KIND_STATUS, tag)]
        self._events: list[LinkEvent] = []
        self._stage = Stage.GREETED
        self.is_open = False  # image fragments are expected
        self.pending = True  # something waits in `to_send` or `events`
        self._refusals = 0
        self._heard_at = now
        self._image_at = now
        self._deadline = now + ANSWER_TIMEOUT
        self._until_ack = packets.FRAGMENTS_PER_ACK
        self.short = 0  # datagrams too short for image data, while OPEN
        self._answers: dict[Stage, Callable[[bytes, float], None]] = {
            Stage.GREETED: self._greeted,
            Stage.CONFIRMED: self._confirmed,
            Stage.REQUESTED: self._requested,
            Stage.STARTED: self._started,
        }

    @property
    def is_over(self) -> bool:
        """Nothing more will come of this link."""
        return self._stage is Stage.OVER

    def receive(self, datagram: bytes, now: float) -> bool:
        """Takes a datagram of the camera; True when it is image data, for the assembler."""
        if not self.is_open:
            return self._opening(datagram, now)
        self._heard_at = now
        self._until_ack -= 1
        if not self._until_ack:
            self._until_ack = packets.FRAGMENTS_PER_ACK
            self._outbox.append(packets.ack(next(self._texts)))
            self.pending = True
        if len(datagram) <= CONTROL_MAX and self._is_control(datagram):
            return False
        self._image_at = now
        return True

    def _opening(self, datagram: bytes, now: float) -> bool:
        if answer := self._answers.get(self._stage):
            answer(datagram, now)
        return self.is_open and _starts_frame(datagram)

    def tick(self, now: float) -> None:
        """Looks at the clock: the session may be over."""
        if now < self.next_tick():
            return
        if not self.is_open:
            self._end(
                CameraUnreachable(f"no answer to {self._stage.value} for {ANSWER_TIMEOUT:g} s")
            )
        elif now - self._heard_at >= SILENCE:
            self._end(SessionLost(f"no datagram for {SILENCE:g} s"))
        else:
            self._end(SessionLost(f"no image data for {NO_IMAGE:g} s"))

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest, if nothing arrives until then."""
        if self.is_open:
            return min(self._heard_at + SILENCE, self._image_at + NO_IMAGE)
        return float("inf") if self.is_over else self._deadline

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

    def close(self) -> None:
        """Ends the link from our side; where the camera may know the session it is told."""
        if self._stage in {Stage.REQUESTED, Stage.STARTED, Stage.OPEN}:
            self._outbox.append(packets.SESSION_DELETE)
            self.pending = True
        self._stage = Stage.OVER
        self.is_open = False

    def _end(self, error: CameraError) -> None:
        self.close()
        self._events.append(Ended(error))
        self.pending = True

    def _await(self, stage: Stage, now: float, *datagrams: bytes) -> None:
        self._outbox += datagrams
        self.pending = True
        self._stage = stage
        self._deadline = now + ANSWER_TIMEOUT

    def _greeted(self, datagram: bytes, now: float) -> None:
        """The camera is ready, or says no; it repeats itself, so a no is read again."""
        if len(datagram) != packets.STATUS_SIZE:
            return
        if (
            datagram[4] == packets.KIND_STATUS_REPLY
            and datagram[6] != self._tag | packets.TAG_REFUSED
        ):
            kinds = (packets.KIND_STATUS_A2, packets.KIND_STATUS_62)
            self._await(Stage.CONFIRMED, now, *(packets.status(kind, self._tag) for kind in kinds))
            return
        self._refusals += 1
        self._deadline = now + ANSWER_TIMEOUT
        if self._refusals == REFUSALS:
            self._end(CameraRefused(f"refused {REFUSALS} times: another session may be open"))

    def _confirmed(self, datagram: bytes, now: float) -> None:
        if len(datagram) == packets.STATUS_SIZE:  # what it says was never looked at (proven)
            self._await(Stage.REQUESTED, now, packets.RESOURCE_REQUEST)

    def _requested(self, datagram: bytes, now: float) -> None:
        if _is_reply(datagram, packets.RESOURCE_REPLY_SIZES):
            self._await(Stage.STARTED, now, packets.FIRST_ACK, packets.SESSION_START)

    def _started(self, datagram: bytes, now: float) -> None:
        """Fragments may overtake the reply, or it is lost: then the first of them says the same."""
        starts = _starts_frame(datagram)
        repeated = len(datagram) in packets.RESOURCE_REPLY_SIZES
        if not starts and (repeated or not _is_reply(datagram, packets.START_REPLY_SIZES)):
            return
        self._stage = Stage.OPEN
        self.is_open = True
        self._heard_at = self._image_at = now
        self._until_ack -= starts
        self._events.append(Opened())
        self.pending = True

    def _is_control(self, datagram: bytes) -> bool:
        """Whether a datagram among the fragments is none; a farewell ends the session."""
        packet = packets.decode(datagram)
        if packet is not None and b"MainCmd=SessionDelete" in packet.text:
            self._end(SessionLost("the camera closed the session"))
        if len(datagram) < packets.FRAGMENT_MIN:
            self.short += 1
            return True
        if packet is None or packet.flag or packet.seq > 0xFF:  # by chance, in image data
            return False
        return not _starts_frame(datagram)


def _starts_frame(datagram: bytes) -> bool:
    """Whether this is the first fragment of a frame: SOI behind its 15 bytes of header (proven)."""
    return datagram[15:18] == b"\xff\xd8\xff"


def _is_reply(datagram: bytes, sizes: frozenset[int]) -> bool:
    """Whether this answers a command: a known size (proven), or a valid header with a text."""
    if len(datagram) in sizes:
        return True
    if len(datagram) in {packets.STATUS_SIZE, packets.EXTRA_SIZE}:
        return False
    packet = packets.decode(datagram)
    return packet is not None and bool(packet.text)
