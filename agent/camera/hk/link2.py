"""The second dialect's session, client's side, sans-IO; not confirmed on hardware of ours."""

from __future__ import annotations

from agent.camera.hk import packets, packets2
from agent.camera.hk.link_base import CONTROL_MAX, Conversation, Stage
from agent.camera.hk.packets import AckMode
from agent.camera.hk.trace import Trace
from agent.core.errors import SessionLost

#: The camera may take its time to create a session while it is polled (guessed).
CREATE_TIMEOUT = 5.0

#: Kinds that a camera sends in addition to image data; data may look like other kinds by chance.
_KINDS = frozenset(
    {
        packets.KIND_STATUS,
        packets.KIND_STATUS_REPLY,
        packets.KIND_STATUS_A2 | 0x10,
        packets.KIND_COMMAND,
        packets.KIND_ACK,
        packets.KIND_POLL,
    }
)


class SecondLink(Conversation):
    """One attempt to open a session, and the session if it opens. A new attempt is a new link.

    (new) --3 pings 82--> GREETED
    GREETED   --13 bytes of kind 92--> 9 pings a2, resource request, poll --> REQUESTED
    REQUESTED --"SessionCreate"------> session start -----------------------> STARTED
    STARTED   --image data-----------> Opened ------------------------------> OPEN
    REQUESTED, and every 0.17 s: poll ICMD2
    STARTED, OPEN: every 0.17 s and at each poll of the camera: ICMD1
    OPEN      --every 5th datagram that is no poll--> acknowledgement
              --2 s without a datagram, or SessionDelete--> Ended(SessionLost)
    before OPEN: 2 s (REQUESTED: 5 s) without the awaited answer --> Ended(CameraUnreachable)
    anywhere: close() --> SessionDelete --> OVER
    """

    def __init__(
        self, hkid: str, now: float, mode: AckMode = AckMode.LEGACY, trace: Trace | None = None
    ) -> None:
        super().__init__(now, *[packets2.PING_82] * packets2.PINGS_82, trace=trace)
        self._hkid = hkid
        self._acks = packets.acks(mode)
        self._until_ack = packets.FRAGMENTS_PER_ACK
        self._polls = 0
        self._poll_at = float("inf")

    def receive(self, datagram: bytes, now: float) -> bool:
        """Takes a datagram of the camera; True when it is image data, for the assembler."""
        if not self.is_open:
            return self._opening(datagram, now)
        self._heard_at = now
        if now >= self._poll_at:
            self._poll(now)
        if packets2.is_poll(datagram):
            self._poll(now)
            return False
        self._until_ack -= 1
        if not self._until_ack:
            self._until_ack = packets.FRAGMENTS_PER_ACK
            self._acknowledge(next(self._acks), now)
        if len(datagram) <= CONTROL_MAX and self._is_control(datagram):
            self._control(datagram, now)
            return False
        self._image_at = now
        return True

    def tick(self, now: float) -> None:
        """Looks at the clock: the session may be over, or the camera is to be polled."""
        if self.is_over:
            return
        if now >= super().next_tick():
            self._time_out(now)
        elif now >= self._poll_at:
            self._poll(now)

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest, if nothing arrives until then."""
        return float("inf") if self.is_over else min(super().next_tick(), self._poll_at)

    def _opening(self, datagram: bytes, now: float) -> bool:
        if self._stage is Stage.STARTED and not packets2.is_poll(datagram):
            if packets2.says(datagram, packets2.CREATED):  # once more
                return False
            if len(datagram) >= packets.FRAGMENT_MIN and not self._is_control(datagram):
                self._open(now)
                self._until_ack -= 1
                return True
        if not self.is_over:
            self.trace.heard(datagram, now)
        if self._stage is Stage.GREETED:
            if len(datagram) == packets.STATUS_SIZE and datagram[4] == packets.KIND_STATUS_REPLY:
                self._request(now)
        elif self._stage is Stage.REQUESTED and packets2.says(datagram, packets2.CREATED):
            self._await(Stage.STARTED, now, packets2.SESSION_START)
        elif self._stage in {Stage.REQUESTED, Stage.STARTED} and packets2.is_poll(datagram):
            self._poll(now, answers=True)
        return False

    def _request(self, now: float) -> None:
        pings = [packets2.PING_A2] * packets2.PINGS_A2
        request = packets2.resource_request(self._hkid)
        self._await(Stage.REQUESTED, now, *pings, request, patience=CREATE_TIMEOUT)
        self._poll(now)

    def _poll(self, now: float, *, answers: bool = False) -> None:
        """Polls until the session is created; afterwards, or when polled, says we are here."""
        self._polls += 1
        self._poll_at = now + packets2.POLL_INTERVAL
        if self._stage is Stage.REQUESTED and not answers:
            self._say(now, packets2.opening_poll(self._hkid, self._polls))
        elif self.is_open:
            self._acknowledge(packets2.poll_answer(self._hkid, self._polls), now)
        else:
            self._say(now, packets2.poll_answer(self._hkid, self._polls))

    def _control(self, datagram: bytes, now: float) -> None:
        """What is no image data in an open session; a farewell ends it."""
        self.trace.heard(datagram, now)
        self.short += len(datagram) < packets.FRAGMENT_MIN
        if packets2.says(datagram, packets2.DELETED):
            self._end(SessionLost("the camera closed the session"), now)

    def _is_control(self, datagram: bytes) -> bool:
        """Whether a datagram is no image data; image data has no kind."""
        if len(datagram) < packets.FRAGMENT_MIN:
            return True
        packet = packets.decode(datagram)
        return packet is not None and packet.kind in _KINDS and datagram[4:6] != b"\xff\xd8"

    def _farewell(self) -> bytes | None:
        told = {Stage.REQUESTED, Stage.STARTED, Stage.OPEN}
        return packets2.SESSION_DELETE if self._stage in told else None
