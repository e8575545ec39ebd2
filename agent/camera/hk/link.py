"""The seed dialect's session, client's side, sans-IO: datagrams and time in, datagrams out."""

from __future__ import annotations

from collections.abc import Callable

from agent.camera.hk import packets
from agent.camera.hk.link_base import (
    ANSWER_TIMEOUT,
    CONTROL_MAX,
    NO_IMAGE,
    Conversation,
    Ended,
    LinkEvent,
    Opened,
    Stage,
)
from agent.camera.hk.packets import AckMode
from agent.camera.hk.trace import Trace
from agent.core.errors import CameraRefused, SessionLost

__all__ = ["NO_IMAGE", "REFUSALS", "CameraLink", "Ended", "LinkEvent", "Opened"]

#: The attempt is given up after this number of refusals (the known client's number).
REFUSALS = 5


class CameraLink(Conversation):
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

    def __init__(
        self, tag: int, now: float, mode: AckMode = AckMode.LEGACY, trace: Trace | None = None
    ) -> None:
        status = packets.status(packets.KIND_STATUS, tag)
        super().__init__(now, packets.HELLO, status, trace=trace)
        self._tag = tag
        self._acks = packets.acks(mode)
        self._refusals = 0
        self._until_ack = packets.FRAGMENTS_PER_ACK
        self._answers: dict[Stage, Callable[[bytes, float], None]] = {
            Stage.GREETED: self._greeted,
            Stage.CONFIRMED: self._confirmed,
            Stage.REQUESTED: self._requested,
            Stage.STARTED: self._started,
        }

    def receive(self, datagram: bytes, now: float) -> bool:
        """Takes a datagram of the camera; True when it is image data, for the assembler."""
        if not self.is_open:
            return self._opening(datagram, now)
        self._heard_at = now
        self._until_ack -= 1
        if not self._until_ack:
            self._until_ack = packets.FRAGMENTS_PER_ACK
            self._acknowledge(next(self._acks), now)
        if len(datagram) <= CONTROL_MAX and self._is_control(datagram, now):
            return False
        self._image_at = now
        return True

    def _opening(self, datagram: bytes, now: float) -> bool:
        starts = _starts_frame(datagram)
        if not starts:
            self.trace.heard(datagram, now)
        if answer := self._answers.get(self._stage):
            answer(datagram, now)
        return self.is_open and starts

    def tick(self, now: float) -> None:
        """Looks at the clock: the session may be over."""
        if now >= self.next_tick():
            self._time_out(now)

    def _farewell(self) -> bytes | None:
        told = {Stage.REQUESTED, Stage.STARTED, Stage.OPEN}
        return packets.SESSION_DELETE if self._stage in told else None

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
            self._end(CameraRefused(f"refused {REFUSALS} times: another session may be open"), now)

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
        self._open(now)
        self._until_ack -= starts

    def _is_control(self, datagram: bytes, now: float) -> bool:
        """Whether a datagram among the fragments is none; a farewell ends the session."""
        packet = packets.decode(datagram)
        if packet is not None and b"MainCmd=SessionDelete" in packet.text:
            self.trace.heard(datagram, now)
            self._end(SessionLost("the camera closed the session"), now)
        elif len(datagram) >= packets.FRAGMENT_MIN and (
            packet is None or packet.flag or packet.seq > 0xFF or _starts_frame(datagram)
        ):
            return False  # image data; by chance some of it looks like a header
        else:
            self.trace.heard(datagram, now)
        self.short += len(datagram) < packets.FRAGMENT_MIN
        return True


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
